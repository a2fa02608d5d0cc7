import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const SOURCE = `package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	http.Serve(l, nil)
}
`;

/** A folder with a Go server in it, built once for a test file; `dispose` ends what runs and removes it. */
export interface GoServer {
  readonly folder: string;
  readonly executable: string;
  /** Starts it under a file name of its own and waits for its port. */
  start(environment?: Readonly<Record<string, string>>): Promise<{ pid: number; port: number; child: ChildProcess }>;
  dispose(): void;
}

/**
 * @param name base name of the executable; the main module is example.com/shop/httptrace-till
 * @param program its main.go: it prints its port
 */
export async function buildGoServer(
  name: string,
  flags: readonly string[] = [],
  program: string = SOURCE,
): Promise<GoServer> {
  const folder = mkdtempSync(join(tmpdir(), 'httptrace-target-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'go.mod'), 'module example.com/shop/httptrace-till\n\ngo 1.19\n');
  writeFileSync(join(source, 'main.go'), program);
  const executable = join(folder, name);
  await execa('go', ['build', ...flags, '-o', executable, '.'], {
    cwd: source,
    env: { CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
  });
  const children: ChildProcess[] = [];
  return {
    folder,
    executable,
    start: async (environment = {}) => {
      const child = spawn(executable, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...environment },
      });
      children.push(child);
      const line = await new Promise<string>((resolve, reject) => {
        child.once('error', reject);
        child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
      });
      return { pid: child.pid as number, port: Number(line), child };
    },
    dispose: () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

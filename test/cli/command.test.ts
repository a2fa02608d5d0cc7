import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGoServer, type GoServer } from '../target/go-server.ts';

const MAIN = resolve(import.meta.dirname, '../../cli/main.ts');

/** Runs the real command as a process of its own. */
function httptrace(args: readonly string[], env: Record<string, string> = {}) {
  return execa(process.execPath, [MAIN, ...args], { reject: false, env, stdin: 'ignore' });
}

const json = (text: string): { type: string; data: Record<string, unknown> }[] =>
  text.split('\n').map((line) => JSON.parse(line));

let server: GoServer;
let pid: number;
let port: number;
beforeAll(async () => {
  server = await buildGoServer(`shop-${process.pid}`, ['-ldflags=-s -w']);
  ({ pid, port } = await server.start());
}, 300_000);
afterAll(() => server?.dispose());

describe('help and usage', () => {
  it('helps on standard output', async () => {
    const result = await httptrace(['--help']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    for (const text of ['attach', 'ps', 'inspect', 'doctor', 'completion', 'version', 'Exit codes'])
      expect(result.stdout).toContain(text);
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['atach'], 'Did you mean attach?'],
    [['attach', '--nope', '1'], "unknown option '--nope'"],
    [['attach'], 'no process is named. Give a pid'],
    [['attach', 'abc'], 'Write a whole number'],
    [['attach', '1', '--sample', '7'], 'Write a number from 0 to 1'],
    [['attach', '1', '--config', '/nonexistent.yaml'], '/nonexistent.yaml cannot be read'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
    [['--color', 'pink', 'ps'], '--color takes auto, always or never'],
  ])('%j: 2', async (args, message) => {
    const result = await httptrace(args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/^httptrace: [^\n]*$/);
    expect(result.stderr).toContain(message);
  });

  it('reads the configuration file that is named', async () => {
    const config = join(server.folder, 'config.yaml');
    writeFileSync(config, `port: ${port}\n`);
    const result = await httptrace(['attach', '--dry-run', '--config', config]);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain(`process ${pid}`);
    expect((await httptrace(['attach', '--dry-run'], { HTTPTRACE_CONFIG: config })).exitCode).toBe(0);
    // Who names a process here does not get those of the file too.
    expect((await httptrace(['attach', '4194304', '--dry-run', '--config', config])).exitCode).toBe(3);
    const { pid: other } = await server.start();
    const chosen = await httptrace(['attach', String(other), '--dry-run', '--config', config]);
    expect(chosen.stdout).toContain(`process ${other}`);
    expect(chosen.stdout).not.toContain(`process ${pid} `);
  });
});

describe('targets', () => {
  it.each([
    ['a pid that does not exist', ['attach', '4194304'], 3, 'there is no process 4194304'],
    ['a name that nobody has', ['attach', '--name', 'no-such-program-here'], 3, 'no process is named'],
    ['a kernel thread', ['attach', '2'], 5, 'kernel thread'],
    ['a file that is not there', ['inspect', '/nonexistent'], 4, '/nonexistent'],
    ['a file that is not Go', ['inspect', process.execPath], 5, 'Go'],
    ['a text file', ['inspect', MAIN], 5, 'ELF'],
    ['a process that is not Go', ['attach', String(process.pid), '--dry-run'], 5, 'Go'],
  ])('%s', async (_what, args, exitCode, message) => {
    const result = await httptrace(args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toMatch(/^httptrace: [^\n]*[.?!]$/);
  });
});

describe('a stripped server', () => {
  it('is in the list', async () => {
    const result = await httptrace(['ps', '-o', 'json']);
    const row = json(result.stdout).find((line) => line.data['pid'] === pid)?.data;
    expect(row).toMatchObject({
      name: `shop-${process.pid}`,
      executable: server.executable,
      goVersion: expect.stringMatching(/^go1\./),
      build: { stripped: true, pie: false, cgo: false, pgo: false },
      stacks: ['net/http'],
      ports: [port],
      attachable: true,
    });
    const text = await httptrace(['ps']);
    expect(text.stdout).toMatch(new RegExp(`^${pid} .* stripped .* net/http .* ${port} .* yes$`, 'm'));
  });

  it('is inspected, as process and as file', async () => {
    const process = await httptrace(['inspect', String(pid), '--verbose']);
    expect(process.exitCode).toBe(0);
    for (const text of [
      server.executable,
      'example.com/shop/httptrace-till',
      'http1_serve',
      'LAYOUT',
      'g_goid',
      'CGO_ENABLED=0',
    ]) {
      expect(process.stdout).toContain(text);
    }
    const file = json((await httptrace(['inspect', server.executable, '-o', 'json'])).stdout);
    expect(file.map((line) => line.type)).toEqual(['binary', 'plan']);
    expect(file[0]?.data).toMatchObject({
      module: { path: 'example.com/shop/httptrace-till' },
      build: { stripped: true },
    });
  });

  it('has a plan without privileges', async () => {
    const text = await httptrace(['attach', String(pid), '--dry-run']);
    expect(text.stdout).toContain('net/http.serverHandler.ServeHTTP');
    const [line] = json((await httptrace(['attach', '--port', String(port), '--dry-run', '-o', 'json'])).stdout);
    expect(line).toMatchObject({ type: 'plan', data: { process: { pid }, arch: expect.any(String) } });
    expect(line?.data['probes']).toContainEqual(
      expect.objectContaining({ role: 'http1_serve', address: expect.stringMatching(/^0x/) }),
    );
  });
});

describe('output', () => {
  it('ends quietly when the reader goes away', async () => {
    const command = `"${process.execPath}" "${MAIN}" inspect ${pid} --verbose | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const result = await execa('bash', ['-c', command]);
    expect(result.stderr).toBe('');
    expect(result.stdout.split('\n')).toEqual([expect.stringContaining('executable'), '0']);
  });

  it('has no escapes when it is not a terminal, unless forced', async () => {
    expect((await httptrace(['doctor'])).stdout).not.toContain('\x1b');
    expect((await httptrace(['--color', 'always', 'doctor'])).stdout).toContain('\x1b[');
  }, 30_000);

  it('prints its version', async () => {
    expect((await httptrace(['version', '-o', 'json'])).stdout).toMatch(
      /^\{"type":"version","data":\{"version":"\d+\.\d+\.\d+/,
    );
    expect((await httptrace(['--version'])).stdout).toMatch(/^httptrace \d+\.\d+\.\d+$/);
  });
});

it('doctor gives one verdict', async () => {
  const result = await httptrace(['doctor', '-o', 'json', '--loader', '/nonexistent']);
  const lines = json(result.stdout);
  expect(lines.at(-1)).toEqual({ type: 'summary', data: { attachable: false } });
  expect(lines).toContainEqual({
    type: 'check',
    data: expect.objectContaining({ name: 'loader', state: 'fail', advice: expect.any(String) }),
  });
  expect(result.exitCode).toBe(4);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protocol } from '../matrix.ts';
import { BUILD, ROOT } from './paths.ts';
import { run, sleep } from './run.ts';

/** A server that nobody here wrote, as Debian built it: stripped and externally linked. */
export interface DebianServer {
  readonly package: string;
  readonly executable: string;
  /** Writes what it needs into `dir`; returns its arguments. */
  readonly prepare: (dir: string, port: number) => readonly string[];
  readonly protocol: Protocol;
  readonly host?: string;
  readonly paths: readonly string[];
}

const CADDYFILE = (site: string, tls: string): string => `{
  admin off
  auto_https disable_redirects
  skip_install_trust
}
${site} {
  bind 127.0.0.1
  ${tls}
  respond /hello "hello"
  respond /slow "a little more" 201
  respond 404
}
`;

function caddy(dir: string, site: string, tls: string): readonly string[] {
  writeFileSync(join(dir, 'Caddyfile'), CADDYFILE(site, tls));
  return ['run', '--config', join(dir, 'Caddyfile'), '--adapter', 'caddyfile'];
}

const CADDY = { package: 'caddy', executable: 'usr/bin/caddy', paths: ['/hello', '/slow', '/nothing/here'] } as const;

export const DEBIAN_SERVERS: readonly DebianServer[] = [
  { ...CADDY, protocol: 'h11', prepare: (dir, port) => caddy(dir, `http://127.0.0.1:${port}`, '') },
  {
    ...CADDY,
    protocol: 'h2',
    host: 'localhost',
    prepare: (dir, port) => caddy(dir, `https://localhost:${port}`, 'tls internal'),
  },
  {
    package: 'prometheus',
    executable: 'usr/bin/prometheus',
    protocol: 'h11',
    paths: ['/-/healthy', '/metrics', '/api/v1/labels', '/api/v1/query?query=up', '/nothing'],
    prepare: (dir, port) => {
      writeFileSync(join(dir, 'prometheus.yml'), 'global: {}\n');
      return [
        `--config.file=${dir}/prometheus.yml`,
        `--storage.tsdb.path=${dir}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ];
    },
  },
  {
    package: 'etcd-server',
    executable: 'usr/bin/etcd',
    protocol: 'h11',
    paths: ['/health', '/version', '/nothing'],
    prepare: (dir, port) => {
      const own = `http://127.0.0.1:${port}`;
      // Its peers' listener is not used, but it must be told one.
      const peer = `http://127.0.0.1:${port + 1}`;
      return [
        ...['--data-dir', `${dir}/data`, '--listen-client-urls', own, '--advertise-client-urls', own],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
      ];
    },
  },
  {
    package: 'docker-registry',
    executable: 'usr/bin/docker-registry',
    protocol: 'h11',
    paths: ['/v2/', '/v2/_catalog', '/v2/some/thing/tags/list'],
    prepare: (dir, port) => {
      const storage = `storage: {filesystem: {rootdirectory: ${dir}/data}}`;
      writeFileSync(
        join(dir, 'config.yml'),
        `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
      );
      return ['serve', join(dir, 'config.yml')];
    },
  },
  {
    package: 'rclone',
    executable: 'usr/bin/rclone',
    protocol: 'h11',
    paths: ['/', '/a.txt', '/nothing'],
    prepare: (dir, port) => {
      mkdirSync(join(dir, 'files'));
      writeFileSync(join(dir, 'files/a.txt'), 'a file\n');
      return ['serve', 'http', '--config', join(dir, 'rclone.conf'), '--addr', `127.0.0.1:${port}`, join(dir, 'files')];
    },
  },
];

/** Fetches and unpacks the packages that are missing. */
export async function unpack(suite: string, packages: readonly string[]): Promise<void> {
  await run(join(ROOT, 'test/debian-servers.sh'), [suite, ...new Set(packages)]);
}

export interface RunningServer {
  readonly pid: number;
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts it in a directory of its own and waits until it accepts connections. */
export async function startDebianServer(suite: string, server: DebianServer): Promise<RunningServer> {
  const dir = mkdtempSync(join(tmpdir(), 'httptrace-debian-'));
  const port = await freePort();
  const env = { PATH: process.env['PATH'], HOME: dir, XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir };
  const executable = join(BUILD, 'debian', suite, server.package, server.executable);
  const child = spawn(executable, server.prepare(dir, port), { cwd: dir, env, stdio: 'ignore' });
  const address = `${server.host ?? '127.0.0.1'}:${port}`;
  const url = `${server.protocol === 'h2' ? 'https' : 'http'}://${address}/`;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`${server.package} of ${suite} ended with ${child.exitCode}`);
    await sleep(100);
  }
  return { pid: child.pid!, address, stop: () => stop(child, dir) };
}

async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  rmSync(dir, { recursive: true, force: true });
}

/** Any answer counts, also a certificate that this machine does not trust. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code ?? '';
    return /CERT|SIGNED|SIGNATURE|ISSUER/.test(code);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

import { resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildGoServer, type GoServer } from '../target/go-server.ts';

const MAIN = resolve(import.meta.dirname, '../../cli/main.ts');
const REQUESTS = 20;

let server: GoServer;
beforeAll(async () => {
  server = await buildGoServer(`desk-${process.pid}`, ['-ldflags=-s -w']);
}, 300_000);
afterAll(() => server?.dispose());

function attach(...args: string[]) {
  return execa(process.execPath, [MAIN, 'attach', ...args], { reject: false, stdin: 'ignore' });
}

/** Resolves when the text has come; the process ending without it is an error. */
function sees(stream: NodeJS.ReadableStream, wanted: RegExp): Promise<void> {
  return new Promise((found, failed) => {
    let text = '';
    stream.on('data', (data: Buffer) => {
      text += data.toString();
      if (wanted.test(text)) found();
    });
    stream.once('end', () => failed(new Error(`never saw ${wanted} in: ${text}`)));
  });
}

async function request(port: number, count = REQUESTS): Promise<void> {
  for (let n = 0; n < count; n++) await (await fetch(`http://127.0.0.1:${port}/items/${n}?secret=1`)).text();
}

it('writes a line for each request and a summary, and ends with 0 on SIGINT', async () => {
  const { pid, port } = await server.start();
  const run = attach(String(pid), '-o', 'lines', '--no-query');
  const lastLine = sees(run.stdout, new RegExp(`GET /items/${REQUESTS - 1} `));
  await sees(run.stderr, /attached to/);
  await request(port);
  await lastLine;
  run.kill('SIGINT');
  const result = await run;
  expect(result.exitCode).toBe(0);
  const lines = result.stdout.split('\n').filter((line) => / GET \/items\/\d+ route=/.test(line));
  expect(lines).toHaveLength(REQUESTS);
  expect(result.stdout).toContain(`shown ${REQUESTS}`);
  expect(result.stdout).toContain('lost 0');
  expect(result.stdout).not.toContain('\x1b');
  expect(result.stdout).not.toContain('secret');
});

it('writes NDJSON, takes later processes of the same name, and ends after its duration', async () => {
  const first = await server.start();
  const run = attach('--name', `desk-${process.pid}`, '-o', 'json', '--duration', '6s', '--status', '2xx');
  const followed = sees(run.stdout, /"type":"target"/);
  await sees(run.stdout, /"type":"session"/);
  const second = await server.start();
  await followed;
  await request(first.port);
  await request(second.port);
  const result = await run;
  expect(result.exitCode).toBe(0);
  const records = result.stdout
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; schema?: string; data: Record<string, unknown> });
  expect(records[0]).toMatchObject({ type: 'session', schema: 'httptrace/1' });
  expect(records.at(-1)).toMatchObject({ type: 'summary', data: { reason: 'duration', lost: {} } });
  const spans = records.filter((record) => record.type === 'span');
  for (const { pid } of [first, second])
    expect(spans.filter((span) => span.data['pid'] === pid)).toHaveLength(REQUESTS);
}, 30_000);

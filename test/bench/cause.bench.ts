/**
 * How long after the end of a slow request its span, with the cause, is at a collector: the shop of the demo under its
 * load of 250 requests a second. Run as root: node test/bench/cause.bench.ts [seconds]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { OtlpReceiver } from '../export/otlp/receiver.ts';
import { formatTable } from './cost/table.ts';

const seconds = Number(process.argv[2] ?? 10);
const out = mkdtempSync(join(tmpdir(), 'httptrace-cause-'));
const build = (from: string, name: string): string => {
  execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(out, name), '.'], { cwd: from, stdio: 'inherit' });
  return join(out, name);
};

const receiver = new OtlpReceiver();
const late: number[] = [];
receiver.answer = ({ spans }) => {
  const now = performance.timeOrigin + performance.now();
  for (const span of spans) {
    if (span.attributes.some(({ key }) => key === 'httptrace.cause'))
      late.push(now - Number(span.endTimeUnixNano) / 1e6);
  }
  return {};
};
const port = await receiver.start();
const shop = spawn(build('test/servers/shop', 'shop'), ['-listen', '127.0.0.1:0'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const [line] = (await once(createInterface({ input: shop.stdout }), 'line')) as [string];
const address = line.replace(/.*http:\/\//, '');
const load = spawn(
  build('test/load', 'load'),
  ['-address', address, '-mix', 'shop', '-connections', '16', '-rate', '250', '-duration', `${seconds + 2}s`],
  { stdio: 'ignore' },
);
const agent = spawn(
  'dist/httptrace',
  ['attach', String(shop.pid), '-o', 'json', '--otlp-endpoint', `http://127.0.0.1:${port}`],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
await delay(seconds * 1e3);
const detached = once(agent, 'exit');
agent.kill('SIGINT');
await detached;
load.kill();
shop.kill('SIGKILL');
receiver.stop();

const sorted = late.toSorted((a, b) => a - b);
const at = (share: number): string =>
  `${(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(0)} ms`;
process.stdout.write(
  `${formatTable([
    ['spans with a cause, at the collector after their end', 'measured', 'wanted'],
    ['how many', String(sorted.length), ''],
    ['median', at(0.5), ''],
    ['p99', at(0.99), ''],
    ['latest', at(1), '92 ms'],
  ])}\n`,
);

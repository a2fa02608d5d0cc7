import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackendError } from '../../agent/backend/backend.ts';
import { type LibbpfOptions, startLibbpf } from '../../agent/backend/libbpf/libbpf.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { planProbes } from '../../agent/probe/planner.ts';
import { RequestDecoder } from '../../agent/record/decode.ts';
import { decodeStats } from '../../agent/record/decode-loader.ts';
import { RecordType, RequestFlag, Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { describeProcess } from '../../agent/target/describe.ts';
import manifest from '../../package.json' with { type: 'json' };
import { buildGoServer, type GoServer } from '../target/go-server.ts';

const BASE = timeBase(0n);
const OPTIONS: LibbpfOptions = {
  loader: resolve(import.meta.dirname, '../../dist/httptrace-loader'),
  version: manifest.version,
  transport: 'auto',
  uprobes: 'auto',
  follow: false,
  maxRequestsInFlight: undefined,
};

let server: GoServer;
beforeAll(async () => {
  server = await buildGoServer(`backend-${process.pid}`, ['-ldflags=-s -w']);
}, 300_000);
afterAll(() => server?.dispose());

/** What came of `count` requests while the backend was attached. */
async function trace(options: Partial<LibbpfOptions>, count: number, attach: { sampleRatio?: number } = {}) {
  const { pid, port } = await server.start();
  const target = describeProcess(pid);
  const binary = openGoBinary(target.exePath);
  const paths: string[] = [];
  let finished = 0;
  let lost: readonly number[] = [];
  const decoder = new RequestDecoder(BASE);
  const backend = await startLibbpf(
    { ...OPTIONS, ...options },
    {
      record: (type, bytes, start, end) => {
        if (type === RecordType.request) {
          const { flags, fields } = decoder.decode(bytes, start, end);
          // One that held what others waited for is announced before it ends.
          if ((flags & RequestFlag.preview) === 0) paths.push(fields.text(Tag.uri) ?? '');
        } else if (type === RecordType.stats) {
          ({ finished, lost } = decodeStats(bytes, start, end, BASE));
        }
      },
      log: () => undefined,
      died: () => undefined,
    },
  );
  const report = await backend.attach(target, planProbes(binary), {
    headers: ['Traceparent'],
    sampleRatio: attach.sampleRatio ?? 1,
    minDurationNs: 0,
  });
  await backend.seal(false);
  for (let n = 0; n < count; n++) await (await fetch(`http://127.0.0.1:${port}/items/${n}`)).text();
  await backend.stop();
  binary.close();
  return { paths, finished, lost, report, transport: backend.transport };
}

describe('what older kernels have instead sees the same', () => {
  test.each([
    ['a ring buffer and one link for all probes', {}, 'ring'],
    ['a perf buffer', { transport: 'perf' }, 'perf'],
    ['one link a probe', { uprobes: 'single' }, 'ring'],
  ] as const)('%s', async (_, options, transport) => {
    const result = await trace(options, 200);
    expect(result.transport).toBe(transport);
    expect(result.report.refused).toEqual([]);
    expect(result.paths.toSorted()).toEqual(Array.from({ length: 200 }, (__, n) => `/items/${n}`).toSorted());
    expect(result.finished).toBe(200);
  });
});

test('what sampling leaves out is counted, and the total stays exact', async () => {
  const { paths, finished, lost } = await trace({}, 400, { sampleRatio: 0.25 });
  expect(finished).toBe(400);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.length).toBeLessThan(250);
  expect(lost[3]).toBe(400 - paths.length);
});

test('more than the highest rate are counted, after a burst of a quarter of a second', async () => {
  const started = performance.now();
  const { paths, finished, lost } = await trace({ maxRate: 80 }, 600);
  const seconds = (performance.now() - started) / 1e3;
  expect(finished).toBe(600);
  expect(lost[2]).toBe(600 - paths.length);
  expect(paths.length).toBeGreaterThanOrEqual(20);
  // Processors that come at the same time may send one too many.
  expect(paths.length).toBeLessThan(25 + 80 * seconds);
});

test('a loader that is not there, or of another version, is an error that says so', async () => {
  const events = { record: () => undefined, log: () => undefined, died: () => undefined };
  await expect(startLibbpf({ ...OPTIONS, loader: '/nonexistent/loader' }, events)).rejects.toThrow(BackendError);
  await expect(startLibbpf({ ...OPTIONS, version: '0.0.0-other' }, events)).rejects.toThrow(/of version/);
});

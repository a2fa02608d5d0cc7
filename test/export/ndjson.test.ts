import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttributeValue } from '../../agent/correlate/span.ts';
import { NdjsonEncoder } from '../../agent/export/ndjson.ts';
import type { Role } from '../../agent/probe/plan.ts';
import type { AttachedTarget, ProcessReport, SessionSummary } from '../../agent/view.ts';
import { stats } from '../cli/synthetic.ts';
import { PROCESS_REPORT, WAIT_REPORT, waitingSpan } from '../cli/synthetic-waits.ts';
import { CLOCK, exceptionEvent, sampleSpan } from './spans.ts';

const encoder = new NdjsonEncoder(CLOCK);

function parse(line: string): { type: string; data: Record<string, unknown> } & Record<string, unknown> {
  expect(line.endsWith('\n')).toBe(true);
  expect(line.slice(0, -1)).not.toContain('\n');
  return JSON.parse(line);
}

test('a span', () => {
  expect(parse(encoder.span(sampleSpan()))).toEqual({
    type: 'span',
    data: {
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      trace_flags: 1,
      name: 'GET /orders/{id}',
      kind: 'SERVER',
      start_unix_nano: '1795000001000000000',
      end_unix_nano: '1795000001000024000',
      duration_ns: 24_000,
      pid: 4242,
      attributes: Object.fromEntries(sampleSpan().attributes),
      events: [],
      status: { code: 'UNSET' },
    },
  });
});

test('a failed span with a parent', () => {
  const event = exceptionEvent('ka"putt\n');
  const span = sampleSpan({
    parentSpanId: '00f067aa0ba902b7',
    traceState: 'a="x"',
    sampled: false,
    error: 'panic: *errors.errorString',
    status: undefined,
    events: [event],
  });
  expect(parse(encoder.span(span)).data).toMatchObject({
    parent_span_id: '00f067aa0ba902b7',
    trace_state: 'a="x"',
    trace_flags: 0,
    events: [
      {
        name: 'exception',
        time_unix_nano: '1795000001000008000',
        attributes: Object.fromEntries(event.attributes),
      },
    ],
    status: { code: 'ERROR', message: 'panic: *errors.errorString' },
  });
});

test('any values make one line of valid JSON with exact times', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.integer(), fc.array(fc.string()));
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), value, { noNullPrototype: true }),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: -1e15, max: 9e15 }),
      (attributes, name, start) => {
        const map = new Map<string, AttributeValue>(Object.entries(attributes).filter(([key]) => key !== '__proto__'));
        const { data } = parse(encoder.span(sampleSpan({ attributes: map, name, start })));
        expect(data['name']).toBe(name);
        expect(data['start_unix_nano']).toBe(String(CLOCK.baseUnixNano + BigInt(start)));
        expect(data['attributes']).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(map))));
      },
    ),
  );
});

test('the session line comes with the schema, the summary with the losses', () => {
  const session = parse(
    encoder.session({
      toolVersion: '0.1.0',
      backend: 'libbpf',
      transport: 'ring',
      clock: CLOCK,
      host: { name: 'node-1', kernel: '6.18', cpus: 2 },
      targets: [
        {
          process: {
            pid: 4242,
            startTicks: 1,
            executable: '/srv/shop',
            exePath: '/proc/4242/exe',
            command: ['/srv/shop', '--password=x'],
            containerId: undefined,
            loadBias: 0,
          },
          serviceName: 'shop',
          goVersion: 'go1.26.8',
          build: { arch: 'amd64', stripped: true, pie: false, cgo: false, pgo: false },
          probes: [],
          unavailable: [],
        },
      ],
      sampleRatio: 1,
      minDurationNs: 0,
      exportEndpoint: undefined,
    }),
  );
  expect(session).toMatchObject({
    type: 'session',
    schema: 'httptrace/1',
    data: { version: '0.1.0', start_unix_nano: '1795000000999999000', targets: [{ pid: 4242, service_name: 'shop' }] },
  });
  expect(JSON.stringify(session)).not.toContain('password');
  expect(parse(encoder.lost('overload', 3, 10))).toEqual({
    type: 'lost',
    data: { reason: 'overload', count: 3, total: 10 },
  });
  const end: SessionSummary = {
    reason: 'interrupted',
    error: undefined,
    durationNs: 5,
    detachNs: undefined,
    stats: undefined,
    losses: { overload: 10 },
    unflushed: 0,
  };
  const mean = { coreShare: 0.02, serverCpuShare: 0.1 };
  expect(parse(encoder.summary(end, mean))).toEqual({
    type: 'summary',
    data: { reason: 'interrupted', duration_ns: 5, lost: { overload: 10 }, unflushed: 0 },
  });
  // Not the last interval's, in which nothing may have happened.
  expect(parse(encoder.summary({ ...end, stats: stats(2) }, mean))).toMatchObject({
    data: { cost: { core_share: 0.02, server_cpu_share: 0.1 } },
  });
});

const TARGET: AttachedTarget = {
  process: {
    pid: 4242,
    startTicks: 1,
    executable: '/srv/shop',
    exePath: '/proc/4242/exe',
    command: ['/srv/shop'],
    containerId: undefined,
    loadBias: 0,
  },
  serviceName: 'shop',
  goVersion: 'go1.26.8',
  build: { arch: 'amd64', stripped: true, pie: false, cgo: false, pgo: false },
  probes: [],
  unavailable: [],
};

/** What `reports` says where these are watched, and locks of the runtime are not. */
function reports(...roles: Role[]): Record<string, unknown>[] {
  return reportsOf({ ...PROCESS_REPORT, runtimeLocks: undefined }, roles);
}

function reportsOf(process: ProcessReport, roles: readonly Role[]): Record<string, unknown>[] {
  const fresh = new NdjsonEncoder(CLOCK);
  const probes = roles.map(
    (role) => ({ role, variant: 0, symbol: 'f', address: 1, cost: 'emulated', per: 'rare' }) as const,
  );
  fresh.target({ ...TARGET, probes });
  const text = fresh.reports(stats(2, { waits: WAIT_REPORT, process }));
  return text.split(/(?<=\n)/).map((line) => parse(line));
}

test('locks, gc and process', () => {
  const [locks, gc, process, ...rest] = reports('sem_woken', 'cond_woken', 'stw_end', 'assist_end', 'panic');
  expect(rest).toEqual([]);
  const place = { function: 'main.(*store).get', file: '/src/store.go', line: 88, count: 845, total_ns: 12.3e9 };
  expect(locks).toMatchObject({
    type: 'locks',
    data: [
      {
        pid: 4242,
        address: '0xc000123450',
        kind: 'mutex',
        count: 845,
        total_ns: 12.3e9,
        longest_ns: 119e6,
        unknown_holder_ns: 12e6,
        waited_at: [place],
        held_at: [{ function: 'main.(*store).report', line: 19 }],
        waiting_routes: [{ name: 'POST /checkout', count: 845, total_ns: 12.3e9 }],
        holding_routes: [{ name: 'GET /report', count: 840, total_ns: 12e9 }],
      },
      { kind: 'cond' },
      { kind: 'other' },
    ],
  });
  expect(JSON.stringify(locks).match(/unknown_holder_ns/g)).toHaveLength(1);
  expect(gc).toEqual({
    type: 'gc',
    data: {
      cycles: 12,
      pauses: [
        {
          reason: 'GC mark termination',
          is_gc: true,
          count: 12,
          total_ns: 2.4e6,
          by_runtime_ns: 2.3e6,
          longest_ns: 0.5e6,
        },
        { reason: 'read mem stats', is_gc: false, count: 3, total_ns: 0.2e6, by_runtime_ns: 0.2e6, longest_ns: 0.1e6 },
      ],
      requests: 400,
      requests_stopped: 34,
      requests_stopped_total_ns: 4e6,
      requests_stopped_longest_ns: 0.4e6,
    },
  });
  expect(process).toEqual({
    type: 'process',
    data: {
      waits: { count: 2857, total_ns: 12.4e9 },
      assists: { count: 120, total_ns: 3.2e6 },
      panics: { count: 30, ended_requests: 28 },
    },
  });
});

test('locks of the runtime, where they are watched', () => {
  const [{ data } = {}] = reportsOf(PROCESS_REPORT, []);
  expect(data).toEqual({ runtime_locks: { count: 410, total_ns: 9e6, longest_ns: 1.2e6 } });
});

test('delays of the scheduler, where it is followed', () => {
  expect(reports('sched_execute')).toEqual([{ type: 'process', data: { delays: 900, delay_ns: 45e6 } }]);
});

test('what is not watched is absent, not zero', () => {
  expect(reports('panic')).toEqual([{ type: 'process', data: { panics: { count: 30, ended_requests: 28 } } }]);
});

test('links and the cause of a span', () => {
  const { data } = parse(encoder.span(waitingSpan(3)));
  expect(data['links']).toEqual([
    {
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: '00f067aa0ba902b7',
      attributes: { 'httptrace.link': 'lock_holder' },
    },
  ]);
  expect(data['cause']).toMatchObject({ time_ns: waitingSpan(3).cause?.time });
});

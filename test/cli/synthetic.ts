import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { AttachedTarget, SessionInfo, SessionStats, SessionSummary } from '../../agent/view.ts';
import { NO_PROCESS_REPORT, NO_WAIT_REPORT, NO_WAITS } from '../correlate/no-waits.ts';

/** Spans and session facts that are made from numbers alone: the same numbers give the same ones. */

export const INFO: SessionInfo = {
  toolVersion: '0.1.0',
  backend: 'libbpf',
  transport: 'ring',
  clock: { baseUnixNano: 1_790_000_000_000_000_000n },
  host: { name: 'node-1', kernel: '6.18.0', cpus: 2 },
  targets: [target(4242)],
  sampleRatio: 1,
  minDurationNs: 0,
  exportEndpoint: undefined,
};

export function target(pid: number): AttachedTarget {
  return {
    process: {
      pid,
      startTicks: 1000,
      executable: '/srv/checkout',
      exePath: `/proc/${pid}/exe`,
      command: ['/srv/checkout'],
      containerId: '3f2a1b9c0d4e'.padEnd(64, '0'),
      loadBias: 0,
    },
    serviceName: 'checkout',
    resource: { attributes: new Map() },
    goVersion: 'go1.26.8',
    build: { arch: 'amd64', stripped: true, pie: true, cgo: false, pgo: false },
    probes: [
      {
        role: 'http1_serve',
        variant: 0,
        symbol: 'net/http.serverHandler.ServeHTTP',
        address: 0x61f0ca,
        cost: 'emulated',
        per: 'request',
      },
    ],
    unavailable: [{ what: 'tls_start', variant: 0, reason: 'crypto/tls is not there' }],
  } as AttachedTarget;
}

const ROUTES = ['GET /items/{id}', 'POST /orders', 'GET /', 'GET /slow', 'GET /panic'] as const;
const MS = 1e6;

/** The n-th request: routes take turns, lengths vary, every 20th is a panic or a 503. */
export function span(n: number, overrides: Partial<RequestSpan> = {}): RequestSpan {
  const name = ROUTES[n % ROUTES.length] ?? ROUTES[0];
  const [method = 'GET', route = '/'] = name.split(' ');
  const panicked = name === 'GET /panic';
  const failed = panicked || n % 20 === 1;
  const handler = (name === 'GET /slow' ? 40 + ((n * 7919) % 61) : 1 + ((n * 7919) % 13)) * MS;
  const start = n * 5 * MS;
  const read = 0.2 * MS;
  const finish = 0.1 * MS + (n % 3) * MS * 0.2;
  const status = panicked ? undefined : failed ? 503 : 200;
  return {
    traceId: (((n + 1) * 2_654_435_761) % 2 ** 32).toString(16).padEnd(32, '0123456789abcdef'),
    spanId: (n + 1).toString(16).padStart(16, '0'),
    parentSpanId: undefined,
    traceState: undefined,
    sampled: true,
    name,
    start,
    end: start + read + handler + finish,
    error: panicked ? 'panic: runtime.boundsError' : failed ? '503' : undefined,
    attributes: new Map<string, string | number>([
      ['http.request.method', method],
      ['url.path', route.replace('{id}', String(n))],
      ['http.route', route],
      ...(status === undefined ? [] : ([['http.response.status_code', status]] as const)),
      ['user_agent.original', 'wrk/4.2 \u001b[31mred'],
    ]),
    events: panicked ? [exception(start + read + handler)] : [],
    links: [],
    pid: 4242,
    goid: 100 + n,
    method,
    route,
    routeGuessed: name === 'GET /slow',
    status,
    phases: {
      acceptQueue: n % 4 === 0 ? 0.05 * MS : undefined,
      tlsHandshake: undefined,
      read,
      handler,
      writeHeader: panicked ? undefined : handler * 0.7,
      write: 0.1 * MS,
      finish,
    },
    waits: NO_WAITS,
    cause: undefined,
    weight: 1,
    ...overrides,
  };
}

function exception(time: number): RequestSpan['events'][number] {
  return {
    name: 'exception',
    time,
    attributes: new Map([
      ['exception.type', 'runtime.boundsError'],
      ['exception.message', 'index out of range [5] with length 3'],
      [
        'exception.stacktrace',
        'goroutine 105 [running]:\nmain.cart(...)\n\t/src/cart.go:42\nmain.panicky(...)\n\t/src/main.go:17',
      ],
    ]),
  };
}

export function stats(seconds: number, overrides: Partial<SessionStats> = {}): SessionStats {
  return {
    time: seconds * 1e9,
    intervalNs: 1e9,
    totals: { finished: seconds * 200, shown: seconds * 200, exported: 0, histogram: undefined },
    cost: {
      hitsPerSecond: 600,
      hitsPerSecondByRole: { http1_serve: 200, http1_write_header: 200, http1_conn_done: 200 },
      hitsByRole: { http1_serve: 2000, http1_write_header: 2000, http1_conn_done: 2000 },
      steppedHitsPerSecond: 0,
      unitNs: 1450,
      steppedNs: 8200,
      programNsPerSecond: 400_000,
      syscallShare: 0.0003,
      coreShare: 0.00157,
      serverCpuShare: 0.021,
    },
    agent: { cpuShare: 0.031, cpuNs: 310_000_000, residentBytes: 96 * 2 ** 20, mapBytes: 9 * 2 ** 20 },
    losses: {},
    waits: NO_WAIT_REPORT,
    process: NO_PROCESS_REPORT,
    sampleRatio: 1,
    ...overrides,
  };
}

export function summary(overrides: Partial<SessionSummary> = {}): SessionSummary {
  return {
    reason: 'interrupted',
    error: undefined,
    durationNs: 12.5e9,
    detachNs: 42e6,
    stats: undefined,
    losses: {},
    unflushed: 0,
    ...overrides,
  };
}

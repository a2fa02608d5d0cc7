/**
 * What it costs the server, side by side in one run: nothing attached, three empty probes on a `push` (a unit each), the
 * product with libbpf, also with --deep, the same with bpftrace of two versions, a naive set of probes, the same server
 * with runtime/trace switched on, and a twin that is instrumented with otelhttp. Rounds are interleaved, ratios are
 * taken inside a round, medians are printed. Run as root: node test/bench/cost.bench.ts
 * [rounds] [seconds] [names: settings whose name has this in it, beside the first two]
 */
import { type Attachment, emptyProbes, Httptrace, naiveSites, unitSites } from './cost/attachments.ts';
import { atRate, type LoadResult, saturate } from './cost/load.ts';
import { type BenchServer, buildBenchServer, startBenchServer } from './cost/server.ts';
import { formatTable, median } from './cost/table.ts';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 3);
/** Requests a second. */
const RATE = 10_000;
const names = process.argv[4] ?? '';

const server = await startBenchServer(buildBenchServer('bench'));
const traced = await startBenchServer(buildBenchServer('bench'), { BENCH_TRACE: '1' });
const twin = await startBenchServer(buildBenchServer('bench-otelhttp', 'otelhttp'));

/** test/bpftrace.sh */
const BPFTRACE = [
  ['bpftrace 0.17', 'build/bpftrace/bookworm/bpftrace'],
  ['bpftrace 0.23', 'build/bpftrace/trixie/bpftrace'],
] as const;

/** What the agent itself did in one run. */
interface Usage {
  /** CPU of the agent and its backend for each request, µs. */
  readonly cpuUsPerRequest: number;
  readonly attachMs: number;
  /** From the start of the command, where the load starts when it is attached. */
  readonly firstSpanMs: number;
  /** Share of the requests that became spans. */
  readonly seen: number;
}

/** Of one setting in one round: at full load, and at a constant rate that leaves the processors time. */
interface Driven extends LoadResult {
  /** CPU time of the server for each request at that rate, µs. */
  readonly ratedCpuUs: number;
}

const all: { readonly name: string; readonly run: () => Promise<Driven>; readonly usage?: Usage[] }[] = [
  { name: 'nothing attached', run: () => drive(server) },
  { name: 'three empty probes (three units)', run: () => under(() => emptyProbes(server, unitSites)) },
  { name: 'httptrace', run: () => under(() => attachHttptrace()), usage: [] },
  { name: 'httptrace --deep', run: () => under(() => attachHttptrace(['--deep'])), usage: [] },
  ...BPFTRACE.map(([name, path]) => ({
    name: `httptrace, ${name}`,
    run: () => under(() => attachHttptrace(['--backend', 'bpftrace', '--bpftrace', path])),
    usage: [],
  })),
  { name: 'naive probes, empty', run: () => under(() => emptyProbes(server, naiveSites)) },
  { name: 'runtime/trace in the server', run: () => drive(traced) },
  { name: 'otelhttp in the server', run: () => drive(twin) },
];
/** The first two are what the others are compared with. */
const settings = all.filter(({ name }, index) => index < 2 || name.includes(names));
let attachMs = 0;
let running: Usage[] | undefined;
const results = settings.map((): Driven[] => []);

try {
  await saturate(server, 1);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of settings.entries()) {
      running = settings[index]?.usage;
      results[index]?.push(await run());
    }
  }
} finally {
  server.stop();
  twin.stop();
  traced.stop();
}
report();

async function attachHttptrace(flags: readonly string[] = []): Promise<Attachment> {
  const started = performance.now();
  const attachment = new Httptrace(server, flags);
  await attachment.attached();
  attachMs = performance.now() - started;
  return attachment;
}

async function drive(target: BenchServer): Promise<Driven> {
  const load = await saturate(target, seconds);
  return { ...load, ratedCpuUs: (await atRate(target, seconds, RATE)).cpuUsPerRequest };
}

async function under(attach: () => Promise<Attachment>): Promise<Driven> {
  const attachment = await attach();
  let load: LoadResult;
  let rated: LoadResult;
  let agentUs: number;
  let firstSpanMs = Number.NaN;
  try {
    const before = attachment.cpuUs?.() ?? 0;
    const started = performance.now();
    attachment.firstSpan?.().then(
      () => {
        firstSpanMs = attachMs + performance.now() - started;
      },
      () => undefined, // it showed none
    );
    load = await saturate(server, seconds);
    agentUs = (attachment.cpuUs?.() ?? 0) - before;
    rated = await atRate(server, seconds, RATE);
  } finally {
    await attachment.detach();
  }
  // At the constant rate none is left out.
  const seen = Math.max(0, (attachment.spans?.() ?? 0) - rated.requests) / load.requests;
  running?.push({ cpuUsPerRequest: agentUs / load.requests, attachMs, firstSpanMs, seen });
  return { ...load, ratedCpuUs: rated.cpuUsPerRequest };
}

function report(): void {
  const [bare = [], unit = []] = results;
  const added = (runs: readonly Driven[]): number[] =>
    runs.map((run, round) => run.cpuUsPerRequest - (bare[round]?.cpuUsPerRequest ?? Number.NaN));
  const unitUs = median(added(unit)) / 3;
  const addedAtRate = (runs: readonly Driven[]): number =>
    median(runs.map((run, round) => run.ratedCpuUs - (bare[round]?.ratedCpuUs ?? Number.NaN)));
  const ratedUnitUs = addedAtRate(unit) / 3;
  const rows = settings.map(({ name }, index) => {
    const runs = results[index] ?? [];
    const kept = runs.map((run, round) => run.requestsPerSecond / (bare[round]?.requestsPerSecond ?? Number.NaN));
    const cpu = median(runs.map((run) => run.cpuUsPerRequest));
    return [
      name,
      median(runs.map((run) => run.requestsPerSecond)).toFixed(0),
      `${(median(kept) * 100).toFixed(0)} %`,
      cpu.toFixed(1),
      index === 0 ? '' : median(added(runs)).toFixed(1),
      index === 0 ? '' : (median(added(runs)) / unitUs).toFixed(1),
      index === 0 ? '' : (addedAtRate(runs) / ratedUnitUs).toFixed(1),
      ...usageOf(settings[index]?.usage),
    ];
  });
  const head = [
    '',
    'requests/s',
    'kept',
    'server CPU µs/request',
    'added',
    'units',
    `at ${RATE}/s`,
    'agent CPU µs',
    'attached after ms',
    'first span after ms',
    'spans',
  ];
  process.stdout.write(`${formatTable([head, ...rows])}\n`);
}

function usageOf(usage: readonly Usage[] = []): string[] {
  if (usage.length === 0) return ['', '', '', ''];
  const of = (pick: (one: Usage) => number): number => median(usage.map(pick));
  return [
    of((one) => one.cpuUsPerRequest).toFixed(1),
    of((one) => one.attachMs).toFixed(0),
    of((one) => one.firstSpanMs).toFixed(0),
    `${(of((one) => one.seen) * 100).toFixed(0)} %`,
  ];
}

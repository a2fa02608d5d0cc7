/**
 * What it costs the server, side by side in one run: one empty probe on a `push` (the unit), three of them, the product
 * with libbpf, also with --deep, the same with bpftrace of two versions, a naive set of probes, the same server with
 * runtime/trace switched on, and a twin that is instrumented with otelhttp. Such machines drift: each is measured right
 * after the same server with nothing attached and compared with that alone, rounds are interleaved, every other one
 * runs backwards, and medians are printed.
 * Run as root: node test/bench/cost.bench.ts [rounds] [seconds] [settings: a pattern; those whose name it matches, beside the unit]
 */
import { type Attachment, emptyProbes, Httptrace, naiveSites, threeSites, unitSite } from './cost/attachments.ts';
import { atRate, type LoadResult, saturate } from './cost/load.ts';
import { type BenchServer, buildBenchServer, startBenchServer } from './cost/server.ts';
import { formatTable, median } from './cost/table.ts';

const rounds = Number(process.argv[2] ?? 7);
const seconds = Number(process.argv[3] ?? 2);
/** Requests a second. */
const RATE = 15_000;
const names = new RegExp(process.argv[4] ?? '');

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

/** At full load, and at a constant rate that leaves the processors time. */
interface Driven extends LoadResult {
  /** CPU time of the server for each request at that rate, µs. */
  readonly ratedCpuUs: number;
}

const atFullLoad = (one: Driven): number => one.cpuUsPerRequest;
const atConstantRate = (one: Driven): number => one.ratedCpuUs;
const rate = (one: Driven): number => one.requestsPerSecond;

/** One setting in one round, and what came right before. */
interface Compared {
  readonly bare: Driven;
  readonly driven: Driven;
}

const all: { readonly name: string; readonly run: () => Promise<Driven>; readonly usage?: Usage[] }[] = [
  { name: 'one empty probe (the unit)', run: () => under(() => emptyProbes(server, unitSite)) },
  { name: 'three empty probes', run: () => under(() => emptyProbes(server, threeSites)) },
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
/** The first is what the others are compared with. */
const settings = all.filter(({ name }, index) => index === 0 || names.test(name));
let attachMs = 0;
let running: Usage[] | undefined;
const results = settings.map((): Compared[] => []);

try {
  await saturate(server, 1);
  for (let round = 0; round < rounds; round++) {
    const order = [...settings.entries()];
    for (const [index, { run }] of round % 2 === 0 ? order : order.reverse()) {
      running = settings[index]?.usage;
      results[index]?.push({ bare: await drive(server), driven: await run() });
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

/** What a setting adds to the CPU time of a request, µs. */
function added(runs: readonly Compared[], of: (one: Driven) => number): number {
  return median(runs.map(({ bare, driven }) => of(driven) - of(bare)));
}

/** Too few rounds on a noisy machine can find a unit of nothing. */
function inUnits(us: number, unitUs: number): string {
  return unitUs > 0 ? (us / unitUs).toFixed(1) : 'unknown';
}

function report(): void {
  const [unit = []] = results;
  const bare = results.flat().map((run) => run.bare);
  const rows = settings.map(({ name, usage }, index) => {
    const runs = results[index] ?? [];
    return [
      name,
      median(runs.map(({ driven }) => rate(driven))).toFixed(0),
      `${(median(runs.map((run) => rate(run.driven) / rate(run.bare))) * 100).toFixed(0)} %`,
      ...[atFullLoad, atConstantRate].flatMap((of) => [
        median(runs.map(({ driven }) => of(driven))).toFixed(1),
        added(runs, of).toFixed(1),
        inUnits(added(runs, of), added(unit, of)),
      ]),
      ...usageOf(usage),
    ];
  });
  const nothing = [
    'nothing attached',
    median(bare.map(rate)).toFixed(0),
    '100 %',
    ...[atFullLoad, atConstantRate].flatMap((of) => [median(bare.map(of)).toFixed(1), '', '']),
  ];
  const head = [
    '',
    'requests/s',
    'kept',
    'server CPU µs/request',
    'added',
    'units',
    `at ${RATE}/s`,
    'added',
    'units',
    'agent CPU µs',
    'attached after ms',
    'first span after ms',
    'spans',
  ];
  process.stdout.write(`${formatTable([head, nothing, ...rows])}\n`);
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

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../e2e/harness/agent.ts';
import { ROOT } from '../e2e/harness/paths.ts';
import { buildWaits, inParallel, WaitsServer } from '../e2e/harness/waits-server.ts';
import type { Span } from '../e2e/judge/types.ts';
import { ridOf } from '../e2e/judge/waits.ts';
import type { GoVersion } from '../e2e/matrix.ts';

/** Waits and pauses of the same requests through both backends at the same time: sums, places and holders must be the same. */

const TIMEOUT = 120_000;
const REQUESTS = 600;
const WIDTH = 10;
/** Of a long wait the holder must be the same, ns. */
const LONG = 1_000_000;

const CELLS: readonly (readonly [suite: string, go: GoVersion])[] = [
  ['bookworm', '1.26'],
  ['bookworm', '1.19'],
  ['trixie', '1.26'],
  ['trixie', '1.27'],
];

const SCENE: readonly ((i: number) => readonly [path: string, query: Record<string, number>])[] = [
  (i) => ['/lock/a', { us: i % 10 === 0 ? 8000 : 300 }],
  () => ['/nested', { us: 200 }],
  () => ['/read/p', { us: 1500 }],
  (i) => ['/write/p', { us: i % 4 === 0 ? 4000 : 400 }],
  (i) => (i % 5 === 0 ? ['/collect', {}] : ['/garbage', { nodes: 30_000, slot: i }]),
  (i) => (i % 5 === 0 ? ['/stop', {}] : ['/cond', { us: 200 }]),
];

interface Pair {
  readonly libbpf: Span;
  readonly bpftrace: Span;
}

const waited = (span: Span, what: string): number => Number(span.attributes[`httptrace.wait.${what}`]);

/** Of a span's long waits: the lock, where it was waited for, and who held it, by the holder's own request id. */
function blamed(span: Span, ridOfSpan: ReadonlyMap<string, string | undefined>): readonly string[] {
  return span.events
    .filter(
      ({ name, attributes }) => name === 'httptrace.wait.mutex' && Number(attributes['httptrace.wait.duration']) > LONG,
    )
    .map(({ attributes: a }) =>
      [
        ...[a['httptrace.lock.kind'], a['httptrace.lock.address'], a['code.function.name'], a['code.line.number']],
        ...['held by', ridOfSpan.get(`${a['httptrace.holder.span_id']}`), a['httptrace.holder.name']],
        ...[a['httptrace.holder.goroutine.id'], a['httptrace.holder.code.line.number']],
      ].join(' '),
    );
}

describe.each(CELLS.map(([suite, go]) => ({ suite, go })))('$suite, go$go', ({ suite, go }) => {
  let server: WaitsServer;
  let libbpf: Agent;
  let bpftrace: Agent;
  const pairs: Pair[] = [];

  beforeAll(async () => {
    execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [suite], { stdio: 'inherit' });
    server = await WaitsServer.start(await buildWaits(go));
    const path = resolve(ROOT, `build/bpftrace/${suite}/bpftrace`);
    bpftrace = new Agent(server.pid, ['--backend', 'bpftrace', '--bpftrace', path]);
    await bpftrace.attached();
    libbpf = new Agent(server.pid, ['--backend', 'libbpf']);
    await libbpf.attached();
    await inParallel(REQUESTS, WIDTH, async (i) => {
      const [where, query] = (SCENE[i % SCENE.length] as (typeof SCENE)[number])(Math.floor(i / SCENE.length));
      await server.ask(where, query);
    });
    for (const agent of [libbpf, bpftrace]) await agent.collect(REQUESTS, (span) => ridOf(span) !== undefined);
    await Promise.all([libbpf.detach(), bpftrace.detach()]);
    const others = new Map(bpftrace.spans.map((span) => [ridOf(span), span]));
    for (const span of libbpf.spans) {
      const other = others.get(ridOf(span));
      if (ridOf(span) !== undefined && other) pairs.push({ libbpf: span, bpftrace: other });
    }
  }, TIMEOUT);

  afterAll(async () => {
    await libbpf?.kill();
    await bpftrace?.kill();
    server?.stop();
  });

  test('nothing is lost, and what the script has no part for is said', () => {
    expect(pairs.length).toBe(REQUESTS);
    expect(bpftrace.warnings).toEqual([]);
    expect(bpftrace.summary).toMatchObject({ lost: {} });
    expect(JSON.stringify(bpftrace.session)).toMatch(/client_gone.*no part for it/);
    expect(JSON.stringify(libbpf.session)).not.toMatch(/no part for it/);
  });

  test.each(['mutex', 'gc_stw', 'gc_assist'])('%s: the sums agree', (what) => {
    const known = pairs.filter((pair) => !Number.isNaN(waited(pair.libbpf, what)));
    expect(known.length).toBeGreaterThan(REQUESTS * 0.9);
    const unlike = known.filter((pair) => Number.isNaN(waited(pair.bpftrace, what)));
    expect(unlike.length).toBeLessThan(REQUESTS / 100);
    const both = known.filter((pair) => !unlike.includes(pair));
    const sum = (of: (pair: Pair) => Span): number => both.reduce((total, pair) => total + waited(of(pair), what), 0);
    const [theirs, ours] = [sum(({ libbpf: span }) => span), sum(({ bpftrace: span }) => span)];
    expect(theirs).toBeGreaterThan(0);
    // Of two programs at one place one runs after the other: that is some of the microseconds that an assist takes.
    expect(Math.abs(ours - theirs), `${ours} ns, not ${theirs}`).toBeLessThan(theirs * 0.05 + known.length * 1_000);
  });

  test('holders of long waits are the same', () => {
    const rids = (agent: Agent) => new Map(agent.spans.map((span) => [span.span_id, ridOf(span)]));
    const [theirs, ours] = [rids(libbpf), rids(bpftrace)];
    const told = pairs
      .map((pair) => ({
        libbpf: blamed(pair.libbpf, theirs).join('\n'),
        bpftrace: blamed(pair.bpftrace, ours).join('\n'),
      }))
      .filter(({ libbpf: text }) => text !== '');
    const unlike = told.filter((pair) => pair.libbpf !== pair.bpftrace);
    expect(told.length).toBeGreaterThan(REQUESTS / 10);
    // A wait of about the least length is long for one of them alone, and two holders can have about the same share.
    expect(unlike.length, JSON.stringify(unlike.slice(0, 3), null, 1)).toBeLessThanOrEqual(told.length / 50);
  });
});

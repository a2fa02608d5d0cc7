import { describe, expect, it } from 'vitest';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { WaitReport } from '../../agent/correlate/waits/explainer.ts';
import type { Role } from '../../agent/probe/plan.ts';
import { makeStyle } from '../../cli/color.ts';
import { displayWidth } from '../../cli/text.ts';
import { LiveState, SHOWN_PER_NAME } from '../../cli/view/live-state.ts';
import { renderLine } from '../../cli/view/render-line.ts';
import { renderLive, type Size } from '../../cli/view/render-live.ts';
import { renderSummary } from '../../cli/view/render-summary.ts';
import { MAX_ROUTES, OTHER_ROUTES } from '../../cli/view/routes.ts';
import { SessionState } from '../../cli/view/session-state.ts';
import { SLOWEST_AGE, SLOWEST_KEPT, SLOWEST_PER_NAME } from '../../cli/view/slowest.ts';
import { INFO, span, stats, summary, target } from './synthetic.ts';
import { deepSpan, GOROUTINES, PROCESS_REPORT, sampledSpan, WAIT_REPORT, waitingSpan } from './synthetic-waits.ts';

const plain = makeStyle(false);
const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
];

function filled(count = 400): LiveState {
  const session = new SessionState();
  session.start(INFO);
  for (let n = 0; n < count; n++) session.add(span(n));
  session.update(stats(2));
  const live = new LiveState(session);
  live.refresh();
  return live;
}

/** With probes for waits, some requests that waited, and what there is to say of locks and the garbage collector. */
function waiting(): LiveState {
  const session = new SessionState();
  const made = target(4242);
  const [probe] = made.probes;
  const roles = ['sem_woken', 'stw_end', 'assist_end', 'panic'] as const;
  const probes = roles.flatMap((role) => (probe === undefined ? [] : [{ ...probe, role }]));
  session.start({ ...INFO, targets: [{ ...made, probes }] });
  for (let n = 0; n < 400; n++) session.add(n % 5 === 3 ? waitingSpan(n) : span(n));
  session.update(stats(2, { waits: WAIT_REPORT, process: PROCESS_REPORT }));
  session.goroutines.set(GOROUTINES.pid, GOROUTINES);
  const live = new LiveState(session);
  live.refresh();
  return live;
}

function ofSpans(make: (n: number) => RequestSpan, roles: readonly Role[]): LiveState {
  const session = new SessionState();
  const made = target(4242);
  const probes = roles.flatMap((role) => made.probes.map((probe) => ({ ...probe, role })));
  session.start({ ...INFO, targets: [{ ...made, probes }] });
  for (let n = 0; n < 40; n++) session.add(n % 5 === 3 ? make(n) : span(n));
  session.update(stats(2));
  const live = new LiveState(session);
  live.refresh();
  return live;
}

const screen = (state: LiveState, size: Size): string => `${renderLive(state, size, plain).join('\n')}\n`;
const press = (state: LiveState, ...names: string[]): boolean =>
  names
    .map((name) =>
      state.press(name.length === 1 ? { name: /[a-z]/.test(name) ? name : undefined, sequence: name } : { name }),
    )
    .some(Boolean);

describe.each(SIZES)('at $columns columns', (size) => {
  const golden = (name: string): string => `./golden/${name}-${size.columns}.txt`;

  it('overview', async () => {
    await expect(screen(filled(), size)).toMatchFileSnapshot(golden('overview'));
  });

  it('losses, warnings, sampling and several targets', async () => {
    const state = filled();
    state.session.attached(target(4243));
    state.session.warn('the kernel buffer is full; requests are sampled');
    state.session.update(stats(3, { losses: { output_full: 1234, not_sampled: 40 }, sampleRatio: 0.5 }));
    state.refresh();
    await expect(screen(state, size)).toMatchFileSnapshot(golden('losses'));
  });

  it('one request, with its panic', async () => {
    const state = filled();
    press(state, '/', 'p', 'a', 'n', 'i', 'c', 'return', 'return');
    expect(state.screen).toBe('detail');
    await expect(screen(state, { ...size, rows: 40 })).toMatchFileSnapshot(golden('detail'));
  });

  it('help', async () => {
    const state = filled();
    press(state, '?');
    await expect(screen(state, { ...size, rows: 40 })).toMatchFileSnapshot(golden('help'));
  });

  it.each([
    ['waits', []],
    ['waits-detail', ['return']],
    ['locks', ['l']],
    ['gc', ['g']],
    ['process', ['o']],
  ])('%s', async (name, keys) => {
    const state = waiting();
    press(state, ...keys);
    const rows = name === 'waits-detail' ? 52 : size.rows;
    await expect(screen(state, { ...size, rows })).toMatchFileSnapshot(golden(name));
  });

  it.each([
    ['sampled', []],
    ['sampled-detail', ['return']],
  ])('%s', async (name, keys) => {
    const state = ofSpans(sampledSpan, ['stw_end']);
    press(state, ...keys);
    await expect(screen(state, size)).toMatchFileSnapshot(golden(name));
  });

  it.each([
    ['deep', []],
    ['deep-detail', ['return']],
    ['deep-process', ['o']],
  ])('%s', async (name, keys) => {
    const state = ofSpans(deepSpan, ['sem_woken', 'sched_execute']);
    const { cost } = stats(2);
    const hitsPerSecondByRole = { ...cost.hitsPerSecondByRole, sched_execute: 4000, sched_park: 2000 };
    state.session.update(
      stats(2, {
        process: PROCESS_REPORT,
        cost: { ...cost, hitsPerSecond: 6600, hitsPerSecondByRole, coreShare: 0.0139, serverCpuShare: 0.23 },
      }),
    );
    state.refresh();
    press(state, ...keys);
    await expect(screen(state, size)).toMatchFileSnapshot(golden(name));
  });

  it('nothing yet', async () => {
    const state = filled(0);
    state.session.stats = undefined;
    await expect(screen(state, size)).toMatchFileSnapshot(golden('empty'));
  });
});

it('summary', async () => {
  const { session } = filled();
  session.warn('the collector did not answer');
  const ended = summary({ stats: stats(12), losses: { output_full: 3 }, unflushed: 7 });
  await expect(`${renderSummary(session, ended, plain).join('\n')}\n`).toMatchFileSnapshot('./golden/summary.txt');
});

it('summary of waits', async () => {
  const { session } = waiting();
  const ended = summary({ stats: session.stats });
  await expect(`${renderSummary(session, ended, plain).join('\n')}\n`).toMatchFileSnapshot(
    './golden/waits-summary.txt',
  );
});

it('a summary tells the cost of the whole session, not of its last second', () => {
  const session = new SessionState();
  const { cost } = stats(1);
  session.update(
    stats(1, { cost: { ...cost, hitsPerSecond: 900, syscallShare: 0, coreShare: 0.03, serverCpuShare: undefined } }),
  );
  session.update(
    stats(3, {
      intervalNs: 2e9,
      cost: { ...cost, hitsPerSecond: 0, syscallShare: 0, coreShare: 0, serverCpuShare: undefined },
    }),
  );
  const text = renderSummary(session, summary(), plain).join('\n');
  expect(text).toContain('cost 300 hits/s × 33.3µs + syscalls 0% = 1.0% of a core\n');
});

it('lines', async () => {
  const spans = [...[0, 1, 3, 4].map((n) => span(n)), waitingSpan(3)];
  const lines = spans.map((made) => renderLine(made, INFO.clock, plain));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./golden/lines.txt');
});

it('fits every window: no more rows and columns than there are', () => {
  const held = waiting();
  for (let columns = 1; columns <= 200; columns += 7) {
    for (let rows = 1; rows <= 50; rows += 3) {
      for (const keys of [[], ['?'], ['return'], ['/'], ['l'], ['l', 'down'], ['g'], ['o']]) {
        const state = keys.length === 0 || keys[0] === '/' ? filled(60) : held;
        state.session.warn('w'.repeat(300));
        if (state.screen !== 'overview') press(state, 'escape');
        press(state, ...keys);
        const lines = renderLive(state, { columns, rows }, plain);
        expect(lines.length).toBeLessThanOrEqual(rows);
        // Help is written for 80 columns.
        if (keys[0] !== '?' || columns >= 80) {
          for (const line of lines)
            expect(displayWidth(line), `${columns}x${rows}: ${line}`).toBeLessThanOrEqual(columns);
        }
      }
    }
  }
});

it('never passes on an escape sequence of the target', () => {
  const evil = '\x1b]0;owned\x07\u009b2J';
  const session = new SessionState();
  const made = target(1);
  session.start({ ...INFO, targets: [{ ...made, serviceName: evil, goVersion: evil }] });
  session.add(
    span(4, {
      name: `GET /${evil}`,
      route: evil,
      method: evil,
      error: evil,
      attributes: new Map([
        ['url.path', evil],
        [evil, evil],
      ]),
      cause: { time: 9e6, text: evil },
      waits: evilWaits(evil),
      sampledWaits: {
        samples: 9,
        times: { sleep: 5e6 },
        where: { kind: 'sleep', function: evil, file: evil, line: 1, time: 5e6 },
        children: undefined,
      },
    }),
  );
  session.update(stats(1, { waits: evilReport(evil) }));
  const sites = GOROUTINES.sites.map((site) => ({ ...site, function: evil, file: evil }));
  session.goroutines.set(1, { ...GOROUTINES, pid: 1, sites });
  session.warn(evil);
  const state = new LiveState(session);
  state.refresh();
  const overview = screen(state, { columns: 120, rows: 40 });
  const others = ['l', 'g', 'o'].map((key) => {
    press(state, key);
    return screen(state, { columns: 120, rows: 40 });
  });
  press(state, 'escape', 'return');
  const detail = screen(state, { columns: 120, rows: 80 });
  const line = renderLine(span(4, { name: evil, route: evil, error: evil }), INFO.clock, plain);
  const end = renderSummary(session, summary({ error: evil }), plain).join('\n');
  for (const text of [overview, detail, line, end, ...others]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  }
  expect(overview).toContain('\\x1b');
});

function evilWaits(evil: string): RequestSpan['waits'] {
  const { waits } = waitingSpan(4);
  const place = { function: evil, file: evil, line: 1 };
  const locks = waits.locks.map((wait) => ({
    ...wait,
    place,
    holder: wait.holder && { ...wait.holder, place },
    holderIdentity: wait.holderIdentity && { ...wait.holderIdentity, name: evil },
  }));
  return { ...waits, locks, pauses: waits.pauses.map((pause) => ({ ...pause, reason: evil })) };
}

function evilReport(evil: string): WaitReport {
  const { locks, gc } = WAIT_REPORT;
  const name = { of: evil, count: 1, total: 1 };
  const place = { of: { function: evil, file: evil, line: 1 }, count: 1, total: 1 };
  return {
    locks: locks.map((lock) => ({ ...lock, waitedAt: [place], heldAt: [place], waiting: [name], holding: [name] })),
    gc: { ...gc, pauses: gc.pauses.map((pause) => ({ ...pause, reason: evil })) },
  };
}

describe('keys', () => {
  it('sort and reverse', () => {
    const state = filled();
    press(state, 's', 's', 's', 's');
    expect(state.sort).toBe('max');
    expect(state.routes[0]?.name).toBe('GET /slow');
    press(state, 'r');
    expect(state.routes.at(-1)?.name).toBe('GET /slow');
  });

  it('filter by text, status, class and error', () => {
    const state = filled();
    const filter = (text: string): void => void press(state, 'escape', '/', ...text, 'return');
    filter('orders');
    expect(state.routes.map((row) => row.name)).toEqual(['POST /orders']);
    filter('503');
    expect(new Set(state.slowest.map((item) => item.status))).toEqual(new Set([503]));
    filter('2xx');
    expect(new Set(state.slowest.map((item) => item.status))).toEqual(new Set([200]));
    filter('error');
    expect(state.slowest.every((item) => item.error !== undefined)).toBe(true);
    filter('/slow');
    expect(state.slowest).toHaveLength(SLOWEST_PER_NAME);
    press(state, 'escape');
    expect(state.slowest).toHaveLength(5 * SHOWN_PER_NAME);
  });

  it('pause holds the rows still and loses nothing', () => {
    const state = filled(100);
    press(state, 'p');
    for (let n = 100; n < 200; n++) state.session.add(span(n));
    state.refresh();
    expect(state.routes.reduce((sum, row) => sum + row.count, 0)).toBe(100);
    press(state, 'p');
    state.refresh();
    expect(state.routes.reduce((sum, row) => sum + row.count, 0)).toBe(200);
  });

  it('the cursor stays on its request', () => {
    const state = filled();
    press(state, 'down', 'down', 'down');
    const chosen = state.slowest[state.cursor];
    state.session.add(span(1000, { end: span(1000).start + 9e9 }));
    state.refresh();
    expect(state.slowest[state.cursor]).toBe(chosen);
    expect(state.cursor).toBe(4);
  });

  it('l, g and o open screens; the same key and esc lead back', () => {
    const state = waiting();
    press(state, 'l', 'down');
    expect([state.screen, state.lockCursor]).toEqual(['locks', 1]);
    press(state, 'g');
    expect(state.screen).toBe('gc');
    press(state, 'o', 'o');
    expect(state.screen).toBe('overview');
    press(state, 'l', 'escape');
    expect(state.screen).toBe('overview');
  });

  it('q and Ctrl-C end the session, other keys lead back', () => {
    const state = filled();
    press(state, '?');
    expect(press(state, 'q')).toBe(false);
    expect(state.screen).toBe('overview');
    expect(press(state, 'q')).toBe(true);
    expect(state.press({ name: 'c', ctrl: true })).toBe(true);
  });
});

describe('memory', () => {
  it('holds at most 1,000 routes and counts the rest together', () => {
    const session = new SessionState();
    for (let n = 0; n < MAX_ROUTES + 500; n++) session.add(span(n, { name: `GET /${n}` }));
    const rows = session.routes.rows(session.now);
    expect(rows).toHaveLength(MAX_ROUTES + 1);
    expect(rows.find((row) => row.name === OTHER_ROUTES)?.count).toBe(500);
  });

  it('holds some slow requests of each route, and forgets old ones', () => {
    const session = new SessionState();
    for (let n = 0; n < 5000; n++) session.add(span(n % 40, { name: `GET /${n % 20}`, end: 1e9 + n }));
    const kept = session.slowest.list(session.now);
    expect(kept).toHaveLength(SLOWEST_KEPT);
    for (let route = 0; route < 20; route++) {
      expect(kept.filter((item) => item.name === `GET /${route}`).length).toBeLessThanOrEqual(SLOWEST_PER_NAME);
    }
    expect(kept.map((item) => item.end - item.start)).toEqual(
      kept.map((item) => item.end - item.start).sort((a, b) => b - a),
    );
    expect(session.slowest.list(session.now + SLOWEST_AGE + 1)).toEqual([]);
  });

  it('weighs requests that stand for several', () => {
    const session = new SessionState();
    session.add(span(1, { weight: 10 }));
    expect(session.routes.rows(session.now)[0]).toMatchObject({ count: 10, errors: 10 });
  });
});

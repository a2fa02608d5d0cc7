import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../agent/probe/plan.ts';
import { type Built, buildAndPlan, DEEP_ROLES, ORDINARY_ROLES, profile, siteOf } from './build.ts';
import { checkAgainstObjdump, checkBytes } from './check-sites.ts';
import { type Toolchain, toolchains } from './toolchains.ts';

// Each build of the standard library in another way is a minute of work: every version stripped, the oldest and
// the newest in every way.
const TIMEOUT = 600_000;

const WAYS: Readonly<Record<string, { readonly flags: readonly string[]; readonly env?: Record<string, string> }>> = {
  plain: { flags: [] },
  PIE: { flags: ['-buildmode=pie'] },
  'cgo, linked externally': { flags: ['-ldflags=-linkmode=external'], env: { CGO_ENABLED: '1' } },
};

const selected = toolchains();

describe.skipIf(selected.length === 0)('every Go version', () => {
  for (const toolchain of selected) {
    test(
      `go${toolchain.version}, stripped`,
      () => checkPlain(toolchain, { flags: ['-ldflags=-s -w'] }, false),
      TIMEOUT,
    );
  }
});

describe.skipIf(selected.length === 0)('every way to build', () => {
  for (const toolchain of endsOf(selected)) {
    for (const [way, options] of Object.entries(WAYS)) {
      test(`go${toolchain.version}, ${way}`, () => checkPlain(toolchain, options, true), TIMEOUT);
    }
    test(`go${toolchain.version}, arm64`, () => checkArm64(toolchain), TIMEOUT);
    // Go builds by a profile from 1.21 on.
    if (toolchain.minor >= 21) test(`go${toolchain.version}, PGO`, () => checkPgo(toolchain), TIMEOUT);
  }
});

/** The oldest and the newest, and the oldest that knows PGO. */
function endsOf(all: readonly Toolchain[]): readonly Toolchain[] {
  const withPgo = all.find(({ minor }) => minor >= 21);
  return all.filter((toolchain) => toolchain === all[0] || toolchain === withPgo || toolchain === all.at(-1));
}

function checkPlain({ go, minor }: Toolchain, options: (typeof WAYS)[string], hasSymbols: boolean): void {
  const built = buildAndPlan({ go, ...options });
  const expected = minor < 21 ? 'stack-check' : 'push';
  expect(built.plan.probes.map(({ role }) => role)).toEqual(ORDINARY_ROLES);
  for (const probe of built.plan.probes) {
    expect(probe, probe.role).toMatchObject({ ...siteOf(probe, expected), cost: 'emulated', host: probe.symbol });
  }
  expect(new Set(built.deep.probes.map(({ role }) => role))).toEqual(new Set([...ORDINARY_ROLES, ...DEEP_ROLES]));
  checkBytes(built.path, built.deep);
  if (hasSymbols) checkAgainstObjdump(go, built.path, built.plan);
  checkSymbols(built.plan, minor);
  checkLayout(built, minor);
  checkFunctions(built);
  checkUnavailable(built.plan, minor);
}

function checkSymbols({ probes }: Plan, minor: number): void {
  const pkg = minor < 27 ? 'net/http.(*http2' : 'net/http/internal/http2.(*';
  const symbols = Object.fromEntries(probes.map(({ role, symbol }) => [role, symbol]));
  expect(symbols).toEqual({
    http1_serve: 'net/http.serverHandler.ServeHTTP',
    http1_write_header: 'net/http.(*response).WriteHeader',
    http1_finish: 'net/http.(*response).finishRequest',
    http1_conn_done: 'net/http.(*conn).serve.func1',
    http2_headers: `${pkg}serverConn).processHeaders`,
    http2_handler: `${pkg}serverConn).runHandler`,
    http2_write_header: `${pkg}responseWriterState).writeHeader`,
    http2_handler_done: `${pkg}serverConn).runHandler.func1`,
    http2_close_stream: `${pkg}serverConn).closeStream`,
    tls_start: 'crypto/tls.(*Conn).serverHandshake',
    tls_done: 'crypto/tls.(*Conn).ConnectionState',
    panic: 'runtime.gopanic',
    stw_begin: 'runtime.stopTheWorldWithSema',
    stw_end: 'runtime.startTheWorldWithSema',
    stw_counted: 'runtime.gcMarkTermination',
    assist_begin: 'runtime.gcAssistAlloc1',
    assist_end: 'runtime.gcAssistAlloc1',
    sem_wait: 'runtime.semacquire1',
    sem_woken: 'runtime.semacquire1',
    sem_release: 'sync.runtime_Semrelease',
    mutex_unlock: `${minor < 24 ? '' : 'internal/'}sync.(*Mutex).unlockSlow`,
    deadline: `context.WithDeadline${minor < 21 ? '' : 'Cause'}.func2`,
    client_gone: `net/http.(*connReader).handleReadError${minor < 25 ? '' : 'Locked'}`,
  });
}

/** Offsets that were measured by hand, as a cross-check. */
function checkLayout({ path, plan, binary }: Built, minor: number): void {
  expect(plan.layout).toMatchObject({
    g_goid: minor === 23 || minor === 24 ? 160 : 152,
    m_curg: minor < 25 ? 192 : 184,
    map_kind: minor < 24 ? 1 : 2,
    tls_g: -8,
    conn_rwc: 16,
    request_header: 56,
    request_uri: 192,
    'http2.0.rw_rws': 0,
    'http2.0.frame_id': 8,
  });
  const { layout } = plan;
  expect(binary.typeAt(layout['type_response'] ?? 0)?.name).toBe('*http.response');
  expect(binary.typeAt(layout['type_tls_conn'] ?? 0)?.name).toBe('*tls.Conn');
  expect(layout['request_pattern']).toBe(minor < 23 ? undefined : 232);
  expect(layout['request_pat'] !== undefined).toBe(minor >= 22);
  // All of them can tell the end of a handler by the response itself.
  expect((layout['response_handler_done'] ?? 0) - (layout['response_written'] ?? 0)).toBeGreaterThan(0);
  expect(plan.probes.filter(({ spare }) => spare).map(({ role }) => role)).toEqual(['http1_finish']);
  // Where the names of headers that net/http knows are taken to be.
  const { rodata = 0, rodata_end: rodataEnd = 0 } = layout;
  const from = binary.fileOffset(rodata) ?? 0;
  expect(
    readFileSync(path)
      .subarray(from, from + rodataEnd - rodata)
      .includes('Www-Authenticate'),
  ).toBe(true);
  expect(layout['hmap_b']).toBe(minor < 24 ? 9 : undefined);
  expect(layout['table_groups']).toBe(minor < 24 ? undefined : 16);
}

/** Functions that the programs know by their code. */
function checkFunctions({ plan: { layout }, binary }: Built): void {
  const nameAt = (member: string): string | undefined => binary.functionAt(layout[member] ?? 0)?.name;
  expect(nameAt('runtime_futex')).toBe('runtime.futex');
  expect(nameAt('http2.0.process_reset')).toMatch(/serverConn\)\.processResetStream$/);
  expect(nameAt('http2.0.close_all')).toMatch(/serverConn\)\.closeAllStreamsOnConnClose$/);
  const inSync = (address: number): boolean =>
    Array.from({ length: 8 }, (_, i) => address - (layout[`sync_text.${i}`] ?? 0)).some(
      (offset, i) => offset >= 0 && offset < (layout[`sync_size.${i}`] ?? 0),
    );
  const sync = ['sync.', 'internal/sync.'].flatMap((prefix) => binary.findByPrefix(prefix));
  expect(sync.length).toBeGreaterThan(50);
  for (const { name, start, end } of sync) expect(inSync(start) && inSync(end - 1), name).toBe(true);
  for (const name of ['main.main', 'net/http.(*conn).serve', 'net/http.(*ServeMux).ServeHTTP']) {
    expect(inSync(binary.find(name)!.start), name).toBe(false);
  }
}

function checkUnavailable({ unavailable }: Plan, minor: number): void {
  const routes = minor < 22 ? ['http.route'] : [];
  const parents = minor < 21 ? ['goroutines of requests'] : [];
  expect(unavailable.map(({ what }) => what)).toEqual([...routes, ...parents]);
}

function checkArm64({ go }: Toolchain): void {
  const { path, plan } = buildAndPlan({ go, env: { GOARCH: 'arm64' } });
  expect(plan.probes.map(({ role }) => role)).toEqual(ORDINARY_ROLES);
  for (const probe of plan.probes) expect(probe).toMatchObject({ ...siteOf(probe, 'stack-check'), cost: 'emulated' });
  checkBytes(path, plan);
  checkAgainstObjdump(go, path, plan);
}

/** What a profile makes the compiler inline differs by version; what stays is that every request is seen cheaply. */
function checkPgo({ go }: Toolchain): void {
  const { path, binary, plan } = buildAndPlan({ go, flags: [`-pgo=${profile({ go })}`] });
  // What is watched beside requests may vanish: then the plan says so.
  const found = new Set([...plan.probes.map(({ role }) => role), ...plan.unavailable.map(({ what }) => what)]);
  expect(ORDINARY_ROLES.filter((role) => !found.has(role))).toEqual([]);
  const requests = ORDINARY_ROLES.filter((role) => /^(http|tls)/.test(role));
  expect(plan.probes.map(({ role }) => role)).toEqual(expect.arrayContaining([...requests]));
  for (const probe of plan.probes) expect(probe.cost, probe.role).toBe('emulated');
  checkBytes(path, plan);
  checkAgainstObjdump(go, path, plan);

  const serve = binary.find('net/http.(*conn).serve')!;
  const inlined = binary.inlined(serve).filter(({ name }) => name === 'net/http.(*response).finishRequest');
  const finish = plan.probes.find(({ role }) => role === 'http1_finish')!;
  expect(finish.host).toBe(inlined.length > 0 ? serve.name : 'net/http.(*response).finishRequest');
  if (inlined.length > 0) {
    expect(inlined.some(({ start, end }) => finish.address >= start && finish.address < end)).toBe(true);
  }
}

import { beforeAll, describe, expect, test } from 'vitest';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { describePlan } from '../../agent/probe/describe.ts';
import { PlanError } from '../../agent/probe/error.ts';
import { planProbes } from '../../agent/probe/planner.ts';
import { SAMPLER_ADDRESSES } from '../../agent/probe/sampler.ts';
import { SYNC_TEXT_ADDRESSES } from '../../agent/probe/sync-text.ts';
import { type Built, build, buildAndPlan, DEEP_ROLES, ORDINARY_ROLES, siteOf } from './build.ts';
import { checkAgainstObjdump, checkBytes } from './check-sites.ts';

const BUILD_TIMEOUT = 300_000;

describe('a server built with the default toolchain', () => {
  let built: Built;

  beforeAll(() => {
    built = buildAndPlan({});
  }, BUILD_TIMEOUT);

  test('every role has a cheap site', () => {
    expect(built.plan.probes.map(({ role }) => role)).toEqual(ORDINARY_ROLES);
    for (const probe of built.plan.probes) {
      expect(probe).toMatchObject({ ...siteOf(probe, 'push'), cost: 'emulated', host: probe.symbol });
    }
    expect(built.plan.unavailable).toEqual([]);
  });

  test('--deep adds every step of the scheduler', () => {
    expect(new Set(built.deep.probes.map(({ role }) => role))).toEqual(new Set([...ORDINARY_ROLES, ...DEEP_ROLES]));
    for (const probe of built.deep.probes) expect(probe.cost, probe.role).toBe('emulated');
    expect(built.deep.unavailable).toEqual([]);
    checkBytes(built.path, built.deep);
    checkAgainstObjdump('go', built.path, built.deep);
  });

  test('a keep-alive HTTP/1.1 request passes two probes, and a third while there are few requests', () => {
    const hits = built.plan.probes.filter(({ role, per }) => role.startsWith('http1_') && per === 'request');
    expect(hits.map(({ role, spare }) => [role, spare])).toEqual([
      ['http1_serve', undefined],
      ['http1_write_header', undefined],
      ['http1_finish', true],
    ]);
    expect(built.deep.probes.filter(({ spare }) => spare)).toEqual([]);
  });

  test('the file holds the named instructions at the named places', () => {
    checkBytes(built.path, built.plan);
    checkAgainstObjdump('go', built.path, built.plan);
  });

  test('the deferred functions are those that recover', () => {
    const deferred = built.plan.probes.filter(({ symbol }) => /^net.*\.func\d+$/.test(symbol));
    expect(deferred.map(({ role }) => role)).toEqual(['http1_conn_done', 'http2_handler_done']);
  });

  test('layouts agree with offsets that were measured before', () => {
    expect(built.plan.layout).toMatchObject({
      g_m: 48,
      tls_g: -8,
      response_conn: 0,
      response_req: 8,
      conn_rwc: 16,
      request_method: 0,
      request_header: 56,
      request_host: 128,
      request_remote_addr: 176,
      request_uri: 192,
      request_pattern: 232,
      map_kind: 2,
      'http2.0.rws_stream': 0,
    });
    expect(built.plan.addresses).toEqual([
      'type_response',
      'type_tcp_conn',
      'type_unix_conn',
      'type_tls_conn',
      'type_op_error',
      'type_timeout',
      'deferreturn',
      'deferreturn_end',
      'mutex_unlock',
      'mutex_unlock_end',
      'runtime_futex',
      'runtime_futex_end',
      'http2.0.process_reset',
      'http2.0.process_reset_end',
      'http2.0.close_all',
      'http2.0.close_all_end',
      'type_net_conn',
      'rodata',
      'rodata_end',
      ...SYNC_TEXT_ADDRESSES.filter((member) => built.plan.layout[member] !== undefined),
      ...SAMPLER_ADDRESSES,
    ]);
    expect(built.binary.typeAt(built.plan.layout['type_response'] ?? 0)?.name).toBe('*http.response');
  });

  test('the text of a plan fits a terminal', () => {
    const text = describePlan(built.plan);
    for (const line of text.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(100);
    for (const { role, symbol } of built.plan.probes) {
      expect(text).toContain(role);
      expect(text).toContain(symbol);
    }
  });

  test('names from the file cannot write to the terminal', () => {
    const [probe] = built.plan.probes;
    const hostile = { ...probe!, symbol: 'a\u001b[2Jb\u202e', host: 'a\u001b[2Jb\u202e' };
    expect(describePlan({ ...built.plan, executable: '\u001b]0;x\u0007', probes: [hostile] })).not.toMatch(
      /[^\P{C}\n]/u,
    );
  });
});

test(
  'a stripped server has the same plan',
  () => {
    const plain = buildAndPlan({}).plan;
    const stripped = buildAndPlan({ flags: ['-ldflags=-s -w'] }).plan;
    expect(stripped.probes.map(({ role, site }) => [role, site])).toEqual(
      plain.probes.map(({ role, site }) => [role, site]),
    );
    expect(Object.keys(stripped.layout)).toEqual(Object.keys(plain.layout));
  },
  BUILD_TIMEOUT,
);

test(
  'a server for arm64 is watched at the branches of its stack checks',
  () => {
    const { path, plan } = buildAndPlan({ env: { GOARCH: 'arm64' } });
    expect(plan.probes.map(({ role }) => role)).toEqual(ORDINARY_ROLES);
    for (const probe of plan.probes) {
      expect(probe).toMatchObject({ ...siteOf(probe, 'stack-check'), cost: 'emulated' });
    }
    checkBytes(path, plan);
    checkAgainstObjdump('go', path, plan);
  },
  BUILD_TIMEOUT,
);

test(
  'a program without net/http is refused',
  () => {
    const binary = openGoBinary(build({ source: 'no-server' }));
    expect(() => planProbes(binary)).toThrow(PlanError);
    expect(() => planProbes(binary)).toThrow(expect.objectContaining({ code: 'no_http_server' }));
  },
  BUILD_TIMEOUT,
);

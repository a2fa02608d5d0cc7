import { beforeAll, describe, expect, test } from 'vitest';
import type { GoBinary } from '../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { DEFINITIONS } from '../../agent/probe/definitions.ts';
import type { Plan } from '../../agent/probe/plan.ts';
import { planProbes } from '../../agent/probe/planner.ts';
import { build, DEEP_ROLES, ORDINARY_ROLES } from './build.ts';

const BUILD_TIMEOUT = 300_000;

describe('a server in which one function is not found', () => {
  let binary: GoBinary;

  beforeAll(() => {
    binary = openGoBinary(build({}));
  }, BUILD_TIMEOUT);

  const planWithout = (...names: readonly string[]): Plan => {
    const { find } = binary;
    const hidden = new Proxy(binary, {
      get(target, key) {
        if (key === 'find') return (name: string) => (names.includes(name) ? undefined : find.call(target, name));
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return planProbes(hidden, true);
  };

  test.each([
    ['runtime.startTheWorldWithSema', ['stw_begin', 'stw_end', 'stw_counted']],
    ['runtime.stopTheWorldWithSema', ['stw_begin', 'stw_end', 'stw_counted']],
    // Only the site of stw_end.
    ['runtime.wakep', ['stw_begin', 'stw_end', 'stw_counted']],
    ['runtime.gcAssistAlloc1', ['assist_begin', 'assist_end']],
    ['runtime.semacquire1', ['sem_wait', 'sem_woken', 'sem_release', 'mutex_unlock']],
    ['runtime.releaseSudog', ['sem_wait', 'sem_woken', 'sem_release', 'mutex_unlock', 'cond_wait', 'cond_woken']],
    ['sync.runtime_Semrelease', ['sem_release']],
    ['internal/sync.(*Mutex).unlockSlow', ['mutex_unlock']],
    ['sync.runtime_notifyListWait', ['cond_wait', 'cond_woken']],
  ])('%s: what is of no use without it is not watched either, and each says why', (name, lost) => {
    const plan = planWithout(name);
    const all = [...ORDINARY_ROLES, ...DEEP_ROLES];
    expect(new Set(plan.probes.map(({ role }) => role))).toEqual(new Set(all.filter((role) => !lost.includes(role))));
    expect(plan.unavailable.map(({ what }) => what).sort()).toEqual([...lost].sort());
    for (const { what, reason } of plan.unavailable) {
      const loses = DEFINITIONS.find(({ role }) => role === what)?.loses ?? '';
      expect(reason.endsWith(`: ${loses}`), reason).toBe(true);
    }
  });

  test('the reason names the site that is missing', () => {
    const reasons = new Map(planWithout('runtime.wakep').unavailable.map(({ what, reason }) => [what, reason]));
    expect(reasons.get('stw_end')).toContain('does not call runtime.wakep');
    expect(reasons.get('stw_begin')).toMatch(/^stw_end has no site: /);
    expect(reasons.get('stw_counted')).toMatch(/^stw_end has no site: /);
  });

  test('what needs a probe that was taken out goes as well', () => {
    const definitions = new Map(DEFINITIONS.map((definition) => [definition.role, definition]));
    for (const { probes } of [planWithout('runtime.stopTheWorldWithSema'), planWithout('runtime.semacquire1')]) {
      const standing = new Set(probes.map(({ role }) => role));
      for (const role of standing) {
        for (const other of definitions.get(role)?.together ?? []) expect(standing.has(other), role).toBe(true);
      }
    }
  });
});

import { beforeAll, expect, test } from 'vitest';
import { CURRENT_DIALECT } from '../../../agent/backend/bpftrace/dialect.ts';
import { bpftraceScript } from '../../../agent/backend/bpftrace/script/script.ts';
import type { Plan } from '../../../agent/probe/plan.ts';
import { type Built, buildAndPlan, ORDINARY_ROLES } from '../../probe/build.ts';

let built: Built;

beforeAll(() => {
  built = buildAndPlan({});
}, 300_000);

function scriptOf(plan: Plan): string {
  return bpftraceScript({
    target: {
      pid: 4242,
      startTicks: 1,
      executable: plan.executable,
      exePath: '/proc/4242/exe',
      command: [plan.executable],
      containerId: undefined,
      loadBias: 0,
    },
    plan,
    dialect: CURRENT_DIALECT,
    sites: plan.probes.map((probe) => ({
      probe,
      number: probe.fileOffset,
      ip: probe.address,
      atEntry: false,
      frameBytes: 0,
    })),
    identity: { path: '/proc/4242/exe', buildId: 'build', words: [{ address: 0x400f00, value: 7n }] },
    headers: ['Traceparent'],
    sampleRatio: 1,
    minDurationNs: 0,
    toolVersion: '0.0.0',
  });
}

/** Maps that are read or cleared and never written: bpftrace refuses the whole script for one of them. */
function unwritten(script: string): string[] {
  const code = script.replace(/\/\/.*$/gm, '');
  const names = new Set([...code.matchAll(/@(\w+)/g)].map((match) => match[1] as string));
  return [...names].filter((name) => !new RegExp(`@${name}(?:\\[[^;{}]*?\\])? *(?:=[^=]|\\+=|\\+\\+)`).test(code));
}

// A profile makes the compiler inline functions away, another one others.
test.each(ORDINARY_ROLES)('a script without %s uses no map that nothing writes', (role) => {
  const { plan } = built;
  // As the planner has it (agent/probe/planner.ts).
  const layout = role === 'http2_close_stream' ? { ...plan.layout, 'http2.0.close_partial': 1 } : plan.layout;
  expect(plan.probes.some((probe) => probe.role === role)).toBe(true);
  expect(unwritten(scriptOf({ ...plan, layout, probes: plan.probes.filter((probe) => probe.role !== role) }))).toEqual(
    [],
  );
});

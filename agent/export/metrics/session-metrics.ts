import type { LossReason } from '../../correlate/span.ts';
import type { SessionStats } from '../../view.ts';
import { INSTRUMENTS } from './instruments.ts';
import type { Instrument, Metric, MetricAttributes, NumberPoint } from './metric.ts';

const NS_PER_SECOND = 1e9;
const NO_ATTRIBUTES: MetricAttributes = new Map();
/** Left out because the user asked for it. */
const ON_PURPOSE: readonly LossReason[] = ['not_sampled', 'filtered'];

/** What the tool lost and what it costs. The kernel counts these for all targets together. */
export function sessionMetrics({ losses, cost, agent }: SessionStats): readonly Metric[] {
  const lost = Object.entries(losses).filter(([reason]) => !ON_PURPOSE.includes(reason as LossReason));
  const metrics: Metric[] = [
    { instrument: INSTRUMENTS.losses, points: pointsOf('httptrace.loss.reason', lost) },
    { instrument: INSTRUMENTS.probeHits, points: pointsOf('httptrace.probe.role', Object.entries(cost.hitsByRole)) },
    { instrument: INSTRUMENTS.agentMemory, points: pointsOf('httptrace.memory.kind', memoryOf(agent)) },
    single(INSTRUMENTS.agentCpuTime, agent.cpuNs / NS_PER_SECOND),
  ];
  if (cost.coreShare !== undefined) metrics.push(single(INSTRUMENTS.probeUtilization, cost.coreShare));
  return metrics.filter(({ points }) => points.length > 0);
}

function memoryOf({ residentBytes, mapBytes }: SessionStats['agent']): [string, number][] {
  return mapBytes === undefined
    ? [['resident', residentBytes]]
    : [
        ['resident', residentBytes],
        ['bpf_maps', mapBytes],
      ];
}

function pointsOf(label: string, values: readonly [string, number][]): readonly NumberPoint[] {
  return values.map(([name, value]) => ({ attributes: new Map([[label, name]]), value }));
}

function single(instrument: Instrument, value: number): Metric {
  return { instrument, points: [{ attributes: NO_ATTRIBUTES, value }] };
}

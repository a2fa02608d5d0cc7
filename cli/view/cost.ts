import type { Losses, LossReason } from '../../agent/correlate/span.ts';
import type { ProbeCost, SessionStats } from '../../agent/view.ts';
import type { Style } from '../color.ts';
import { formatBytes, formatCount, formatDuration, formatRate, formatShare } from '../format.ts';
import type { MeanCost } from './mean-cost.ts';

/** What is left out because somebody asked for it, as against what went missing. */
const INTENDED: ReadonlySet<LossReason> = new Set(['not_sampled', 'filtered']);

/** What is watched costs: `12,345 hits/s × 1.45µs + syscalls 0.2% = 2.0% of a core, 2.4% of server CPU` */
export function costText({ hitsPerSecond, unitNs, syscallShare, coreShare, serverCpuShare }: MeanCost): string {
  const mean = hitNs(hitsPerSecond, coreShare, syscallShare) ?? unitNs;
  const calls = syscallShare === undefined ? '' : ` + syscalls ${formatShare(syscallShare)}`;
  const unit = `${mean === undefined ? '' : ` × ${formatDuration(mean)}`}${calls}`;
  const core = coreShare === undefined ? '' : ` = ${formatShare(coreShare)} of a core`;
  const server = serverCpuShare === undefined ? '' : `, ${formatShare(serverCpuShare)} of server CPU`;
  return `${formatRate(hitsPerSecond)} hits/s${unit}${core}${server}`;
}

/** Mean cost of a hit: the trap, and the program that it runs. */
function hitNs(hitsPerSecond: number, coreShare: number | undefined, syscallShare = 0): number | undefined {
  if (coreShare === undefined || hitsPerSecond === 0) return undefined;
  return ((coreShare - syscallShare) * 1e9) / hitsPerSecond;
}

/** What of it is the scheduler's. `11,000 hits/s × 1.45µs = 1.6% of a core, 2.1% of server CPU`; undefined: none of its probes was hit. */
export function deepCostText({
  hitsPerSecond,
  hitsPerSecondByRole,
  unitNs,
  syscallShare = 0,
  ...cost
}: ProbeCost): string | undefined {
  const deep = Object.entries(hitsPerSecondByRole).filter(([role]) => role.startsWith('sched_'));
  const hits = deep.reduce((sum, [, count]) => sum + count, 0);
  if (hits === 0) return undefined;
  const part = (share: number | undefined): number | undefined => share && (share * hits) / hitsPerSecond;
  const coreShare = part(cost.coreShare && cost.coreShare - syscallShare);
  const serverCpuShare = part(cost.serverCpuShare);
  return costText({ hitsPerSecond: hits, unitNs, syscallShare: undefined, coreShare, serverCpuShare });
}

/** `agent 3.1% CPU, 92 MiB` */
export function agentText(stats: SessionStats): string {
  const maps = stats.agent.mapBytes === undefined ? '' : `, maps ${formatBytes(stats.agent.mapBytes)}`;
  return `agent ${formatShare(stats.agent.cpuShare)} CPU, ${formatBytes(stats.agent.residentBytes)}${maps}`;
}

/** Zero quietly, everything else loudly. */
export function lossText(losses: Losses, style: Style): string {
  const lost = entries(losses).filter(([reason]) => !INTENDED.has(reason));
  if (lost.length === 0) return style('dim', 'lost 0');
  const total = lost.reduce((sum, [, count]) => sum + count, 0);
  const parts = lost.map(([reason, count]) => `${reason} ${formatCount(count)}`);
  return style('red', `LOST ${formatCount(total)} (${parts.join(', ')})`);
}

/** What is shown of what there was. Counters come once a second, requests at once: the larger one is the newer. */
export interface Shown {
  readonly finished: number;
  /** Still running when the agent detached. */
  readonly unfinished: number;
}

/** `shown 980 of 1,000 requests (sample 50%, not_sampled 20)` */
export function shownText(shown: Shown, stats: SessionStats | undefined, losses: Losses): string {
  const total = Math.max(shown.finished, stats?.totals.finished ?? 0);
  const finished = stats === undefined ? '' : ` of ${formatCount(total)} requests`;
  const sample = stats === undefined || stats.sampleRatio >= 1 ? [] : [`sample ${formatShare(stats.sampleRatio)}`];
  const left = entries(losses).filter(([reason]) => INTENDED.has(reason));
  const notes = [...sample, ...left.map(([reason, count]) => `${reason} ${formatCount(count)}`)];
  if (shown.unfinished > 0) notes.push(`${formatCount(shown.unfinished)} unfinished`);
  return `shown ${formatCount(shown.finished)}${finished}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

function entries(losses: Losses): [LossReason, number][] {
  return (Object.entries(losses) as [LossReason, number][]).filter(([, count]) => count > 0);
}

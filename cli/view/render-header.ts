import type { AttachedTarget } from '../../agent/view.ts';
import { buildText } from '../build-text.ts';
import type { Style } from '../color.ts';
import { displayWidth, printable, truncate } from '../text.ts';
import type { LiveState } from './live-state.ts';
import type { SessionState } from './session-state.ts';
import { isWatched } from './watching.ts';

const TARGETS_SHOWN = 3;
const SEPARATOR = ' · ';

/** A line for each target, and what is not seen of it. */
export function renderHeader(state: LiveState, columns: number, style: Style): string[] {
  const { targets } = state.session;
  const more =
    targets.length > TARGETS_SHOWN ? [style('dim', `and ${targets.length - TARGETS_SHOWN} more processes`)] : [];
  const waiting = targets.length === 0 ? ['waiting for a process that matches'] : [];
  const shown = targets.slice(-TARGETS_SHOWN).flatMap((target) => targetLines(target, state.session, columns, style));
  const warning = state.session.warnings.at(-1);
  return [
    ...waiting,
    ...shown,
    ...more,
    ...(warning === undefined ? [] : [style('yellow', truncate(`! ${warning}`, columns))]),
    '',
  ];
}

/** On one line where there is room, else on two. */
function targetLines(target: AttachedTarget, session: SessionState, columns: number, style: Style): string[] {
  const name = truncate(printable(target.serviceName), Math.max(8, Math.floor(columns / 3)));
  const facts = targetFacts(target, session);
  let used = displayWidth(name) + 1;
  const first = facts.filter((fact) => {
    used += displayWidth(fact) + SEPARATOR.length;
    return used <= columns + SEPARATOR.length;
  });
  const rest = facts.slice(first.length);
  return [
    `${style('bold', name)} ${first.join(SEPARATOR)}`,
    ...(rest.length === 0 ? [] : [`  ${truncate(rest.join(SEPARATOR), columns - 2)}`]),
  ];
}

/** `go1.26.8 stripped pie`, `pid 4242`, `3f2a1b9c0d4e`, `libbpf ring`, `10 probes, 2 missing` */
export function targetFacts(target: AttachedTarget, session: SessionState): string[] {
  const { process, probes, unavailable } = target;
  const backend = [session.info?.backend, session.info?.transport].filter((part) => part !== undefined).join(' ');
  const facts = [
    `${printable(target.goVersion.split(' ')[0] ?? '')} ${buildText(target.build)}`,
    `pid ${process.pid}${session.exited.has(process.pid) ? ' (ended)' : ''}`,
    ...(process.containerId === undefined ? [] : [process.containerId.slice(0, 12)]),
    backend,
    ...(isWatched([target], 'sched_execute') ? ['deep'] : []),
    `${probes.length} ${probes.length === 1 ? 'probe' : 'probes'}${unavailable.length === 0 ? '' : `, ${unavailable.length} missing`}`,
  ];
  return facts.filter((fact) => fact !== '');
}

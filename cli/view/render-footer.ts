import type { Style } from '../color.ts';
import { displayWidth, padEnd, truncate } from '../text.ts';
import { agentText, costText, lossText, shownText } from './cost.ts';
import type { LiveState } from './live-state.ts';
import { BAR_PARTS, renderLegend, renderShortLegend } from './phases.ts';
import { renderEstimates, renderWaitLegend, WAIT_PARTS } from './wait-bar.ts';

const KEYS = 'q quit  ? help  l locks  g GC  o process  enter open  / filter  s sort  p pause';
const BACK = 'l locks  g GC  o process  any other key: back';

/** Own cost, losses, the legend, and either the keys or what is being typed. */
export function renderFooter(state: LiveState, columns: number, style: Style): string[] {
  const { stats, losses, shown } = state.session;
  const cost = stats === undefined ? 'cost not measured yet' : `cost ${costText(stats.cost)}`;
  const agent = stats === undefined ? [] : [agentText(stats)];
  const counted = shownText(shown, stats, losses);
  const plainLosses = lossText(losses, (_name, text) => text);
  const lossFits = plainLosses.length + 2 + counted.length <= columns;
  return [
    ...joinOrSplit([cost, ...agent], columns).map((line) => style('dim', line)),
    ...(lossFits
      ? [`${lossText(losses, style)}  ${counted}`]
      : [
          plainLosses.startsWith('LOST') ? style('red', truncate(plainLosses, columns)) : plainLosses,
          truncate(counted, columns),
        ]),
    ...(state.screen === 'overview' || state.screen === 'detail' ? legendLines(state, columns, style) : []),
    style('inverse', padEnd(promptText(state), columns)),
  ].filter((line) => line !== '');
}

/** A line for phases and one for waits, in short words where there is no room for more. */
function legendLines(state: LiveState, columns: number, style: Style): string[] {
  const shown = state.screen === 'overview' ? state.slowest : [state.opened].filter((span) => span !== undefined);
  const guessed = renderEstimates(shown);
  const estimates = guessed === '' ? '' : `  ·  ${guessed}`;
  const phases = fitting(
    [
      (how) => `${renderLegend(how)}${estimates}`,
      (how) => `${renderShortLegend(BAR_PARTS, how)}${estimates}`,
      renderLegend,
    ],
    columns,
    style,
  );
  return [...phases, ...fitting([renderWaitLegend, (how) => renderShortLegend(WAIT_PARTS, how)], columns, style)];
}

/** The first form that there is room for. */
function fitting(forms: readonly ((how: Style) => string)[], columns: number, style: Style): string[] {
  const plain: Style = (_name, text) => text;
  const form = forms.find((candidate) => displayWidth(candidate(plain)) <= columns);
  return form === undefined ? [] : [form(style)];
}

function joinOrSplit(parts: readonly string[], columns: number): string[] {
  const joined = parts.join(' · ');
  return joined.length <= columns ? [joined] : parts.map((part) => truncate(part, columns));
}

function promptText(state: LiveState): string {
  if (state.stopping) return 'detaching …';
  if (state.typing !== undefined) return `filter by route, path or status (404, 5xx, error): ${state.typing}_`;
  if (state.screen === 'locks') return `↑↓ choose  ${BACK}`;
  if (state.screen !== 'overview') return `↑↓ scroll  ${BACK}`;
  const filter = state.filter === '' ? '' : `filter: ${state.filter} (esc clears)  `;
  return `${state.paused ? 'PAUSED  ' : ''}${filter}${KEYS}`;
}

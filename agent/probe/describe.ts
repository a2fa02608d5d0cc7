import type { Plan, PlannedProbe, Unavailable } from './plan.ts';

const WIDTH = 96;

/** The plan for a person: one probe after the other with its function, site and cost, then what is missing and why. */
export function describePlan(plan: Plan): string {
  const lines = [
    `${printable(plan.executable)}  ${printable(plan.goVersion)}, ${plan.arch}, ${plan.probes.length} probes`,
    '',
    row(['ROLE', 'PER', 'COST', 'SITE', 'ADDRESS', 'INSTRUCTION']),
    ...plan.probes.flatMap(describeProbe),
  ];
  if (plan.unavailable.length > 0) lines.push('', 'NOT AVAILABLE', ...plan.unavailable.flatMap(describeMissing));
  return `${lines.join('\n')}\n`;
}

const COLUMNS = [23, 10, 8, 14, 10] as const;

function row(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0))
    .join(' ')
    .trimEnd();
}

function describeProbe(probe: PlannedProbe): string[] {
  const { role, variant, per, cost, site, address, instruction, symbol, host, spare } = probe;
  const where = host === symbol ? symbol : `${symbol}, inlined into ${host}`;
  return [
    row([label(role, variant), spare ? 'low rate' : per, cost, site, `0x${address.toString(16)}`, instruction]),
    ...wrap(printable(where), 2),
  ];
}

function describeMissing({ what, variant, reason }: Unavailable): string[] {
  return wrap(`${label(what, variant)}: ${printable(reason)}`, 2);
}

const label = (what: string, variant: 0 | 1) => (variant === 1 ? `${what} (x/net)` : what);

/** Breaks at spaces; continuation lines are indented once more. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(indent * 2);
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Names come from the file: no control characters reach a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

import { ProgramCache } from '../../agent/programs.ts';
import { buildText } from '../build-text.ts';
import type { CommandContext } from '../context.ts';
import { writeJson, writeLine } from '../output.ts';
import { formatTable } from '../table.ts';
import { printable } from '../text.ts';
import { collectRows, type ProcessRow } from './row.ts';

const HEADER = ['PID', 'NAME', 'GO', 'BUILD', 'HTTP', 'PORTS', 'ATTACH'];
const NAME_COLUMNS = 24;

export async function ps(flags: { output: 'text' | 'json' }, context: CommandContext): Promise<void> {
  const { rows, hidden } = collectRows(new ProgramCache());
  if (flags.output === 'json') {
    for (const row of rows) writeJson(context.stdout, 'process', row);
    return;
  }
  if (rows.length > 0) for (const line of formatTable(HEADER, rows.map(cells))) writeLine(context.stdout, line);
  else context.stderr.write('httptrace: no Go process is running here.\n');
  if (hidden > 0 && process.geteuid?.() !== 0) {
    context.stderr.write(`httptrace: processes of other users are not shown (${hidden}). Run the command with sudo.\n`);
  }
}

function cells(row: ProcessRow): string[] {
  const name = row.name.length > NAME_COLUMNS ? `${row.name.slice(0, NAME_COLUMNS - 1)}…` : row.name;
  const text = [
    String(row.pid),
    name,
    row.goVersion?.replace(/^go/, '').split(' ')[0] ?? '?',
    row.build === undefined ? '?' : buildText(row.build),
    row.stacks.join(', ') || '-',
    row.ports.join(',') || '-',
    row.attachable ? 'yes' : `no: ${row.reason}`,
  ];
  return text.map(printable);
}

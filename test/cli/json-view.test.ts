import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { CommandContext } from '../../cli/context.ts';
import { JsonView } from '../../cli/view/json.ts';
import { INFO, summary } from './synthetic.ts';

const EARLY = 'bpftrace is used instead of libbpf: no loader';

function viewed(use: (view: JsonView) => void): { lines: { type: string; data: unknown }[]; stderr: string } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const { stdin, env } = process;
  const context: CommandContext = { stdin, stdout, stderr, env, color: false, setExitCode: () => undefined };
  const view = new JsonView(context);
  use(view);
  view.close();
  const text = (stream: PassThrough): string => `${stream.read() ?? ''}`;
  const lines = text(stdout).split('\n').filter(Boolean);
  return { lines: lines.map((line) => JSON.parse(line)), stderr: text(stderr) };
}

test('what is said before the session begins comes behind its line', () => {
  const { lines, stderr } = viewed((view) => {
    view.warning(EARLY);
    view.start(INFO);
    view.warning('later');
    void view.finish(summary());
  });
  expect(lines.map(({ type }) => type).slice(0, 3)).toEqual(['session', 'warning', 'warning']);
  expect(lines[1]?.data).toMatchObject({ text: EARLY });
  expect(stderr).toBe('');
});

test('and on standard error where it never begins', () => {
  const { lines, stderr } = viewed((view) => view.warning(EARLY));
  expect(lines).toEqual([]);
  expect(stderr).toBe(`httptrace: ${EARLY}\n`);
});

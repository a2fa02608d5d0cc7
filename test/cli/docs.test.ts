import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { manPage } from '../../cli/man/page.ts';
import { createProgram } from '../../cli/program.ts';

const { stdin, stdout, stderr } = process;
const program = createProgram({ stdin, stdout, stderr, env: {} }, () => undefined);
const doc = (name: string): string => readFileSync(resolve(import.meta.dirname, '../../docs', name), 'utf8');

it('the manual page is the one that the command tree makes (node cli/man/write.ts)', () => {
  expect(doc('httptrace.1')).toBe(manPage(program));
});

describe('docs/cli.md', () => {
  const text = doc('cli.md');

  it.each(program.commands.map((command) => [command.name(), command] as const))(
    'has the options of %s',
    (_name, command) => {
      expect(text).toContain(`## httptrace ${command.name()}`);
      for (const option of command.options.filter((candidate) => !candidate.hidden)) {
        expect(text).toContain(`\`${option.flags}\``);
      }
    },
  );

  it('has every exit code', () => {
    for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});

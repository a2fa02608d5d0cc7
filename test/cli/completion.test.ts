import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../cli/completion/script.ts';
import { createProgram } from '../../cli/program.ts';

const { stdin, stdout, stderr } = process;
const program = createProgram({ stdin, stdout, stderr, env: {} }, () => undefined);
const bash = completionScript('bash', program);

/** What bash offers after these words. */
async function complete(...words: string[]): Promise<string[]> {
  const script = `${bash}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _httptrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const result = await execa('bash', ['-c', script, 'bash', ...words]);
  return result.stdout.split('\n');
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  it('has every command and every visible option', () => {
    const script = completionScript(shell, program);
    for (const command of program.commands) {
      expect(script).toContain(command.name());
      for (const option of command.options) {
        const name = shell === 'fish' ? `-l ${option.long?.slice(2)} ` : option.long;
        if (option.hidden) expect(script).not.toContain(`[${option.description}]`);
        else expect(script).toContain(name);
      }
    }
  });
});

describe('bash', () => {
  it('completes commands, options and values', async () => {
    expect(await complete('httptrace', 'att')).toEqual(['attach']);
    expect(await complete('httptrace', 'attach', '--otlp-e')).toEqual(['--otlp-endpoint']);
    expect(await complete('httptrace', 'attach', '--output', '')).toEqual(['auto', 'live', 'lines', 'json']);
    expect(await complete('httptrace', 'ps', '-o', 'j')).toEqual(['json']);
    expect(await complete('httptrace', 'completion', 'z')).toEqual(['zsh']);
    expect(await complete('httptrace', '--color', 'attach', '--transport', 'p')).toEqual(['perf']);
  });
});

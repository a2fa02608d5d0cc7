import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { attachCommand } from '../../cli/commands/attach.ts';
import { parseConfig } from '../../cli/config-file.ts';
import { CliError } from '../../cli/errors.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { applySettings, settingNames } from '../../cli/settings.ts';

const noContext = (): never => {
  throw new Error('the command must not run');
};

/** The options of `attach` after flags, variables and a configuration file. */
function resolve(args: readonly string[], env: Record<string, string> = {}, yaml?: string): Record<string, unknown> {
  const command = attachCommand(noContext).action(() => undefined);
  new Command().addCommand(command);
  command.parse([...args], { from: 'user' });
  const known = settingNames([command]);
  const config =
    yaml === undefined ? undefined : { path: '/etc/x.yaml', values: parseConfig(yaml, '/etc/x.yaml', known) };
  applySettings(command, env, config);
  return command.opts();
}

function usageMessage(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.usage) return `${error.message} | ${error.hint}`;
    throw error;
  }
  throw new Error('it did not throw');
}

describe('precedence', () => {
  it('flag, then variable, then file, then default', () => {
    const yaml = 'min-duration: 1ms\nsample: 0.25\ntransport: perf';
    const env = { HTTPTRACE_MIN_DURATION: '2ms', HTTPTRACE_SAMPLE: '0.5' };
    const options = resolve(['1', '--min-duration', '3ms'], env, yaml);
    expect(options).toMatchObject({ minDuration: 3e6, sample: 0.5, transport: 'perf', backend: 'auto' });
  });

  it('an empty variable counts as unset', () => {
    expect(resolve(['1'], { HTTPTRACE_SAMPLE: '' }, 'sample: 0.25')).toMatchObject({ sample: 0.25 });
  });

  it('lists come from commas and from YAML lists', () => {
    expect(resolve(['1'], { HTTPTRACE_HEADER: 'x-a, x-b' })).toMatchObject({ header: ['X-A', 'X-B'] });
    expect(resolve(['1'], {}, 'status: [404, 5xx]\nname: [a, b]')).toMatchObject({
      status: [
        { from: 404, to: 404 },
        { from: 500, to: 599 },
      ],
      name: ['a', 'b'],
    });
    expect(resolve(['--port', '1', '--port', '2,3'])).toMatchObject({ port: [1, 2, 3] });
  });

  it('switches can be set both ways', () => {
    expect(resolve(['1'])).toMatchObject({ query: true });
    expect(resolve(['1'])['follow']).toBeUndefined();
    expect(resolve(['1'], { HTTPTRACE_QUERY: 'false', HTTPTRACE_FOLLOW: 'no' })).toMatchObject({
      query: false,
      follow: false,
    });
    expect(resolve(['1', '--no-follow'], { HTTPTRACE_FOLLOW: '1' })).toMatchObject({ follow: false });
  });

  it('is per name: --dry-run and --output have no variable', () => {
    expect(resolve(['1'], { HTTPTRACE_DRY_RUN: '1', HTTPTRACE_OUTPUT: 'json' })).toMatchObject({ output: 'auto' });
  });
});

describe('what is wrong is named', () => {
  it.each([
    [
      'a bad variable',
      () => resolve(['1'], { HTTPTRACE_SAMPLE: '2' }),
      /HTTPTRACE_SAMPLE cannot be "2" \| Write a number from 0 to 1/,
    ],
    ['a bad switch', () => resolve(['1'], { HTTPTRACE_QUERY: 'maybe' }), /HTTPTRACE_QUERY.*Write true or false/],
    [
      'a bad value in the file',
      () => resolve(['1'], {}, 'min-duration: soon'),
      /"min-duration" in \/etc\/x.yaml cannot be "soon"/,
    ],
    [
      'an unknown key',
      () => resolve(['1'], {}, 'min_duration: 1ms'),
      /unknown key "min_duration" \| Known keys: .*min-duration/,
    ],
    ['a nested value', () => resolve(['1'], {}, 'name: { a: 1 }'), /"name" in \/etc\/x.yaml must be a value or a list/],
    ['not a mapping', () => resolve(['1'], {}, '- a'), /must be a mapping/],
    ['broken YAML', () => resolve(['1'], {}, 'a: [1'), /not valid YAML: .*line 1/],
    ['aliases', () => resolve(['1'], {}, 'name: &a [x]\nexe: *a'), /cannot be used.*Write it without aliases/],
  ])('%s', (_what, action, expected) => {
    expect(usageMessage(action)).toMatch(expected);
  });

  it('an empty file is a file without settings', () => {
    expect(resolve(['1'], {}, '')).toMatchObject({ sample: 1 });
  });
});

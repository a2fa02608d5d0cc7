import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { toSessionOptions } from '../../cli/attach/session-options.ts';
import { attachCommand } from '../../cli/commands/attach.ts';
import type { AttachFlags } from '../../cli/commands/attach-options.ts';

function signalsOf(args: readonly string[], env: Record<string, string>) {
  const command = attachCommand(() => {
    throw new Error('the command must not run');
  }).action(() => undefined);
  new Command().addCommand(command);
  command.parse(['1', ...args], { from: 'user' });
  const { otlp } = toSessionOptions(command.opts<AttachFlags>(), [], [], env);
  return otlp && [otlp.traces && 'traces', otlp.metrics && 'metrics'].filter(Boolean);
}

describe('what is exported', () => {
  test.each([
    [[], {}, undefined],
    [['--otlp-endpoint', 'http://c:4317'], {}, ['traces', 'metrics']],
    [['--otlp-endpoint', 'http://c:4317', '--no-otlp-metrics'], {}, ['traces']],
    [[], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }, ['traces', 'metrics']],
    [[], { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
    [[], { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4317' }, ['traces']],
    [[], { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4317' }, ['metrics']],
    [['--no-otlp-metrics'], { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4317' }, undefined],
  ])('%j %j', (args: string[], env: Record<string, string>, signals) => {
    expect(signalsOf(args, env)).toEqual(signals);
  });
});

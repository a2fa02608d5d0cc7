import { describe, expect, it } from 'vitest';
import { BackendError } from '../../agent/backend/backend.ts';
import { BinaryError } from '../../agent/gobinary/errors.ts';
import { PlanError } from '../../agent/probe/error.ts';
import { TargetError } from '../../agent/target/error.ts';
import { exitCodeOf, formatError, usageError } from '../../cli/errors.ts';

describe('exit codes', () => {
  it.each([
    [usageError('x'), 2],
    [new TargetError('gone', 'x', 'y'), 3],
    [new TargetError('reused', 'x', 'y'), 3],
    [new TargetError('no_match', 'x', 'y'), 3],
    [new TargetError('permission', 'x', 'y'), 4],
    [new TargetError('sandboxed', 'x', 'y'), 4],
    [new TargetError('kernel_thread', 'x', 'y'), 5],
    [new BackendError('permission', 'x', 'y'), 4],
    [new BackendError('feature', 'x', 'y'), 4],
    [new BackendError('loader', 'x', 'y'), 1],
    [new BinaryError('not_go', 'x'), 5],
    [new BinaryError('too_old', 'x'), 5],
    [new BinaryError('bits32', 'x'), 5],
    [new BinaryError('truncated', 'x'), 5],
    [new PlanError('no_http_server', 'x'), 5],
    [new Error('x'), 1],
    ['x', 1],
  ])('%s: %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('messages', () => {
  it('say what and what to do next, on one line', () => {
    expect(formatError(new TargetError('gone', 'there is no process 7', 'Run `httptrace ps`'))).toBe(
      'httptrace: there is no process 7. Run `httptrace ps`.',
    );
    expect(formatError(new Error('a\nb\x1b[31m'))).toBe('httptrace: a\\nb\\x1b[31m.');
    expect(formatError(usageError('no.', 'Sure?'))).toBe('httptrace: no. Sure?');
  });
});

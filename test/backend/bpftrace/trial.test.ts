import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { tryGuard } from '../../../agent/backend/bpftrace/trial.ts';

const path = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = path;
});

test('a command that is guarded runs', async () => {
  const [file = 'env', ...args] = await tryGuard();
  expect(execFileSync(file, [...args, 'echo', 'it runs'], { encoding: 'utf8' })).toBe('it runs\n');
});

test('there is no guard where nothing can be one', async () => {
  process.env['PATH'] = '/nonexistent';
  expect(await tryGuard()).toEqual([]);
});

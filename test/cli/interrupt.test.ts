import { resolve } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const INTERRUPT = resolve(import.meta.dirname, '../../cli/attach/interrupt.ts');

/** A session that never ends: only a second signal stops it. */
const SCRIPT = `
import { Interrupt } from ${JSON.stringify(INTERRUPT)};
const interrupt = new Interrupt(() => process.exit(130));
interrupt.signal.addEventListener('abort', () => console.log('detaching'));
setInterval(() => undefined, 1000);
console.log('running');
`;

it('asks for an orderly end at the first signal, stops at once with 130 at the second', async () => {
  const run = execa(process.execPath, ['--input-type=module', '-e', SCRIPT], { reject: false, stdin: 'ignore' });
  run.stdout.on('data', () => run.kill('SIGINT'));
  const result = await run;
  expect(result.stdout.split('\n')).toEqual(['running', 'detaching']);
  expect(result.exitCode).toBe(130);
});

import { readFileSync } from 'node:fs';

/** Times of all processors so far, in ticks (proc(5), /proc/stat, first line; `steal` is the eighth). */
function processorTimes(): { readonly all: number; readonly steal: number } {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const ticks = line.split(/ +/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, value) => sum + value, 0), steal: ticks[7] ?? 0 };
}

/** Runs something and tells which share of the processors' time the hypervisor took away meanwhile, 0 to 1. */
export async function withSteal<T>(run: () => Promise<T>): Promise<{ readonly value: T; readonly steal: number }> {
  const before = processorTimes();
  const value = await run();
  const after = processorTimes();
  return { value, steal: (after.steal - before.steal) / Math.max(1, after.all - before.all) };
}

import type { Span } from './types.ts';

const PARTS = [
  'cpu',
  ...['mutex', 'gc_stw', 'gc_assist', 'scheduler', 'channel', 'network', 'syscall', 'sleep', 'other'].map(
    (wait) => `wait.${wait}`,
  ),
];
/** What may be missing or too much: this share of the duration, or so many nanoseconds. */
const SHARE = 0.01;
const LEAST_NS = 20_000;

/** Of each span with all its waits: whether they add up to its duration. */
export function conservation(spans: readonly Span[]): { readonly judged: number; readonly off: readonly string[] } {
  const off: string[] = [];
  let judged = 0;
  for (const { attributes, duration_ns, name } of spans) {
    const parts = PARTS.map((part) => attributes[`httptrace.${part}`]);
    if (parts.some((part) => part === undefined)) continue;
    judged++;
    const sum = parts.reduce<number>((total, part) => total + Number(part), 0);
    if (Math.abs(sum - duration_ns) > Math.max(LEAST_NS, duration_ns * SHARE)) {
      off.push(`${name}: ${sum} of ${duration_ns}: ${PARTS.map((part, i) => `${part} ${parts[i]}`).join(', ')}`);
    }
  }
  return { judged, off };
}

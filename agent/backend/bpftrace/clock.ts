import { readFileSync } from 'node:fs';

/** /proc/uptime counts in hundredths, and the two clocks are not read at one moment: less than this is no difference. */
const SAME_NS = 50_000_000n;

/**
 * What CLOCK_MONOTONIC, which records carry, is ahead of CLOCK_BOOTTIME, which `nsecs` of older bpftrace is: minus the time
 * that the machine was asleep since it was booted, exact where it never was, else to a hundredth of a second.
 */
export function monotonicMinusBoottime(): bigint {
  const seconds = /^(\d+)\.(\d\d)/.exec(readFileSync('/proc/uptime', 'latin1'));
  const monotonic = process.hrtime.bigint();
  if (seconds === null) return 0n;
  const boot = BigInt(seconds[1] ?? '0') * 1_000_000_000n + BigInt(seconds[2] ?? '0') * 10_000_000n;
  const difference = monotonic - boot;
  return difference < SAME_NS && difference > -SAME_NS ? 0n : difference;
}

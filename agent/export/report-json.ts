import type { GcReport } from '../correlate/waits/gc-report.ts';
import type { LockReport, Tally } from '../correlate/waits/lock-report.ts';
import type { CodePlace, LockKind } from '../correlate/waits/place.ts';
import type { Role } from '../probe/plan.ts';
import type { ProcessReport } from '../view.ts';

/** One line must not grow with the number of locks that a program has. */
export const MAX_LOCKS = 100;

/** A lock of the program; the others are inside of net/http and the runtime. */
export function isOwn({ kind }: LockReport): boolean {
  return kind !== 'other';
}

/** Nobody holds these: their holder is not unknown. */
const WITHOUT_HOLDER: ReadonlySet<LockKind> = new Set(['cond', 'other']);

/** An element of `locks` (docs/ndjson.md). */
export function lockJson(lock: LockReport): object {
  return {
    pid: lock.pid,
    address: `0x${lock.lock.toString(16)}`,
    kind: lock.kind,
    count: lock.count,
    total_ns: lock.total,
    longest_ns: lock.longest,
    unknown_holder_ns: WITHOUT_HOLDER.has(lock.kind) ? undefined : lock.unknownHolder,
    waited_at: lock.waitedAt.map(placeTally),
    held_at: lock.heldAt.map(placeTally),
    waiting_routes: lock.waiting.map(routeTally),
    holding_routes: lock.holding.map(routeTally),
  };
}

/** `gc` (docs/ndjson.md). */
export function gcJson(gc: GcReport): object {
  return {
    cycles: gc.cycles,
    pauses: gc.pauses.map(({ reason, isGc, count, total, byRuntime, longest }) => ({
      reason,
      is_gc: isGc,
      count,
      total_ns: total,
      by_runtime_ns: byRuntime,
      longest_ns: longest,
    })),
    requests: gc.requests,
    requests_stopped: gc.touched,
    requests_stopped_total_ns: gc.touchedTotal,
    requests_stopped_longest_ns: gc.touchedLongest,
  };
}

/** `process` (docs/ndjson.md). What is not watched is left out. */
export function processJson(report: ProcessReport, roles: ReadonlySet<Role>): object {
  const { assists, assistTime, waits, waitTime, delays, delayTime, runtimeLocks, panics } = report;
  return {
    waits: roles.has('sem_woken') || roles.has('cond_woken') ? { count: waits, total_ns: waitTime } : undefined,
    assists: roles.has('assist_end') ? { count: assists, total_ns: assistTime } : undefined,
    delays: roles.has('sched_execute') ? delays : undefined,
    delay_ns: roles.has('sched_execute') ? delayTime : undefined,
    runtime_locks: runtimeLocks && {
      count: runtimeLocks.count,
      total_ns: runtimeLocks.total,
      longest_ns: runtimeLocks.longest,
    },
    panics: roles.has('panic') ? { count: panics.all, ended_requests: panics.ofRequests } : undefined,
  };
}

function placeTally({ of, count, total }: Tally<CodePlace>): object {
  return { function: of.function, file: of.file, line: of.line, count, total_ns: total };
}

function routeTally({ of, count, total }: Tally<string>): object {
  return { name: of, count, total_ns: total };
}

import type { GoBinary } from '../gobinary/binary.ts';
import { allGoroutines } from './all-goroutines.ts';
import { type FieldRef, offsetOf, ref } from './field.ts';
import type { Layout, Unavailable } from './plan.ts';

const inG = (field: string): FieldRef => ref('runtime', 'g', field);

/**
 * What the loader needs to read goroutines from outside (`struct sampler_layout` in bpf/loader/sample.h). No probe:
 * these members are not part of `struct target_config`.
 */
const MEMBERS: Readonly<Record<string, readonly FieldRef[]>> = {
  g_status: [inG('atomicstatus')],
  g_goid: [inG('goid')],
  g_reason: [inG('waitreason')],
  g_pc: [inG('sched'), ref('runtime', 'gobuf', 'pc')],
  g_bp: [inG('sched'), ref('runtime', 'gobuf', 'bp')],
  g_stack_lo: [inG('stack'), ref('runtime', 'stack', 'lo')],
  g_stack_hi: [inG('stack'), ref('runtime', 'stack', 'hi')],
  /** Go 1.23 and later: before, the frame pointer of a goroutine in a system call is not kept. */
  g_syscall_pc: [inG('syscallpc')],
  g_syscall_bp: [inG('syscallbp')],
  /** Changes whenever the goroutine stops running: while it is the same, so is the stack. */
  g_seq: [inG('trackingSeq')],
  /** Go 1.21 and later. */
  g_parent: [inG('parentGoid')],
  g_gopc: [inG('gopc')],
};

const NEEDED = ['g_status', 'g_goid', 'g_reason', 'g_pc', 'g_bp', 'g_stack_lo', 'g_stack_hi', 'g_gopc'] as const;
const PREFIX = 'sampler.';

/** Members that are link-time addresses. */
export const SAMPLER_ADDRESSES: readonly string[] = [
  'sampler.allglen',
  'sampler.allgptr',
  'sampler.background_read',
  'sampler.background_read_end',
];

/** Starts the goroutine that waits for the next byte of a connection while a handler runs. */
const BACKGROUND_READ = 'net/http.(*connReader).startBackgroundRead';

/** Empty where something is missing without which nothing can be read. */
export function samplerLayout(binary: GoBinary): Layout {
  if (binary.waitReasons() === undefined) return {};
  const members = new Map<string, number>();
  for (const [name, path] of Object.entries(MEMBERS)) {
    const offset = offsetOf(binary, path);
    if (offset !== undefined) members.set(PREFIX + name, offset);
  }
  if (NEEDED.some((name) => !members.has(PREFIX + name))) return {};
  const list = allGoroutines(binary);
  if (list !== undefined) {
    members.set('sampler.allglen', list.length);
    members.set('sampler.allgptr', list.first);
  }
  const background = binary.find(BACKGROUND_READ);
  if (background !== undefined) {
    members.set('sampler.background_read', background.start);
    members.set('sampler.background_read_end', background.end);
  }
  return Object.fromEntries(members);
}

/** What of it this binary cannot give, each with its reason. */
export function missingSamples(layout: Layout): Unavailable[] {
  const has = (name: string): boolean => layout[PREFIX + name] !== undefined;
  const missing = (what: string, reason: string): Unavailable => ({ what, variant: 0, reason });
  if (!has('g_status')) {
    return [
      missing(
        'goroutine samples',
        'the binary does not tell how a goroutine is laid out: nothing is said of scheduler, channels and network',
      ),
    ];
  }
  if (!has('allgptr')) {
    return [missing('goroutines', 'the binary does not tell where the list of goroutines is: leaks are not seen')];
  }
  if (!has('g_parent')) {
    return [
      missing('goroutines of requests', 'a goroutine does not know its parent before Go 1.21: only places are counted'),
    ];
  }
  return [];
}

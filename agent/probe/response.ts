import type { Role } from './plan.ts';

/** The programs read `net/http.response` from `written` on, 64 bytes in one go (bpf/http1.bpf.c): all but the last word's start. */
const TAIL = 56;

const BEHIND_WRITTEN = ['response_status', 'response_handler_done'];

/** Forgets the members that do not lie in the stretch that is read. */
export function keepTail(layout: Map<string, number>): void {
  const written = layout.get('response_written') ?? Number.NaN;
  for (const member of BEHIND_WRITTEN) {
    const from = (layout.get(member) ?? Number.NaN) - written;
    if (!(from >= 0 && from <= TAIL)) layout.delete(member);
  }
}

/**
 * The end of a handler is seen without its probe where the response says that the handler has returned: system
 * calls follow soon. The probe is then for exact times while there are few requests, for connections whose system
 * calls are not seen, and for exact accounts.
 */
export function isSpare(role: Role, layout: Readonly<Record<string, number>>, deep: boolean): boolean {
  return role === 'http1_finish' && !deep && layout['response_handler_done'] !== undefined;
}

import { cleanLine } from '../clean.ts';
import type { AddressResolver } from '../resolver.ts';

/** A place in the program's source. Cleaned. */
export interface CodePlace {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** `sync.Mutex` and what builds on it alone; the two sides of a `sync.RWMutex`; the others by their names. */
export type LockKind = 'mutex' | 'rwmutex_read' | 'rwmutex_write' | 'wait_group' | 'cond' | 'other';

/** What a stack in the slow path of package sync says. */
export interface LockPlace {
  readonly kind: LockKind;
  /** Bytes from the lock's own address to what the runtime waits at. */
  readonly offset: number;
  /** The first function outside of package sync. */
  readonly place: CodePlace | undefined;
}

/** What follows a package's name: no slash but in type arguments. `sync.io/x` is another package. */
const OF_PACKAGE = '[^/[]*(?:\\[|$)';
/** Go's own way from package sync into the runtime: runtime.semacquire1, sync.runtime_SemacquireMutex, ... */
const ENTRY = new RegExp(`^(?:runtime\\.|(?:internal/)?sync\\.runtime_)${OF_PACKAGE}`);
const SYNC = new RegExp(`^(?:internal/)?sync\\.${OF_PACKAGE}`);

/** The layouts of sync/mutex.go, rwmutex.go, waitgroup.go and cond.go; a test holds them against type descriptors. */
export const SEMAPHORES = {
  mutex: 4,
  writer: 8,
  reader: 12,
  waitGroup: 8,
  cond: 16,
} as const;

interface Rule {
  /** Of the innermost function of package sync. */
  readonly inner: RegExp;
  readonly kind: LockKind;
  readonly offset: number;
}

const RULES: readonly Rule[] = [
  { inner: /\(\*Mutex\)\./, kind: 'mutex', offset: SEMAPHORES.mutex },
  // Taking: readers wait at readerSem, writers at writerSem.
  { inner: /\(\*RWMutex\)\.R(?:Lock|lock)/, kind: 'rwmutex_read', offset: SEMAPHORES.reader },
  { inner: /\(\*RWMutex\)\.Lock/, kind: 'rwmutex_write', offset: SEMAPHORES.writer },
  // Giving back: a writer lets readers go, the last reader the writer.
  { inner: /\(\*RWMutex\)\.Unlock/, kind: 'rwmutex_write', offset: SEMAPHORES.reader },
  { inner: /\(\*RWMutex\)\.[rR]Unlock/, kind: 'rwmutex_read', offset: SEMAPHORES.writer },
  { inner: /\(\*WaitGroup\)\./, kind: 'wait_group', offset: SEMAPHORES.waitGroup },
  { inner: /\(\*Cond\)\./, kind: 'cond', offset: SEMAPHORES.cond },
];

const OUTER_WRITE = /\(\*RWMutex\)\.(?:Lock|Unlock)/;

/** @param stack run-time addresses, innermost first: a program counter, then return addresses */
export function lockPlace(stack: readonly number[], resolver: AddressResolver): LockPlace {
  const frames = stack.flatMap((address, index) => resolver.frames(index === 0 ? address : address - 1));
  const first = frames.findIndex((frame) => !ENTRY.test(frame.function));
  if (first === -1) return { kind: 'other', offset: 0, place: undefined };
  const rest = frames.slice(first);
  const outside = rest.findIndex((frame) => !SYNC.test(frame.function));
  const own = rest[outside];
  const place = own && { function: cleanLine(own.function), file: cleanLine(own.file), line: own.line };
  const inside = outside === -1 ? rest : rest.slice(0, outside);
  const rule = RULES.find(({ inner }) => inner.test(inside[0]?.function ?? ''));
  if (rule === undefined) return { kind: 'other', offset: 0, place };
  // RWMutex has a Mutex as its first field: writers wait for each other there.
  const isWriter = rule.kind === 'mutex' && inside.some((frame) => OUTER_WRITE.test(frame.function));
  return { kind: isWriter ? 'rwmutex_write' : rule.kind, offset: rule.offset, place };
}

/** Whether waits of this kind have an owner who can be blamed. */
export function isLock(kind: LockKind): boolean {
  return kind === 'mutex' || kind === 'rwmutex_read' || kind === 'rwmutex_write';
}

/** `store.go:88` */
export function shortPlace({ file, line }: CodePlace): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}

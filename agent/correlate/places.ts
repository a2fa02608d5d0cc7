import { stackAddresses } from '../record/decode-samples.ts';
import { cleanLine } from './clean.ts';
import { Memo } from './memo.ts';
import type { AddressResolver } from './resolver.ts';

/** A line of the program. Cleaned. */
export interface Place {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** What a stack tells of a wait. */
interface Wait {
  readonly place: Place | undefined;
  readonly inGroup: boolean;
}

const REMEMBERED = 4096;
const GROUP_WAIT = 'sync.(*WaitGroup).Wait';

/**
 * Packages that wait on behalf of others: the line that a person looks for is the one that called them. By import
 * path; all under it too.
 */
const PLUMBING = [
  'runtime',
  'internal',
  'sync',
  'syscall',
  'time',
  'net',
  'os',
  'io',
  'bufio',
  'context',
  'crypto',
  'golang.org/x/net',
  'golang.org/x/sync',
  'vendor',
];

/** Where a goroutine waits: from its stack to a line of the program. */
export class Places {
  readonly #resolver: AddressResolver;
  readonly #stacks = new Memo<Wait>(REMEMBERED, (stack) => this.#read(stack));

  constructor(resolver: AddressResolver) {
    this.#resolver = resolver;
  }

  /** Of `Sample.stack`: the innermost line outside of the standard library's plumbing, else outside of the runtime. */
  of(stack: string): Place | undefined {
    return this.#stacks.get(stack).place;
  }

  /** Whether it passes sync.(*WaitGroup).Wait before it comes to the program's own lines. */
  isInGroup(stack: string): boolean {
    return this.#stacks.get(stack).inGroup;
  }

  /** The line of a `go` statement. */
  ofReturn(address: number): Place | undefined {
    return this.#frames(address - 1)[0];
  }

  #read(stack: string): Wait {
    let fallback: Place | undefined;
    let inGroup = false;
    for (const [index, address] of stackAddresses(stack).entries()) {
      // All but the first are return addresses, one past the call.
      for (const place of this.#frames(index === 0 ? address : address - 1)) {
        if (place.function === GROUP_WAIT) inGroup = true;
        if (!isPlumbing(place.function)) return { place, inGroup };
        if (!/^(runtime|internal)[./]/.test(place.function)) fallback ??= place;
      }
    }
    return { place: fallback, inGroup };
  }

  #frames(address: number): readonly Place[] {
    return this.#resolver
      .frames(address)
      .map((frame) => ({ function: cleanLine(frame.function), file: cleanLine(frame.file), line: frame.line }));
  }
}

function isPlumbing(name: string): boolean {
  const path = packageOf(name);
  return PLUMBING.some((one) => path === one || path.startsWith(`${one}/`));
}

/** Of a function's full name, such as `net/http.(*conn).serve` or `example.com/a.b/c.main.func1`. */
function packageOf(name: string): string {
  const dot = name.indexOf('.', name.lastIndexOf('/', bracket(name)) + 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/** Type arguments may hold slashes. */
function bracket(name: string): number {
  const at = name.indexOf('[');
  return at < 0 ? name.length : at;
}

import { damaged } from './errors.ts';
import type { FunctionRecord } from './function-table.ts';
import type { Image } from './image.ts';
import { type PclntabTables, stringAt } from './pclntab.ts';
import { type PcRange, pcRanges } from './pcvalue.ts';

/** One inlined call: who was called, and the instruction (bytes from the entry) that stands for the call site. */
export interface InlinedCall {
  readonly name: string;
  readonly parentPc: number;
}

/** An inlined call and the code that came from it, its own inlined calls included. Bytes from the entry. */
export interface InlinedStretch {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const PCDATA_INL_TREE_INDEX = 2;
const FUNCDATA_INL_TREE = 3;
/** Go: runtime.inlinedCall. */
const ENTRY = {
  'go1.18': { size: 20, name: 12, parentPc: 16 },
  'go1.20': { size: 16, name: 4, parentPc: 8 },
} as const;
const MAX_INDEX = 1 << 20;
const MAX_DEPTH = 256;
const MAX_STRETCHES = 100_000;
const MAX_WORK = 1_000_000;

/** The calls that were inlined into one function (Go: FUNCDATA_InlTree, PCDATA_InlTreeIndex). */
export class InlineTree {
  readonly #image: Image;
  readonly #tables: PclntabTables;
  readonly #ranges: readonly PcRange[];
  readonly #address: number | undefined;
  readonly #chains = new Map<number, readonly number[]>();
  readonly #calls = new Map<number, InlinedCall>();
  readonly #length: number;
  #work = 0;

  /** `gofunc`: moduledata.gofunc, from which function data are counted. */
  constructor(image: Image, tables: PclntabTables, gofunc: number, fn: FunctionRecord) {
    this.#image = image;
    this.#tables = tables;
    this.#length = fn.end - fn.start;
    const offset = fn.funcdata[FUNCDATA_INL_TREE];
    this.#address = offset === undefined ? undefined : gofunc + offset;
    const table = offset === undefined ? 0 : (fn.pcdata[PCDATA_INL_TREE_INDEX] ?? 0);
    this.#ranges = [...pcRanges(image, tables, table, this.#length)];
  }

  /** The inlined calls that the instruction at `pc` belongs to, innermost first. */
  callsAt(pc: number): readonly InlinedCall[] {
    return this.#chain(this.#indexAt(pc)).map((index) => this.#call(index));
  }

  /** All stretches by start, an outer one before those inside it. */
  stretches(): readonly InlinedStretch[] {
    const done: (InlinedStretch & { depth: number })[] = [];
    let open: { index: number; start: number; end: number }[] = [];
    const close = (keep: number): void => {
      open.slice(keep).forEach(({ index, start, end }, i) => {
        done.push({ name: this.#call(index).name, start, end, depth: keep + i });
      });
      open = open.slice(0, keep);
      if (done.length > MAX_STRETCHES) throw damaged('too much is inlined into one function');
    };
    for (const range of this.#ranges) {
      const chain = this.#chain(range.value).toReversed();
      close(commonLength(open, chain));
      for (const stretch of open) stretch.end = range.end;
      for (const index of chain.slice(open.length)) open.push({ index, start: range.start, end: range.end });
    }
    close(0);
    done.sort((a, b) => a.start - b.start || a.depth - b.depth);
    return done.map(({ name, start, end }) => ({ name, start, end }));
  }

  #indexAt(pc: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as PcRange).end <= pc) low = middle + 1;
      else high = middle;
    }
    return this.#ranges[low]?.value ?? -1;
  }

  /** Indices from an inlined call up to the outermost one. */
  #chain(index: number): readonly number[] {
    const known = this.#chains.get(index);
    if (known !== undefined) return known;
    const chain: number[] = [];
    for (let at = index; at >= 0; at = this.#indexAt(this.#call(at).parentPc)) {
      if (chain.length === MAX_DEPTH || ++this.#work > MAX_WORK) throw damaged('an inlined call contains itself');
      chain.push(at);
    }
    this.#chains.set(index, chain);
    return chain;
  }

  #call(index: number): InlinedCall {
    const known = this.#calls.get(index);
    if (known !== undefined) return known;
    if (this.#address === undefined || index >= MAX_INDEX) throw damaged('an inlined call lies outside of its table');
    const layout = ENTRY[this.#tables.format];
    const bytes = this.#image.bytes(this.#address + index * layout.size, layout.size);
    const parentPc = bytes.readUInt32LE(layout.parentPc);
    if (parentPc >= this.#length) throw damaged('an inlined call lies outside of its function');
    const call = { name: stringAt(this.#image, this.#tables.funcnametab, bytes.readUInt32LE(layout.name)), parentPc };
    this.#calls.set(index, call);
    return call;
  }
}

function commonLength(open: readonly { readonly index: number }[], chain: readonly number[]): number {
  let length = 0;
  while (length < open.length && open[length]?.index === chain[length]) length++;
  return length;
}

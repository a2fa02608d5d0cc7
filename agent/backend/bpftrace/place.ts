import { readElf } from '../../gobinary/elf.ts';
import { openFile } from '../../gobinary/reader.ts';
import { readSymbols, type SymbolRange } from '../../gobinary/symbols.ts';
import type { Plan, PlannedProbe } from '../../probe/plan.ts';
import type { TargetProcess } from '../../target/process.ts';

/** A probe of the plan as the script places it. */
export interface ScriptSite {
  readonly probe: PlannedProbe;
  /** What bpftrace takes for the address: a file offset or an address, by the binary's symbols. */
  readonly number: number;
  /** Run-time address of the instruction. */
  readonly ip: number;
  /** Not the plan's own place, but the function's first instruction: what it costs is said in the script. */
  readonly atEntry: boolean;
  /** Bytes that the function's frame needs beyond its stack guard; only with `atEntry`. */
  readonly frameBytes: number;
}

export interface Placement {
  readonly sites: readonly ScriptSite[];
  readonly refused: readonly { readonly probe: PlannedProbe; readonly reason: string }[];
}

/** Whether the bpftrace in hand takes this address inside a function of the file; tried, and only where it matters. */
export type TakesAddress = (address: number) => boolean;

/**
 * Where each probe can stand. bpftrace looks a number up in the symbol tables. One that is inside no symbol it takes for
 * a file offset (with --unsafe), all versions do. One that is inside a symbol it takes for an address, and some versions
 * only for the symbol's first. So a number must never be in doubt: a probe beside an instruction would harm the target.
 */
export function placeProbes(target: TargetProcess, plan: Plan, takesAddress: TakesAddress): Placement {
  const reader = openFile(target.exePath);
  try {
    const symbols = new SymbolLookup(readSymbols(reader));
    const { segments } = readElf(reader);
    const bytesAt = (address: number, length: number): Buffer | undefined => {
      const segment = segments.find((s) => address >= s.address && address + length <= s.address + s.fileSize);
      return segment && reader.bytes(segment.offset + address - segment.address, length);
    };
    const sites: ScriptSite[] = [];
    const refused: { probe: PlannedProbe; reason: string }[] = [];
    for (const probe of plan.probes) {
      const placed = place(probe, target.loadBias, symbols, takesAddress, bytesAt);
      if (typeof placed === 'string') refused.push({ probe, reason: placed });
      else sites.push(placed);
    }
    return { sites, refused };
  } finally {
    reader.close();
  }
}

function place(
  probe: PlannedProbe,
  loadBias: number,
  symbols: SymbolLookup,
  takesAddress: TakesAddress,
  bytesAt: (address: number, length: number) => Buffer | undefined,
): ScriptSite | string {
  const ip = probe.address + loadBias;
  const exact = { probe, ip, atEntry: false, frameBytes: 0 };
  if (symbols.around(probe.fileOffset) === undefined) return { ...exact, number: probe.fileOffset };
  const symbol = symbols.around(probe.address);
  if (symbol === undefined)
    return 'its file offset is the address of another function: this bpftrace would take it for that';
  if (symbol.start === probe.address || takesAddress(probe.address)) return { ...exact, number: probe.address };
  if (probe.site !== 'push' && probe.site !== 'stack-check') return 'this bpftrace takes no address inside a function';
  const frameBytes = stackNeed(bytesAt(symbol.start, 8));
  if (frameBytes === undefined)
    return 'this bpftrace takes no address inside a function, and its first instruction is not known';
  return { probe, number: symbol.start, ip: symbol.start + loadBias, atEntry: true, frameBytes };
}

/**
 * What the stack check at a function's start compares with the guard: `cmp rsp, [r14+0x10]`, or
 * `lea r12, [rsp-N]` before it. Undefined: another instruction.
 */
function stackNeed(code: Buffer | undefined): number | undefined {
  if (code === undefined) return undefined;
  const hex = code.toString('hex');
  if (hex.startsWith('493b6610')) return 0;
  if (hex.startsWith('4c8d6424')) return -code.readInt8(4);
  if (hex.startsWith('4c8da424')) return -code.readInt32LE(4);
  return undefined;
}

class SymbolLookup {
  readonly #ranges: readonly SymbolRange[];
  /** Where all ranges up to this one end at the latest: symbols can lie inside one another. */
  readonly #ends: readonly number[];

  constructor(ranges: readonly SymbolRange[]) {
    this.#ranges = ranges;
    let end = 0;
    this.#ends = ranges.map((range) => (end = Math.max(end, range.end)));
  }

  /** The innermost symbol that an address is inside of. */
  around(address: number): SymbolRange | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0 && (this.#ends[index] ?? 0) > address; index--) {
      const range = this.#ranges[index];
      if (range !== undefined && address < range.end) return range;
    }
    return undefined;
  }
}

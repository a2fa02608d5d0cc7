import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { GoBinary } from '../gobinary/binary.ts';

/** Where the runtime keeps its list of goroutines: addresses of `runtime.allglen` and `runtime.allgptr`. */
export interface AllGoroutines {
  readonly length: number;
  readonly first: number;
}

/**
 * Reads the two addresses off the code of runtime.forEachGRace, whose only variables they are. It loads the length
 * before the pointer, as every reader without the lock must: the list only grows. Undefined where the code looks
 * otherwise, and on arm64.
 */
export function allGoroutines(binary: GoBinary): AllGoroutines | undefined {
  if (binary.arch !== 'amd64') return undefined;
  const fn = binary.find('runtime.forEachGRace');
  if (fn === undefined) return undefined;
  const [length, first, ...others] = loadedVariables(binary.code(fn), fn.start);
  if (length === undefined || first === undefined || others.length > 0) return undefined;
  return { length, first };
}

/** The addresses of the 64-bit variables that code loads, in its order, each once. */
function loadedVariables(code: Uint8Array, address: number): readonly number[] {
  const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
  decoder.ip = BigInt(address);
  const raw = new iced.Instruction();
  const found = new Set<number>();
  while (decoder.canDecode) {
    decoder.decodeOut(raw);
    if (raw.code === iced.Code.Mov_r64_rm64 && raw.isIpRelMemoryOperand) found.add(Number(raw.ipRelMemoryAddress));
  }
  raw.free();
  decoder.free();
  return [...found];
}

import type { Image } from './image.ts';
import { findStringTable, type Neighbours } from './string-table.ts';

/** The first entries of runtime.waitReasonStrings, in every Go from 1.19 to 1.27. */
const WAIT: Neighbours = ['', 'GC assist marking', 'IO wait'];
/** Of runtime.stwReasonStrings (Go 1.21 and later). */
const STOP_THE_WORLD: Neighbours = ['unknown', 'GC mark termination', 'GC sweep termination'];

/** More than any version has. */
const MAX_REASONS = 64;
/** The comparison with the bound is among the first instructions of waitReason.String. */
const ARM64_LOOKED_AT = 32;

/** By the number in `g.waitreason`. `code` is that of runtime.waitReason.String, which knows how many there are. */
export function readWaitReasons(image: Image, arch: 'amd64' | 'arm64', code: Buffer): readonly string[] | undefined {
  return findStringTable(image, WAIT, boundOf(arch, code) ?? MAX_REASONS);
}

/** By the number that stopTheWorld is called with. Numbers that the runtime does not use may have a text too. */
export function readStopReasons(image: Image): readonly string[] | undefined {
  const texts = findStringTable(image, STOP_THE_WORLD, MAX_REASONS);
  const end = texts?.indexOf('') ?? -1;
  return end < 0 ? texts : texts?.slice(0, end);
}

/** The number of reasons, from `if w >= len(waitReasonStrings)`: `cmp al, n`, or `cmp wN, #n`. */
function boundOf(arch: 'amd64' | 'arm64', code: Buffer): number | undefined {
  if (arch === 'amd64') return code[0] === 0x3c ? code[1] : undefined;
  for (let at = 0; at + 4 <= Math.min(code.length, ARM64_LOOKED_AT); at += 4) {
    const word = code.readUInt32LE(at);
    if ((word & 0xffc0_001f) >>> 0 === 0x7100_001f) return (word >>> 10) & 0xfff;
  }
  return undefined;
}

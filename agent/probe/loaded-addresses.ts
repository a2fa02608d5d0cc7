import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { GoBinary, GoFunction } from '../gobinary/binary.ts';

/** Addresses of variables that a function's code loads: `mov reg, [rip+...]`; on arm64 `adrp`, then `add` or `ldr`. */
export function loadedAddresses(binary: GoBinary, fn: GoFunction): readonly number[] {
  const code = binary.code(fn);
  return binary.arch === 'arm64' ? onArm64(code, fn.start) : onAmd64(code, fn.start);
}

function onAmd64(code: Uint8Array, start: number): readonly number[] {
  const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
  decoder.ip = BigInt(start);
  const raw = new iced.Instruction();
  const found: number[] = [];
  while (decoder.canDecode) {
    decoder.decodeOut(raw);
    if (raw.code === iced.Code.Mov_r64_rm64 && raw.isIpRelMemoryOperand) found.push(Number(raw.ipRelMemoryAddress));
  }
  raw.free();
  decoder.free();
  return found;
}

const PAGE = 4096;

const ADD = 0x91000000;
const LDR = 0xf9400000;

/** Arm ARM, C6.2: ADRP, then ADD (immediate) or LDR (immediate, unsigned offset, 64 bits) with the same register. */
function onArm64(code: Uint8Array, start: number): readonly number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const pages = new Map<number, number>();
  const found: number[] = [];
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = view.getUint32(at, true);
    if ((word & 0x9f000000) >>> 0 === 0x90000000) {
      const immediate = (((word >> 5) & 0x7ffff) << 2) | ((word >>> 29) & 3);
      const signed = (immediate << 11) >> 11;
      pages.set(word & 0x1f, Math.floor((start + at) / PAGE) * PAGE + signed * PAGE);
    } else {
      const page = pages.get((word >>> 5) & 0x1f);
      const immediate = (word >>> 10) & 0xfff;
      if (page === undefined) continue;
      if ((word & 0xffc00000) >>> 0 === ADD) found.push(page + immediate);
      if ((word & 0xffc00000) >>> 0 === LDR) found.push(page + immediate * 8);
    }
  }
  return found;
}

import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { GoBinary } from '../gobinary/binary.ts';

/** Assembly functions that load g from thread-local storage (runtime/asm_amd64.s: get_tls). One is in every program. */
const READERS = ['runtime.stackcheck', 'runtime.asmcgocall', 'runtime.cgocallback', 'runtime.rt0_go'];

/**
 * Where g stands relative to the thread pointer (FS base) on amd64, usually -8. Undefined where the code does not
 * say (a shared library, whose offset the dynamic linker chooses) and on arm64, where g is in no fixed place.
 */
export function threadPointerOffset(binary: GoBinary): number | undefined {
  if (binary.arch !== 'amd64') return undefined;
  for (const name of READERS) {
    const fn = binary.find(name);
    const offset = fn && findOffset(binary.code(fn));
    if (offset !== undefined) return offset;
  }
  return undefined;
}

/** `mov reg, fs:[offset]`, or in a PIE `mov reg, offset` and `mov reg, fs:[reg]`. */
function findOffset(code: Uint8Array): number | undefined {
  const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
  const { Register, OpKind } = iced;
  const constants = new Map<Iced.Register, bigint>();
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
  const raw = new iced.Instruction();
  let found: bigint | undefined;
  while (found === undefined && decoder.canDecode) {
    decoder.decodeOut(raw);
    if (raw.code === iced.Code.Mov_rm64_imm32 && raw.op0Kind === OpKind.Register) {
      constants.set(raw.op0Register, raw.immediate32to64);
      continue;
    }
    if (raw.memorySegment === Register.FS) {
      const base = raw.memoryBase === Register.None ? 0n : constants.get(raw.memoryBase);
      if (base !== undefined) found = base + raw.memoryDisplacement;
    }
  }
  raw.free();
  decoder.free();
  return found === undefined ? undefined : plausible(Number(BigInt.asIntN(64, found)));
}

/** Below the thread pointer (ELF TLS variant II), word-aligned, and within what `short tls_g` holds. */
function plausible(offset: number): number | undefined {
  return offset < 0 && offset >= -0x8000 && offset % 8 === 0 ? offset : undefined;
}

import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { Decoded, Disassembler, Instruction, ProloguePart } from './instruction.ts';

/** x86-64, decoded by iced-x86: three megabytes of WebAssembly, loaded with the first function that is looked at. */
export function amd64Disassembler(): Disassembler {
  const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
  return { decode: (code, address) => decode(iced, code, address), text: (code, address) => text(iced, code, address) };
}

function decode(iced: typeof Iced, code: Uint8Array, address: number): Decoded {
  const instructions: Instruction[] = [];
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
  const raw = new iced.Instruction();
  decoder.ip = BigInt(address);
  let invalidAt: number | undefined;
  while (decoder.canDecode) {
    const at = address + decoder.position;
    decoder.decodeOut(raw);
    if (raw.code === iced.Code.INVALID) {
      invalidAt = at;
      break;
    }
    instructions.push(describe(iced, raw, at, code.subarray(at - address, at - address + raw.length)));
  }
  raw.free();
  decoder.free();
  return { instructions, invalidAt };
}

function describe(iced: typeof Iced, raw: Iced.Instruction, address: number, bytes: Uint8Array): Instruction {
  const flow = flowOf(iced, raw);
  const direct = (flow === 'call' && raw.isCallNear) || flow === 'branch' || flow === 'jump';
  return {
    address,
    length: raw.length,
    flow,
    target: direct ? Number(raw.nearBranchTarget) : undefined,
    emulated: isEmulated(bytes),
    part: partOf(iced, raw),
  };
}

function flowOf(iced: typeof Iced, raw: Iced.Instruction): Instruction['flow'] {
  const { FlowControl } = iced;
  switch (raw.flowControl) {
    case FlowControl.Next:
    case FlowControl.Interrupt:
      return raw.mnemonic === iced.Mnemonic.Int3 ? 'stop' : 'next';
    case FlowControl.Call:
    case FlowControl.IndirectCall:
      return 'call';
    case FlowControl.ConditionalBranch:
      return 'branch';
    case FlowControl.UnconditionalBranch:
      return 'jump';
    case FlowControl.Return:
      return 'return';
    case FlowControl.IndirectBranch:
      return 'indirect';
    default:
      return 'stop';
  }
}

/**
 * What every kernel since 5.2 emulates (arch/x86/kernel/uprobes.c, branch_setup_xol_ops and push_setup_xol_ops):
 * `push reg`, `jmp`, conditional jumps, `call rel32` and the one-byte `nop`. Forms with a prefix are left out:
 * kernels differ.
 */
function isEmulated(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (first === 0x41) return isPush(second);
  if (first === 0x0f) return second >= 0x80 && second <= 0x8f;
  return isPush(first) || (first >= 0x70 && first <= 0x7f) || [0xe8, 0xe9, 0xeb, 0x90].includes(first);
}

const isPush = (opcode: number) => opcode >= 0x50 && opcode <= 0x57;

/**
 * runtime.g (runtime/runtime2.go): stackguard0 stands behind the two words of `stack`, in every version, and
 * stackguard1, which functions that run on the system stack are checked against, behind that.
 */
const STACKGUARDS = [16n, 24n];

/** The forms that cmd/internal/obj/x86/obj6.go (stacksplit) writes. R14 holds g, R12 and R13 are free there. */
function partOf(iced: typeof Iced, raw: Iced.Instruction): ProloguePart {
  const { Mnemonic, Register } = iced;
  const guardMemory = raw.memoryBase === Register.R14 && STACKGUARDS.includes(raw.memoryDisplacement);
  const scratch = raw.op0Register === Register.R12 || raw.op0Register === Register.R13;
  switch (raw.mnemonic) {
    case Mnemonic.Nop:
      return 'nop';
    case Mnemonic.Cmp:
      return guardMemory && (scratch || raw.op0Register === Register.RSP) ? 'compare' : 'other';
    case Mnemonic.Lea:
    case Mnemonic.Mov:
    case Mnemonic.Sub:
      return scratch ? 'guard' : 'other';
    case Mnemonic.Jbe:
    case Mnemonic.Jb:
      return 'grow';
    case Mnemonic.Push:
      return raw.op0Register === Register.RBP ? 'push' : 'other';
    default:
      return 'other';
  }
}

function text(iced: typeof Iced, code: Uint8Array, address: number): string {
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
  const formatter = new iced.Formatter(iced.FormatterSyntax.Intel);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.showBranchSize = false;
  formatter.branchLeadingZeros = false;
  formatter.spaceAfterOperandSeparator = true;
  decoder.ip = BigInt(address);
  const raw = decoder.decode();
  const result = formatter.format(raw);
  raw.free();
  formatter.free();
  decoder.free();
  return result;
}

import type { PanicRecord } from '../record/decode-panic.ts';
import { cleanLine, cutText } from './clean.ts';
import type { AddressResolver } from './resolver.ts';

const MAX_STACK_BYTES = 16 << 10;

/**
 * The stack of a panic in the form in which Go prints one. Arguments are not known and shown as `...`.
 */
export function stackText(panic: PanicRecord, resolver: AddressResolver): string {
  const lines = [`goroutine ${panic.goid} [running]:`];
  // The first address is a program counter, and so is what runtime.sigpanic returns to: the instruction that
  // faulted. All others are return addresses, one past the call.
  let exact = true;
  for (const address of panic.stack) {
    const frames = resolver.frames(exact ? address : address - 1);
    if (frames.length === 0) lines.push(`unknown pc 0x${address.toString(16)}`);
    for (const frame of frames) {
      lines.push(`${cleanLine(printedName(frame.function))}(...)`, `\t${cleanLine(frame.file)}:${frame.line}`);
    }
    exact = frames.at(-1)?.function === 'runtime.sigpanic';
  }
  if (panic.stackCut) lines.push('...additional frames elided...');
  return cutText(`${lines.join('\n')}\n`, MAX_STACK_BYTES);
}

/** runtime/traceback.go: printFuncName. */
function printedName(name: string): string {
  return name === 'runtime.gopanic' ? 'panic' : name;
}

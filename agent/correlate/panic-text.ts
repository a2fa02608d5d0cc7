import type { PanicRecord } from '../record/decode-panic.ts';
import { boundsErrorText } from './bounds-error.ts';
import type { AddressResolver } from './resolver.ts';

/** internal/abi/type.go: Kind */
const Kind = { bool: 1, int: 2, int64: 6, uint: 7, uintptr: 12, float32: 13, float64: 14, string: 24 } as const;

const RUNTIME_ERROR = 'runtime error: ';

/** Pointers to structs whose first field is the message, a string. */
const MESSAGE_FIRST = new Set([
  '*errors.errorString',
  '*errors.fundamental', // github.com/pkg/errors
  '*fmt.wrapError',
  '*fmt.wrapErrors',
]);

/**
 * The text of a panic value, as its Error method or `print` would give it; undefined where only running the
 * program's own code could tell.
 */
export function panicText(panic: PanicRecord, resolver: AddressResolver): string | undefined {
  const type = resolver.typeAt(panic.type);
  if (!type) return undefined;
  switch (type.name) {
    case 'runtime.boundsError':
      return withRuntimePrefix(panic.data && boundsErrorText(panic.data));
    case 'runtime.errorString':
    case 'runtime.errorAddressString':
      return withRuntimePrefix(panic.text);
    case 'runtime.plainError':
      return panic.text;
    case '*runtime.PanicNilError':
      return 'panic called with nil argument (use GODEBUG=panicnil=1 to disable)';
    case '*runtime.TypeAssertionError':
      return panic.data && typeAssertionText(panic.data, resolver);
  }
  if (MESSAGE_FIRST.has(type.name) || type.kind === Kind.string) return panic.text ?? emptyString(panic);
  return panic.data && scalarText(panic.data, type.kind);
}

function withRuntimePrefix(text: string | undefined): string | undefined {
  return text === undefined ? undefined : RUNTIME_ERROR + text;
}

/** A string header of zero length: `panic("")`. */
function emptyString(panic: PanicRecord): string | undefined {
  return panic.data && panic.data.length >= 16 && panic.data.readBigUInt64LE(8) === 0n ? '' : undefined;
}

function scalarText(data: Buffer, kind: number): string | undefined {
  if (data.length < 8) return undefined;
  if (kind === Kind.bool) return data[0] === 1 ? 'true' : 'false';
  if (kind >= Kind.int && kind <= Kind.int64) return signed(data, kind);
  if (kind >= Kind.uint && kind <= Kind.uintptr) return unsigned(data, kind);
  if (kind === Kind.float32) return floatText(data.readFloatLE(0));
  if (kind === Kind.float64) return floatText(data.readDoubleLE(0));
  return undefined;
}

/** Kinds in order: int, int8, int16, int32, int64. */
function signed(data: Buffer, kind: number): string {
  const bits = [64, 8, 16, 32, 64][kind - Kind.int] ?? 64;
  return BigInt.asIntN(bits, data.readBigInt64LE(0)).toString();
}

/** Kinds in order: uint, uint8, uint16, uint32, uint64, uintptr. */
function unsigned(data: Buffer, kind: number): string {
  const bits = [64, 8, 16, 32, 64, 64][kind - Kind.uint] ?? 64;
  return BigInt.asUintN(bits, data.readBigUInt64LE(0)).toString();
}

/** runtime/print.go: printfloat. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '+0'] = Math.abs(value).toExponential(6).split('e');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '+';
  return `${sign}${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(3, '0')}`;
}

/** runtime/error.go: TypeAssertionError{_interface, concrete, asserted *_type; missingMethod string}. */
function typeAssertionText(data: Buffer, resolver: AddressResolver): string | undefined {
  if (data.length < 40) return undefined;
  const typeName = (offset: number): string | undefined => resolver.typeAt(Number(data.readBigUInt64LE(offset)))?.name;
  const isSet = (offset: number): boolean => data.readBigUInt64LE(offset) !== 0n;
  const wanted = typeName(16);
  const from = isSet(0) ? typeName(0) : 'interface';
  if (wanted === undefined || from === undefined) return undefined;
  if (!isSet(8)) return `interface conversion: ${from} is nil, not ${wanted}`;
  const concrete = typeName(8);
  if (concrete === undefined) return undefined;
  // The method's name lies elsewhere in the target's memory: it is left out.
  if (isSet(32)) return `interface conversion: ${concrete} is not ${wanted}: missing method`;
  return `interface conversion: ${from} is ${concrete}, not ${wanted}`;
}

/** By internal/abi/bounds.go: BoundsErrorCode. The same from Go 1.19 to 1.27. */
const FORMATS = [
  'index out of range [%x] with length %y',
  'slice bounds out of range [:%x] with length %y',
  'slice bounds out of range [:%x] with capacity %y',
  'slice bounds out of range [%x:%y]',
  'slice bounds out of range [::%x] with length %y',
  'slice bounds out of range [::%x] with capacity %y',
  'slice bounds out of range [:%x:%y]',
  'slice bounds out of range [%x:%y:]',
  'cannot convert slice with length %y to array or pointer to array with length %x',
];

/** For a negative x, where the bound does not matter. */
const NEGATIVE_FORMATS = [
  'index out of range [%x]',
  'slice bounds out of range [:%x]',
  'slice bounds out of range [:%x]',
  'slice bounds out of range [%x:]',
  'slice bounds out of range [::%x]',
  'slice bounds out of range [::%x]',
  'slice bounds out of range [:%x:]',
  'slice bounds out of range [%x::]',
];

/**
 * The text of a runtime.boundsError{x int64; y int; signed bool; code uint8} (runtime/error.go), without
 * "runtime error: ". Undefined: not one that we know.
 */
export function boundsErrorText(data: Buffer): string | undefined {
  if (data.length < 18) return undefined;
  const isSigned = data[16] === 1;
  const x = isSigned ? data.readBigInt64LE(0) : data.readBigUInt64LE(0);
  const formats = x < 0n ? NEGATIVE_FORMATS : FORMATS;
  return formats[data[17] as number]?.replace('%x', x.toString()).replace('%y', data.readBigInt64LE(8).toString());
}

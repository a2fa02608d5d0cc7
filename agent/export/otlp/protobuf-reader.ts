/** A field of a protobuf message: a length-delimited one has bytes, a varint a number (rounded above 2^53). */
export interface WireField {
  readonly number: number;
  readonly value: number;
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** The fields of a small message, in order. Throws RangeError when it is malformed. */
export function* readFields(message: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint of more than ten bytes');
  };
  const take = (size: number): Buffer => {
    if (size > message.length - at) throw new RangeError('a field runs past the end of its message');
    at += size;
    return message.subarray(at - size, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: EMPTY };
        break;
      case 1:
        yield { number, value: 0, bytes: take(8) };
        break;
      case 2:
        yield { number, value: 0, bytes: take(varint()) };
        break;
      case 5:
        yield { number, value: 0, bytes: take(4) };
        break;
      default:
        throw new RangeError(`wire type ${tag % 8}`);
    }
  }
}

import type { UnixTime } from '../unix-time.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** A `fixed64` field of Unix time in nanoseconds. */
export function writeTime(writer: ProtobufWriter, tag: number, clock: UnixTime, time: number): void {
  writer.tag(tag);
  writer.ensure(8);
  clock.writeFixed64(writer.bytes, writer.length, time);
  writer.length += 8;
}

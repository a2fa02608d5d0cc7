import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordError } from '../../agent/record/error.ts';
import { FrameSplitter, MAX_RECORD_BYTES } from '../../agent/record/frames.ts';
import { HEADER, RecordType } from '../../agent/record/layout.ts';
import { writeHeader } from './build-record.ts';

function record(type: number, size: number, fill = 0): Buffer {
  const bytes = Buffer.alloc(size, fill);
  writeHeader(bytes, type);
  bytes[HEADER.version + 1] = 0;
  return bytes;
}

function split(chunks: readonly Buffer[]): { records: Buffer[]; splitter: FrameSplitter } {
  const records: Buffer[] = [];
  const splitter = new FrameSplitter((_, bytes, start, end) => records.push(Buffer.from(bytes.subarray(start, end))));
  pushAll(splitter, chunks);
  return { records, splitter };
}

function pushAll(splitter: FrameSplitter, chunks: readonly Buffer[]): void {
  for (const chunk of chunks) splitter.push(chunk);
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, i) => bytes.subarray(points[i], end));
}

test('whole records come out, however the stream is cut', () => {
  const sizes = fc.array(
    fc.integer({ min: 1, max: 400 }).map((n) => n * 8),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { maxLength: 40 }), (lengths, cuts) => {
      const sent = lengths.map((size, i) => record(i % 7, size, i));
      const { records, splitter } = split(cutAt(Buffer.concat(sent), cuts));
      expect(records).toEqual(sent);
      splitter.end();
    }),
  );
});

test('byte by byte, with the largest record', () => {
  const sent = [record(1, 8), record(2, MAX_RECORD_BYTES, 1), record(3, 16, 2)];
  const stream = Buffer.concat(sent);
  const bytes = Array.from({ length: stream.length }, (_, i) => stream.subarray(i, i + 1));
  expect(split(bytes).records).toEqual(sent);
});

test('a record in one chunk is not copied', () => {
  const chunk = Buffer.concat([record(RecordType.log, 24), record(RecordType.log, 32)]);
  const seen: [Buffer, number, number][] = [];
  new FrameSplitter((_, bytes, start, end) => seen.push([bytes, start, end])).push(chunk);
  expect(seen).toEqual([
    [chunk, 0, 24],
    [chunk, 24, 56],
  ]);
  expect(seen.every(([bytes]) => bytes === chunk)).toBe(true);
});

describe('a malformed head stops the stream', () => {
  const malformed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = record(1, 16);
    change(bytes);
    return bytes;
  };

  test.each([
    ['shorter than a head', malformed((bytes) => bytes.writeUInt32LE(0))],
    ['not a multiple of 8', malformed((bytes) => bytes.writeUInt32LE(17))],
    ['too long', malformed((bytes) => bytes.writeUInt32LE(MAX_RECORD_BYTES + 8))],
    ['of another version', malformed((bytes) => bytes.writeUInt8(9, HEADER.version))],
  ])('%s', (_, bytes) => {
    for (const cut of [0, 3, 12]) {
      const splitter = new FrameSplitter(() => {});
      expect(() => pushAll(splitter, cutAt(bytes, [cut]))).toThrow(RecordError);
      expect(() => splitter.push(record(1, 8))).toThrow(RecordError);
    }
  });

  test('an end inside a record', () => {
    expect(() => split([record(1, 16).subarray(0, 9)]).splitter.end()).toThrow('after 9 of its bytes');
  });
});

test('random bytes are refused or split, never more', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (chunks) => {
      try {
        split(chunks.map((chunk) => Buffer.from(chunk)));
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assembler } from '../../../agent/backend/bpftrace/assembler.ts';
import { RecordWriter, writeU64 } from '../../../agent/backend/bpftrace/record-writer.ts';
import { RequestDecoder } from '../../../agent/record/decode.ts';
import { decodePanic } from '../../../agent/record/decode-panic.ts';
import { decodePause, WaitDecoder } from '../../../agent/record/decode-waits.ts';
import { RecordType, RequestFlag, Tag } from '../../../agent/record/layout.ts';
import { timeBase } from '../../../agent/record/time-base.ts';

const START = 1_867_342_610_092n;
const BASE = timeBase(START);

const BEGIN = `> 53980000185792 ${START} 47 4 16 1 1 0 ${START - 100n} ${START - 900n} ${START - 800n} 0 0 0 70 15
GET
/items/${'a'.repeat(56)}
127.0.0.1:39491
`;
const MORE = `@ 53980000185792 2 70 63
bcdefgh

`;
const HEADERS = `h 53980000185792 1 15 0 55 2 -1
127.0.0.1:57122
00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01

`;
const STRINGS = 'e 53980000185792\n';
const END = `< 53980000185792 ${START} ${START} ${START + 300n} ${START + 200n} ${START + 400n} ${START + 500n} 201 201 1 2 6 -1 157 122 16 11 0 0 0 ${START + 600n}
/items/{id}

`;

/** What comes of lines. */
function assemble(lines: readonly string[], clockOffset = 0n) {
  const decoder = new RequestDecoder(BASE);
  const requests: Record<string, unknown>[] = [];
  const panics: ReturnType<typeof decodePanic>[] = [];
  const assembler = new Assembler({
    tgid: 4242,
    weight: 1,
    clockOffset,
    writer: new RecordWriter(),
    emit: (bytes, end) => {
      if (bytes.readUInt16LE(4) === RecordType.panic) {
        panics.push(decodePanic(bytes, 0, end, BASE));
        return;
      }
      const { fields, ...numbers } = decoder.decode(bytes, 0, end);
      const texts = [Tag.method, Tag.uri, Tag.host, Tag.peer, Tag.pattern, Tag.header, Tag.header + 2];
      requests.push({ ...numbers, texts: texts.map((tag) => fields.text(tag)), cut: fields.isCut(Tag.uri) });
    },
  });
  for (const line of lines) assembler.take(line);
  return { requests, panics, assembler };
}

const WHOLE = {
  tgid: 4242,
  fd: 4,
  goid: 47,
  established: -900,
  accepted: -800,
  firstRead: -100,
  handlerStart: 0,
  writeHeader: 200,
  handlerEnd: 300,
  firstWrite: 400,
  lastWrite: 500,
  end: 500,
  status: 201,
  informational: 1,
  superfluous: 2,
  responseBody: 6,
  requestBody: 0,
  wireIn: 157,
  flags: RequestFlag.first,
  texts: [
    'GET',
    `/items/${'a'.repeat(56)}bcdefgh`,
    '127.0.0.1:39491',
    '127.0.0.1:57122',
    '/items/{id}',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    undefined,
  ],
  cut: false,
};

test('the lines of a request are a record', () => {
  const { requests, assembler } = assemble([BEGIN, HEADERS, MORE, STRINGS, END]);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject(WHOLE);
  expect(assembler).toMatchObject({ malformed: 0, incomplete: 0, unread: 0, requests: 1 });
});

test('its last line may come at any time: CPUs have buffers of their own', () => {
  for (let at = 0; at < 4; at++) {
    const { requests } = assemble([BEGIN, HEADERS, MORE, STRINGS].toSpliced(at, 0, END));
    expect(requests[0], `at ${at}`).toMatchObject(WHOLE);
  }
});

test('a string that could not be read is absent and counted, not empty', () => {
  const { requests, assembler } = assemble([BEGIN, HEADERS.replace('127.0.0.1:57122', ''), MORE, STRINGS, END]);
  expect(requests[0]).toMatchObject({ texts: WHOLE.texts.with(3, undefined) });
  expect(assembler.unread).toBe(1);
});

test('a last line that comes twice is one request', () => {
  const { requests, assembler } = assemble([BEGIN, HEADERS, MORE, STRINGS, END, END]);
  assembler.unfinished(START);
  expect(requests).toHaveLength(1);
  expect(assembler).toMatchObject({ incomplete: 0, requests: 1 });
});

test('addresses come back: a late last line is not the next request’s', () => {
  const next = START + 1_000n;
  const moved = (line: string): string => line.replaceAll(`${START}`, `${next}`);
  const { requests } = assemble([BEGIN, HEADERS, MORE, STRINGS, moved(BEGIN), END, HEADERS, STRINGS, moved(END)]);
  expect(requests.map(({ handlerStart }) => handlerStart)).toEqual([0, 1_000]);
});

test('another clock is moved to ours', () => {
  const { requests } = assemble([BEGIN, HEADERS, STRINGS, END], 5_000n);
  expect(requests[0]).toMatchObject({ handlerStart: 5_000, writeHeader: 5_200, tlsStart: Number.NaN });
});

test('what did not end is unfinished, what lost its beginning is counted', () => {
  const running = assemble([BEGIN, HEADERS, STRINGS]);
  running.assembler.unfinished(START + 9_000n);
  expect(running.requests[0]).toMatchObject({ end: 9_000, flags: RequestFlag.first | RequestFlag.unfinished });
  const headless = assemble([END]);
  headless.assembler.unfinished(START);
  expect(headless.requests).toEqual([]);
  expect(headless.assembler.incomplete).toBe(1);
});

test('a filtered request is forgotten', () => {
  const { requests, assembler } = assemble([BEGIN, HEADERS, STRINGS, `x 53980000185792 ${START}\n`]);
  assembler.unfinished(START);
  expect(requests).toEqual([]);
});

test('a panic with its stack and text', () => {
  const { panics } = assemble([
    `p 47 ${START} ${START + 50n} 7331136\n`,
    'd 47 7f0001 13 0 0 0 0 0 0\n',
    't 47 19 0\nthe cart is on fire\n\n\n\n',
    'f 47 48296f\n',
    'f 47 61f86a\n',
    'q 47\n',
  ]);
  expect(panics).toHaveLength(1);
  expect(panics[0]).toMatchObject({
    goid: 47,
    time: 50,
    type: 7331136,
    text: 'the cart is on fire',
    stack: [0x48296f, 0x61f86a],
  });
});

test('pauses, waits and releases', () => {
  const decoder = new WaitDecoder(BASE);
  const records: object[] = [];
  const assembler = new Assembler({
    tgid: 4242,
    weight: 1,
    clockOffset: 0n,
    writer: new RecordWriter(),
    emit: (bytes, end) => {
      const type = bytes.readUInt16LE(4);
      if (type === RecordType.pause) records.push(decodePause(bytes, 0, end, BASE));
      else if (type === RecordType.wait) records.push(decoder.wait(bytes, 0, end));
      else records.push(decoder.release(bytes, 0, end));
    },
  });
  assembler.take(`s 4294967295 ${START} ${START + 90n} 80\nread mem stats\n`);
  assembler.take(`w 47 3 ${START} 8192 ${START + 5n} ${START + 9n} 1 48296f 61f86a 0 0\n`);
  assembler.lost();
  assembler.take(`r 48 3 0 8192 ${START + 8n} 48296f 0 61f86a\n`);
  assembler.take(`r 48 3 0 8192 ${START + 8n} 48296f\n`);
  expect(records).toMatchObject([
    { tgid: 4242, reason: undefined, text: 'read mem stats', start: 0, end: 90, byRuntime: 80 },
    {
      ...{ kind: 'semaphore', goid: 47, parentGoid: 3, handlerStart: 0, address: 8192, start: 5, end: 9, again: true },
      stack: [0x48296f, 0x61f86a],
    },
    { goid: 48, handlerStart: Number.NaN, time: 8, lostBefore: true, stack: [0x48296f] },
    { lostBefore: false },
  ]);
  expect(assembler.waits).toMatchObject({ count: 1, ns: 4 });
  expect(assembler.malformed).toBe(0);
});

test('a request that others wait for is told ahead of its end, once its strings have come', () => {
  const preview = `v 53980000185792 ${START} ${START} 11\n/items/{id}\n\n`;
  const { requests } = assemble([preview, BEGIN, HEADERS, MORE, STRINGS, END]);
  expect(requests.map(({ flags }) => flags)).toEqual([RequestFlag.first | RequestFlag.preview, RequestFlag.first]);
  expect(requests[0]).toMatchObject({ goid: 47, handlerStart: 0, texts: WHOLE.texts });
  expect(requests[1]).toMatchObject(WHOLE);
});

test('one that comes behind the end tells nothing new, and nothing is missing', () => {
  const preview = `v 53980000185792 ${START} ${START} 11\n/items/{id}\n\n`;
  const { requests, assembler } = assemble([BEGIN, HEADERS, MORE, STRINGS, END, preview]);
  assembler.unfinished(START + 99n);
  expect(requests).toMatchObject([WHOLE]);
  expect(assembler.incomplete).toBe(0);
});

test('nothing that can be printed throws, and what is not understood is counted', () => {
  const { assembler } = assemble(['what is this\n', '> 1 2 3\n', '']);
  expect(assembler.malformed).toBe(3);
  const piece = fc.oneof(
    fc.constantFrom('>', '<', 'h', '@', 'e', 'x', 'p', 'd', 'f', 't', 'q', 's', 'w', 'r', 'v', '\n', ' '),
    fc.string(),
    fc.integer().map(String),
  );
  fc.assert(
    fc.property(fc.array(fc.array(piece).map((parts) => parts.join(' '))), (lines) => {
      const { assembler: any } = assemble([BEGIN, ...lines, END]);
      any.unfinished(START);
    }),
  );
});

test('64-bit numbers, with sign', () => {
  const bytes = Buffer.alloc(8);
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      writeU64(bytes, 0, `${value}`);
      expect(bytes.readBigUInt64LE()).toBe(BigInt.asUintN(64, value));
    }),
  );
  writeU64(bytes, 0, -1);
  expect(bytes.readBigInt64LE()).toBe(-1n);
});

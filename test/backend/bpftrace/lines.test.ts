import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter, MAX_LINE_BYTES } from '../../../agent/backend/bpftrace/lines.ts';
import { parseMessage } from '../../../agent/backend/bpftrace/message.ts';

function split(chunks: readonly Buffer[]): { lines: string[]; overlong: number } {
  const lines: string[] = [];
  let overlong = 0;
  const splitter = new LineSplitter(
    (line) => lines.push(line),
    () => overlong++,
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, overlong };
}

test('lines are the same however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(60)), (parts, cuts) => {
      const stream = Buffer.concat(parts.map((part) => Buffer.concat([part, Buffer.from('\n')])));
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(stream.subarray(Math.min(at, stream.length)));
      expect(split(chunks).lines).toEqual(
        stream
          .toString('latin1')
          .split('\n')
          .filter((line) => line !== ''),
      );
    }),
  );
});

test('an endless line is dropped and counted, and what follows is read', () => {
  const chunks = Array.from({ length: 64 }, () => Buffer.alloc(MAX_LINE_BYTES, 'x'));
  const { lines, overlong } = split([...chunks, Buffer.from('\n{"type":"time"}\n')]);
  expect(overlong).toBe(1);
  expect(lines).toEqual(['{"type":"time"}']);
});

test('bytes of the target come through as they are', () => {
  const text = JSON.stringify({ type: 'printf', data: 'x' }).replace('x', '\xe4\xff"'.replace('"', '\\"'));
  const [line = ''] = split([Buffer.from(`${text}\n`, 'latin1')]).lines;
  expect(parseMessage(line)).toEqual({ type: 'printf', text: '\xe4\xff"' });
});

test('messages of both versions', () => {
  expect(parseMessage('{"type": "attached_probes", "data": {"probes": 30}}')).toEqual({ type: 'attached' });
  expect(parseMessage('{"type": "lost_events", "data": {"events": 7}}')).toEqual({ type: 'lost', events: 7 });
  expect(parseMessage('{"type": "map", "data": {"@finished": {"2": 5, "4": 1}}}')).toEqual({
    type: 'map',
    name: 'finished',
    counts: new Map([
      ['2', 5],
      ['4', 1],
    ]),
  });
  expect(parseMessage('{"type": "map", "data": {"@stale": 3}}')).toMatchObject({ counts: new Map([['', 3]]) });
  expect(parseMessage('{"type": "helper_error", "msg": "full", "helper": "map_update_elem", "retcode": -7}')).toEqual({
    type: 'helper_error',
    helper: 'map_update_elem',
    text: 'full',
  });
  expect(parseMessage('{"type": "hist", "data": {}}')).toEqual({ type: 'other' });
});

test('what is no message is told apart, whatever it is', () => {
  expect(parseMessage('Lost 5 events')).toBeUndefined();
  expect(parseMessage('{"type": "printf", "data": {}}')).toBeUndefined();
  fc.assert(fc.property(fc.string(), (line) => void parseMessage(line)));
  fc.assert(fc.property(fc.json(), (line) => void parseMessage(line)));
});

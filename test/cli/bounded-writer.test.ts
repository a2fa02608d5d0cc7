import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BoundedWriter } from '../../cli/view/bounded-writer.ts';

class Reader extends Writable {
  readonly chunks: string[] = [];
  #isStuck = false;
  #resume: (() => void) | undefined;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.chunks.push(chunk.toString());
    if (this.#isStuck) this.#resume = done;
    else done();
  }

  stick(): void {
    this.#isStuck = true;
  }

  release(): void {
    this.#isStuck = false;
    this.#resume?.();
  }
}

test('lines of one turn go out together, in order', async () => {
  const reader = new Reader();
  const writer = new BoundedWriter(reader);
  writer.write('a\n');
  writer.write('b\n');
  expect(reader.chunks).toEqual([]);
  await turn();
  expect(reader.chunks).toEqual(['a\nb\n']);
  writer.write('c\n');
  writer.flush();
  await turn();
  expect(reader.chunks).toEqual(['a\nb\n', 'c\n']);
});

test('many lines do not wait for the end of the turn', () => {
  const reader = new Reader();
  const writer = new BoundedWriter(reader);
  const line = `${'x'.repeat(1023)}\n`;
  for (let n = 0; n < 100; n++) writer.write(line);
  expect(reader.chunks).toEqual([line.repeat(64)]);
});

test('a reader that stops costs lines, which are counted, and no more memory', async () => {
  const reader = new Reader();
  const writer = new BoundedWriter(reader);
  const line = `${'x'.repeat((1 << 20) - 1)}\n`;
  reader.stick();
  for (let n = 0; n < 20; n++) writer.write(line);
  expect(reader.writableLength).toBeLessThanOrEqual(10 << 20);
  expect(writer.dropped).toBeGreaterThan(0);
  reader.release();
  await turn();
  expect(reader.chunks.length + writer.dropped).toBe(20);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextMap } from '../../agent/gobinary/text-map.ts';

test('offsets in several text sections become addresses and back', () => {
  const text = new TextMap([
    { start: 0, end: 0x1000, address: 0x40_0000 },
    { start: 0x1000, end: 0x1800, address: 0x50_0000 },
  ]);
  expect(text.addressOf(0xfff)).toBe(0x40_0fff);
  expect(text.addressOf(0x1000)).toBe(0x50_0000);
  expect(text.offsetOf(0x50_07ff)).toBe(0x17ff);
  expect(text.offsetOf(0x40_1000)).toBeUndefined();
  expect(() => text.addressOf(0x1800)).toThrow(expect.objectContaining({ code: 'damaged' }));
  fc.assert(
    fc.property(fc.nat(0x17ff), (offset) => {
      expect(text.offsetOf(text.addressOf(offset))).toBe(offset);
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, padEnd, padStart, printable, truncate } from '../../cli/text.ts';

const anyText = fc.string({ unit: 'binary' });

describe('printable', () => {
  it('shows what a terminal would obey', () => {
    expect(printable('a\x1b[31mb\r\n\x00\u009b\u202e')).toBe('a\\x1b[31mb\\r\\n\\x00\\x9b\\u202e');
    expect(printable('Grüße 世界 🎉')).toBe('Grüße 世界 🎉');
    expect(printable('\ud800')).toBe('\\ud800');
  });

  it('leaves no control character, whatever comes', () => {
    fc.assert(fc.property(anyText, (text) => !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(printable(text))));
  });
});

describe('columns', () => {
  it('counts wide and combining characters', () => {
    expect([displayWidth('abc'), displayWidth('世界'), displayWidth('e\u0301'), displayWidth('🎉')]).toEqual([
      3, 4, 1, 2,
    ]);
  });

  it('marks a cut', () => {
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(truncate('世界世界', 4)).toBe('世…');
    expect(truncate('abc', 3)).toBe('abc');
  });

  it('pads and cuts to exactly the width', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
        const clean = printable(text);
        expect(displayWidth(padEnd(clean, width))).toBe(width);
        expect(displayWidth(padStart(clean, width))).toBe(width);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { colorEnabled } from '../../cli/color.ts';
import { formatBytes, formatCount, formatDuration, formatRate, formatShare } from '../../cli/format.ts';
import {
  parseDurationNs,
  parseHeaderName,
  parseHeaderPairs,
  parseMessageBytes,
  parsePid,
  parsePort,
  parseRatio,
  parseStatusRange,
} from '../../cli/values.ts';

describe('values of options', () => {
  it.each([
    ['30s', 30e9],
    ['1m30s', 90e9],
    ['250ms', 250e6],
    ['1.5h', 5400e9],
    ['100us', 100e3],
    ['7ns', 7],
  ])('duration %s', (text, ns) => {
    expect(parseDurationNs(text)).toBe(ns);
  });

  it.each(['', '30', 's', '1x', '-1s', '1s ', '1s,2s', '1e3s'])('no duration: %j', (text) => {
    expect(() => parseDurationNs(text)).toThrow('Write a duration');
  });

  it.each([
    ['404', 404, 404],
    ['5xx', 500, 599],
    ['4XX', 400, 499],
    ['400-499', 400, 499],
    ['200-299', 200, 299],
  ])('status %s', (text, from, to) => {
    expect(parseStatusRange(text)).toEqual({ from, to });
  });

  it.each(['', '99', '6xx', '500-400', '40', '4x', '404-', '600'])('no status: %j', (text) => {
    expect(() => parseStatusRange(text)).toThrow('Write a status');
  });

  it.each(['', '-0.1', '1.1', 'NaN', 'half'])('no ratio: %j', (text) => {
    expect(() => parseRatio(text)).toThrow('from 0 to 1');
  });

  it('numbers have bounds', () => {
    expect(parsePort('65535')).toBe(65_535);
    expect(() => parsePort('65536')).toThrow();
    expect(() => parsePort('0x50')).toThrow();
    expect(() => parsePid('0')).toThrow();
    expect(() => parsePid('-4')).toThrow();
    expect(parseMessageBytes('off')).toBe(0);
    expect(parseMessageBytes('256')).toBe(256);
  });

  it('header names take the form that net/http stores', () => {
    expect(parseHeaderName('x-request-ID')).toBe('X-Request-Id');
    expect(() => parseHeaderName('bad name')).toThrow();
    expect(() => parseHeaderName('a'.repeat(33))).toThrow();
  });

  it('header pairs are decoded', () => {
    expect(parseHeaderPairs('Authorization=Bearer%20x=y,a=1')).toEqual(
      new Map([
        ['authorization', 'Bearer x=y'],
        ['a', '1'],
      ]),
    );
    expect(() => parseHeaderPairs('noequals')).toThrow();
    expect(() => parseHeaderPairs('a=%zz')).toThrow('percent');
  });
});

describe('formats', () => {
  it.each([
    [0, '0ns'],
    [999, '999ns'],
    [1000, '1.00µs'],
    [999_499, '999µs'],
    [999_500, '1.00ms'],
    [12_345_678, '12.3ms'],
    [1e9, '1.00s'],
    [59.9e9, '59.9s'],
    [59.96e9, '1m00s'],
    [3600e9, '1h00m'],
    [7384e9, '2h03m'],
  ])('duration %d', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(6);
  });

  it('rates, counts, shares, bytes', () => {
    expect([0, 0.44, 12.34, 1234.5].map(formatRate)).toEqual(['0', '0.4', '12.3', '1,235']);
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([0, 0.00001, 0.0031, 0.021, 0.34, 1].map(formatShare)).toEqual([
      '0%',
      '<0.01%',
      '0.31%',
      '2.1%',
      '34%',
      '100%',
    ]);
    expect([0, 1536, 93 * 2 ** 20, 150 * 2 ** 20].map(formatBytes)).toEqual(['0 B', '1.50 KiB', '93.0 MiB', '150 MiB']);
  });
});

describe('colours', () => {
  it.each([
    ['auto', {}, true, true],
    ['auto', {}, false, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { FORCE_COLOR: '1' }, false, true],
    ['auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    ['auto', { TERM: 'dumb' }, true, false],
    ['always', { NO_COLOR: '1' }, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
  ] as const)('%s with %j, terminal %s: %s', (mode, env, isTTY, expected) => {
    expect(colorEnabled(mode, env, isTTY)).toBe(expected);
  });
});

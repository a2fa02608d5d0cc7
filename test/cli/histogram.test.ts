import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeStyle } from '../../cli/color.ts';
import { DurationHistogram } from '../../cli/view/histogram.ts';
import { renderBar } from '../../cli/view/phases.ts';
import { RateMeter } from '../../cli/view/rate.ts';

describe('DurationHistogram', () => {
  it('answers quantiles to within 1/16', () => {
    const durations = fc.array(fc.integer({ min: 1024, max: 2 ** 41 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, q) => {
        const histogram = new DurationHistogram();
        for (const value of values) histogram.record(value);
        const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1] as number;
        const estimate = histogram.quantile(q) as number;
        expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact / 16);
      }),
    );
  });

  it('takes any number, counts weights, and knows nothing when empty', () => {
    const histogram = new DurationHistogram();
    expect(histogram.quantile(0.5)).toBeUndefined();
    histogram.record(5, 9);
    histogram.record(2 ** 50);
    histogram.record(Number.NaN, 0);
    expect([histogram.total, histogram.max, histogram.quantile(1)]).toEqual([10, 2 ** 50, 2 ** 50]);
    expect(histogram.quantile(0.5)).toBeLessThan(1024);
  });
});

describe('RateMeter', () => {
  it('looks back ten seconds', () => {
    const meter = new RateMeter();
    for (let second = 0; second < 30; second++) meter.add(second * 1e9 + 5e8, second < 20 ? 100 : 10);
    expect(meter.perSecond(29.9e9)).toBe(10);
    expect(meter.perSecond(60e9)).toBe(0);
  });

  it('is right from the first seconds on', () => {
    const meter = new RateMeter();
    for (let n = 0; n < 400; n++) meter.add((n / 100) * 1e9, 1);
    expect(meter.perSecond(4e9)).toBeCloseTo(100, 0);
  });

  it('takes late events and forgets very late ones', () => {
    const meter = new RateMeter();
    meter.add(20e9, 1);
    meter.add(19e9, 1);
    meter.add(2e9, 1);
    expect(meter.perSecond(20e9)).toBe(2);
  });
});

describe('renderBar', () => {
  const part = fc.double({ min: 0, max: 1e12, noNaN: true });

  it('is exactly as wide as it is told, whatever the parts', () => {
    const phases = fc.record({ read: part, beforeHeader: part, afterHeader: part, finish: part });
    fc.assert(
      fc.property(phases, fc.nat(60), fc.option(part, { nil: undefined }), (made, width, scale) => {
        expect(renderBar(made, width, makeStyle(false), scale)).toHaveLength(width);
      }),
    );
  });

  it('shows shares', () => {
    const phases = { read: 1, beforeHeader: 4, afterHeader: 2, finish: 1 };
    expect(renderBar(phases, 8, makeStyle(false))).toBe('░████▓▓▒');
    expect(renderBar(phases, 8, makeStyle(false), 16)).toBe('░██▓    ');
    expect(renderBar({ ...phases, read: Number.NaN }, 4, makeStyle(false))).toBe('    ');
  });
});

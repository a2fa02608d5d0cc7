import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { ARM64, buildFixture, PLAIN } from './fixture.ts';

test.each([PLAIN, ARM64])(
  'every Go function of a $name build is where its symbol table says',
  { timeout: 300_000 },
  (variant) => {
    const path = buildFixture(variant);
    const binary = openGoBinary(path);
    const symbols = goSymbols(path);
    expect(symbols.length).toBeGreaterThan(4000);
    const read = symbols.map(({ start }) => {
      const fn = binary.functionAt(start);
      return fn === undefined ? undefined : { name: fn.name, start: fn.start, end: fn.end };
    });
    expect(read).toEqual(symbols);
    for (const { name } of symbols.filter((_, i) => i % 50 === 0)) expect(binary.find(name)?.name).toBe(name);
    binary.close();
  },
);

/** Functions by `go tool nm`, but for those that C compilers made and those whose names the linker changed. */
function goSymbols(path: string): { name: string; start: number; end: number }[] {
  const listing = execFileSync('go', ['tool', 'nm', '-size', path], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return [...listing.matchAll(/^ *([0-9a-f]+) +(\d+) [tT] ([a-z][\w/.]*\.[\w().*[\]/-]+)$/gm)]
    .map(([, address, size, name]) => ({
      name: (name as string).replace(/\.abi0$/, ''),
      start: Number.parseInt(address as string, 16),
      end: Number.parseInt(address as string, 16) + Number(size),
    }))
    .filter(({ name, start, end }) => end > start && !name.endsWith('(.text)') && !name.endsWith('.cold'));
}

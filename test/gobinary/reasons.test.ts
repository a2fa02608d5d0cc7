import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { toolchains } from '../probe/toolchains.ts';
import { ARM64, buildFixture, NATIVE, STRIPPED, type Variant } from './fixture.ts';

const BUILD_MS = 300_000;

/** The strings of an array literal in the runtime's source, in the order of their constants (the literal's differs). */
function fromSource(go: string, file: string, name: string, first: string): string[] {
  const root = execFileSync(go, ['env', 'GOROOT'], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
  const source = readFileSync(join(root.trim(), 'src/runtime', file), 'utf8');
  const literal = new RegExp(`var ${name} = \\[\\.\\.\\.\\]string\\{\n(.*?)\n\\}`, 's').exec(source)?.[1] ?? '';
  const texts = new Map([...literal.matchAll(/(\w+): +"(.*)",/g)].map(([, key, text]) => [key, text as string]));
  const constants = new RegExp(`\t(${first} .*?)\n\\)`, 's').exec(source)?.[1] ?? '';
  return [...constants.matchAll(/^\t?(\w+)/gm)].flatMap(([, key]) => texts.get(key) ?? []);
}

function check(variant: Variant, go = 'go', label = 'default'): void {
  const binary = openGoBinary(buildFixture(variant, go, label));
  const waits = fromSource(go, 'runtime2.go', 'waitReasonStrings', 'waitReasonZero');
  expect(waits.length).toBeGreaterThan(26);
  expect(binary.waitReasons()).toEqual(waits);
  const stops = fromSource(go, 'proc.go', 'stwReasonStrings', 'stwUnknown');
  // What follows it in memory may be strings as well.
  expect(binary.stwReasons()?.slice(0, stops.length) ?? []).toEqual(stops);
  binary.close();
}

describe.each([...NATIVE, ARM64])('a program built $name', (variant) => {
  test('tells the texts of its wait reasons, as the source has them', { timeout: BUILD_MS }, () => check(variant));
});

describe.each(toolchains())('go$version', ({ go, version }) => {
  test.each([STRIPPED, ...NATIVE.filter(({ name }) => name === 'pie')])(
    'tells the texts of its wait reasons, built $name',
    { timeout: BUILD_MS },
    (variant) => check(variant, go, `go${version}`),
  );
});

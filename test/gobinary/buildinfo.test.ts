import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseModules, parseVersion } from '../../agent/gobinary/buildinfo.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { unquote } from '../../agent/gobinary/unquote.ts';
import { buildFixture, STRIPPED } from './fixture.ts';

test('build information is what `go version -m` prints', { timeout: 300_000 }, () => {
  const path = buildFixture(STRIPPED);
  const binary = openGoBinary(path);
  const [first, ...lines] = execFileSync('go', ['version', '-m', path], { encoding: 'utf8' }).trimEnd().split('\n');
  expect(binary.version.raw).toBe(first?.slice(path.length + 2));
  expect(binary.buildInfo).toEqual(parseModules(lines.map((line) => line.slice(1)).join('\n')));
  expect(binary.buildInfo.path).toBe('example.test/fixture');
  expect(binary.buildInfo.main).toMatchObject({ path: 'example.test/fixture', version: '(devel)' });
  expect(binary.buildInfo.settings.get('-ldflags')).toBe('-s -w');
  expect(binary.buildInfo.settings.get('GOARCH')).toBe('amd64');
  binary.close();
});

test('modules, replacements and quoted settings are told apart', () => {
  const text = [
    'path\texample.test/shop',
    'mod\texample.test/shop\tv1.2.3\th1:main',
    'dep\texample.test/a\tv1.0.0\th1:a',
    'dep\texample.test/b\tv2.0.0',
    '=>\texample.test/fork\tv2.0.1\th1:fork',
    'build\t-tags=a,b',
    'build\t"quoted key"=`raw "value"`',
    'build\tCGO_CFLAGS="-O2\\t-g \\x41\\u00e9"',
    'unknown\tline',
  ].join('\n');
  const info = parseModules(text);
  expect(info.path).toBe('example.test/shop');
  expect(info.main?.version).toBe('v1.2.3');
  expect(info.deps.map((dep) => [dep.path, dep.sum, dep.replacedBy?.path])).toEqual([
    ['example.test/a', 'h1:a', undefined],
    ['example.test/b', '', 'example.test/fork'],
  ]);
  expect([...info.settings]).toEqual([
    ['-tags', 'a,b'],
    ['quoted key', 'raw "value"'],
    ['CGO_CFLAGS', '-O2\t-g Aé'],
  ]);
});

test.each([
  ['go1.19', 19, 0],
  ['go1.26.8', 26, 8],
  ['go1.27rc1', 27, 0],
  ['go1.24.4 X:nocoverageredesign', 24, 4],
  ['devel go1.28-abcdef Mon Jan 1', 28, 0],
])('%s is a version', (raw, minor, patch) => {
  expect(parseVersion(raw)).toEqual({ raw, major: 1, minor, patch });
});

test('an old version is too old, and something else is none', () => {
  expect(() => parseVersion('go1.18.10')).toThrow(expect.objectContaining({ code: 'too_old' }));
  expect(() => parseVersion('go1.9')).toThrow(expect.objectContaining({ code: 'too_old' }));
  expect(() => parseVersion('unknown')).toThrow(expect.objectContaining({ code: 'not_go' }));
});

test('what is not quoted stays as it is, and any text can be parsed', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replace(/["`=]/g, '');
      expect(unquote(`${plain}=rest`, '=')).toEqual({ value: plain, length: plain.length });
      expect(unquote(text, '').length).toBeLessThanOrEqual(text.length);
      parseModules(text);
    }),
  );
});

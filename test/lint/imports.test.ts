import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** Small trees that break one rule each, but the last. */
const CASES: readonly {
  readonly what: string;
  readonly rule: string | undefined;
  readonly files: Record<string, string>;
}[] = [
  {
    what: 'an import of values against the flow',
    rule: 'one-way-target',
    files: { 'agent/target/a.ts': "import { b } from '../export/b.ts';\nexport const a: number = b;\n" },
  },
  {
    what: 'an import of types against the flow',
    rule: 'one-way-target',
    files: { 'agent/target/a.ts': "import type { B } from '../export/b.ts';\nexport type A = B;\n" },
  },
  {
    what: 'a re-export of types against the flow',
    rule: 'one-way-probe',
    files: { 'agent/probe/a.ts': "export type { B } from '../export/b.ts';\n" },
  },
  {
    what: 'an import at run time against the flow',
    rule: 'one-way-record',
    files: { 'agent/record/a.ts': "export const a = (): Promise<unknown> => import('../export/b.ts');\n" },
  },
  {
    what: 'a stage that imports the wiring',
    rule: 'wiring-on-top',
    files: {
      'agent/backend/a.ts': "import type { S } from '../session.ts';\nexport type A = S;\n",
      'agent/session.ts': 'export type S = string;\n',
    },
  },
  {
    what: 'the agent importing the command line',
    rule: 'agent-not-cli',
    files: {
      'agent/export/a.ts': "import type { C } from '../../cli/c.ts';\nexport type A = C;\n",
      'cli/c.ts': 'export type C = 1;\n',
    },
  },
  {
    what: 'a cycle',
    rule: 'no-cycles',
    files: {
      'agent/probe/a.ts': "import { c } from './c.ts';\nexport const a = (): unknown => c;\n",
      'agent/probe/c.ts': "import { a } from './a.ts';\nexport const c = (): unknown => a;\n",
    },
  },
  {
    what: 'an import with the flow',
    rule: undefined,
    files: {
      'agent/export/a.ts': "import type { T } from '../target/t.ts';\nexport type A = T;\n",
      'agent/target/t.ts': 'export type T = 1;\n',
    },
  },
];

describe('the rule on the direction of imports', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'httptrace-imports-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.concurrent.each(CASES)('$what', async ({ what, rule, files }) => {
    const tree = join(folder, what.replaceAll(' ', '-'));
    const all = {
      'agent/export/b.ts': 'export const b = 1;\nexport type B = number;\n',
      'cli/main.ts': 'export {};\n',
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    const config = join(ROOT, '.dependency-cruiser.cjs');
    const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    const result = await execa(
      process.execPath,
      [depcruise, '--config', config, '--output-type', 'json', 'agent', 'cli'],
      {
        cwd: tree,
        reject: false,
      },
    );
    const violated = (JSON.parse(result.stdout) as { summary: { violations: { rule: { name: string } }[] } }).summary
      .violations;
    expect(violated.map((violation) => violation.rule.name)).toEqual(
      rule === undefined ? [] : expect.arrayContaining([rule]),
    );
  });
});

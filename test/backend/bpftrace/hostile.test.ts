import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CURRENT_DIALECT } from '../../../agent/backend/bpftrace/dialect.ts';
import { bytesAre } from '../../../agent/backend/bpftrace/script/headers.ts';
import { bpftraceScript } from '../../../agent/backend/bpftrace/script/script.ts';
import { scriptError } from '../../../agent/backend/bpftrace/script-error.ts';
import type { Plan } from '../../../agent/probe/plan.ts';

/** A script in which everything that came from the target, or from its file, is `text`. */
function scriptWith(text: string): string {
  const probe = {
    role: 'panic',
    variant: 0,
    symbol: text,
    host: `${text}.host`,
    address: 0x482960,
    fileOffset: 0x82960,
    instruction: 'push rbp',
    site: 'push',
    cost: 'emulated',
    per: 'rare',
  } as const;
  const plan: Plan = {
    executable: text,
    goVersion: text,
    arch: 'amd64',
    probes: [probe],
    unavailable: [],
    layout: { g_goid: 152, type_tcp_conn: 0x700000 },
    addresses: ['type_tcp_conn'],
  };
  return bpftraceScript({
    target: {
      pid: 4242,
      startTicks: 1,
      executable: text,
      exePath: '/proc/4242/exe',
      command: [text],
      containerId: text,
      loadBias: 0,
    },
    plan,
    dialect: CURRENT_DIALECT,
    sites: [{ probe, number: 0x82960, ip: 0x482960, atEntry: false, frameBytes: 0 }],
    identity: { path: '/proc/4242/exe', buildId: text, words: [{ address: 0x400f00, value: 7n }] },
    headers: ['Traceparent'],
    sampleRatio: 1,
    minDurationNs: 0,
    toolVersion: text,
  });
}

/** What bpftrace runs: comments taken out as its lexer takes them out, strings emptied. */
function code(script: string): string {
  return script
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/\/\/[^\n]*/g, '')
    .replace(/^#![^\n]*/, '');
}

const HARMLESS = code(scriptWith('x'));

test.each([
  ['a newline', 'x\nBEGIN { system("id") }'],
  ['the end of a comment', 'x */ BEGIN { system("id") } /*'],
  ['quotes', 'x"); system("id"); printf("'],
  ['a format', '%s %n \\'],
  ['separators of lines', 'x\u2028BEGIN {}\u0085\r'],
  ['a space', '/srv/my app/check out'],
])('%s in a name stays in its comment', (_, text) => {
  const script = scriptWith(text);
  expect(code(script)).toBe(HARMLESS);
  expect(script).toMatch(/^[\x20-\x7e\n]*$/);
});

test('nothing in a name changes what the script does', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.array(fc.constantFrom('*', '/', '\n', '"', '\\', '\r', '{', '%')).map((parts) => parts.join('')),
      ),
      (text) => {
        const script = scriptWith(text);
        expect(code(script)).toBe(HARMLESS);
        expect(script).toMatch(/^[\x20-\x7e\n]*$/);
      },
    ),
  );
});

test('a header is compared by its bytes, never by its text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 31 }), (name) => {
      expect(bytesAre('$name', name)).toMatch(/^[\w $*()+=&]+$/);
    }),
  );
});

test('what bpftrace says of a script is shown with the part that it means', () => {
  const script = 'BEGIN { }\nuprobe:/proc/1/exe:0x21f86a\n/pid == 1/\n{\n  $x = nothing;\n}\n';
  expect(scriptError(script, 'stdin:5:8-15: ERROR: Unknown identifier\n')).toMatch(
    /Unknown identifier.*\$x = nothing;/,
  );
  expect(scriptError(script, 'ERROR: Error loading program: uprobe:/proc/1/exe:2226282 (try -v)\n')).toContain(
    'uprobe:/proc/1/exe:0x21f86a',
  );
  expect(scriptError(script, '')).toBe('it said nothing');
});

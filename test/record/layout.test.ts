import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WAIT_BOUNDS } from '../../agent/export/metrics/instruments.ts';
import { ROLES } from '../../agent/probe/plan.ts';
import { WAITS } from '../../agent/probe/reason-waits.ts';
import * as layout from '../../agent/record/layout.ts';

const BPF = join(import.meta.dirname, '../../bpf');

/** Our name of a member or constant, and the C expression for its value. */
const EXPECTED: Record<string, [number, string]> = {
  version: [layout.REC_VERSION, 'REC_VERSION'],
  histMinShift: [layout.HIST_MIN_SHIFT, 'HIST_MIN_SHIFT'],
  histBuckets: [layout.HIST_BUCKETS, 'HIST_BUCKETS'],
  histClasses: [layout.HIST_CLASSES, 'HIST_CLASSES'],
  hits: [layout.STATS_HITS, 'sizeof(((struct rec_stats *)0)->hits) / 8'],
  lost: [layout.STATS_LOST, 'sizeof(((struct rec_stats *)0)->lost) / 8'],
  losses: [layout.KERNEL_LOSSES.length, 'LOSS_MAX'],
  headers: [layout.MAX_HEADERS, 'HDR_WANTED'],
  sameStack: [layout.SAMPLE_SAME_STACK, 'SAMPLE_SAME_STACK'],
  reasons: [layout.MAX_REASONS, 'REASONS'],
  pauseText: [layout.PAUSE_TEXT, 'PAUSE_TEXT'],
  pauseNoReason: [layout.PAUSE_NO_REASON, 'PAUSE_NO_REASON'],
  statuses: [layout.GOROUTINE_STATUSES, 'GOROUTINE_STATUSES'],
  ...struct('rec_hdr', layout.HEADER),
  ...struct('rec_field', layout.FIELD),
  ...struct('rec_request', layout.REQUEST),
  ...struct('rec_panic', layout.PANIC),
  ...struct('rec_pause', layout.PAUSE),
  ...struct('rec_wait', layout.WAIT),
  ...struct('rec_release', layout.RELEASE),
  ...struct('rec_samples', layout.SAMPLES),
  ...struct('rec_sample', layout.SAMPLE),
  ...struct('rec_goroutines', layout.GOROUTINES),
  ...struct('rec_goroutine_site', layout.GOROUTINE_SITE),
  ...struct('rec_process', layout.PROCESS),
  ...struct('rec_reply', layout.REPLY),
  ...struct('rec_stats', layout.STATS),
  ...struct('runtime_lock_waits', layout.RUNTIME_LOCK_WAITS),
  ...struct('rec_runtime_locks', layout.RUNTIME_LOCKS),
  runtimeLockBuckets: [layout.RUNTIME_LOCK_BUCKETS, 'RUNTIME_LOCK_BUCKETS'],
  runtimeLockBounds: [WAIT_BOUNDS.ns.length, 'sizeof((long[])RUNTIME_LOCK_BOUNDS) / sizeof(long)'],
  ...Object.fromEntries(
    WAIT_BOUNDS.ns.map((ns, i) => [`runtimeLockBound${i}`, [ns, `((long[])RUNTIME_LOCK_BOUNDS)[${i}]`]]),
  ),
  ...constants('REC_', layout.RecordType),
  ...constants('TAG_', layout.Tag),
  ...constants('REQ_', layout.RequestFlag),
  ...constants('GOROUTINE_', layout.GoroutineFlag),
  ...constants('WAIT_', layout.WaitWord),
  ...constants('WAIT_KIND_', layout.WaitKind),
  ...order('WAIT_', WAITS),
  ...order('ROLE_', ROLES, 'sched_'),
};

test('the layout is that of bpf/record.h', () => {
  const folder = mkdtempSync(join(tmpdir(), 'layout-'));
  try {
    const program = join(folder, 'layout');
    writeFileSync(`${program}.c`, programSource());
    execFileSync('cc', ['-I', BPF, '-o', program, `${program}.c`]);
    const actual = JSON.parse(execFileSync(program, { encoding: 'utf8' }));
    expect(Object.fromEntries(Object.entries(EXPECTED).map(([name, [value]]) => [name, value]))).toEqual(actual);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function programSource(): string {
  const rows = Object.entries(EXPECTED).map(([name, [, expression]]) => `{"${name}", ${expression}},`);
  return `#include <stddef.h>
#include <stdio.h>
#include "record.h"
#include "config.h"
int main(void)
{
	const struct { const char *name; long value; } rows[] = { ${rows.join('\n')} };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s\\"%s\\": %ld", i ? ", " : "{", rows[i].name, rows[i].value);
	puts("}");
}
`;
}

function struct(name: string, members: Record<string, number>): Record<string, [number, string]> {
  const rows = Object.entries(members).map(([member, value]): [string, [number, string]] => [
    `${name}.${member}`,
    [value, member === 'size' ? `sizeof(struct ${name})` : `offsetof(struct ${name}, ${snakeCase(member)})`],
  ]);
  return Object.fromEntries(rows);
}

function constants(prefix: string, values: Record<string, number>): Record<string, [number, string]> {
  const rows = Object.entries(values).map(([name, value]): [string, [number, string]] => {
    const constant = prefix + snakeCase(name).toUpperCase();
    return [constant, [value, constant]];
  });
  return Object.fromEntries(rows);
}

/** Names in the order of an enum, all of it. What is `--deep` alone has a prefix of its own here, and none there. */
function order(prefix: string, names: readonly string[], dropped = ''): Record<string, [number, string]> {
  const rows = names.map((name, index): [string, [number, string]] => {
    const constant = prefix + (dropped !== '' && name.startsWith(dropped) ? name.slice(dropped.length) : name);
    return [`${prefix}order.${name}`, [index, constant.toUpperCase()]];
  });
  return Object.fromEntries([...rows, [`${prefix}order`, [names.length, `${prefix}MAX`]]]);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

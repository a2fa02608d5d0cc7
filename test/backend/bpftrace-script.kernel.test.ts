import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildServer } from '../e2e/harness/build.ts';
import { HTTPTRACE, ROOT } from '../e2e/harness/paths.ts';
import { startServer } from '../e2e/harness/server.ts';
import { type Cell, GO_VERSIONS } from '../e2e/matrix.ts';

/** The script of each Go version is kept (`vitest -u` writes them anew), and bpftrace itself takes it. */

const TIMEOUT = 300_000;
const SUITES = ['bookworm', 'trixie'] as const;
const bpftraceOf = (suite: string): string => resolve(ROOT, `build/bpftrace/${suite}/bpftrace`);

/** Addresses, the process and its build differ from one build to the next; offsets in structs do not. */
function normalised(script: string): string {
  return (
    script
      .replace(/process \d+/g, 'process PID')
      .replace(/-p \d+/g, '-p PID')
      .replace(/pid == \d+/g, 'pid == PID')
      .replace(/\/proc\/\d+\/map_files\/[0-9a-f]+-[0-9a-f]+/g, '/proc/PID/map_files/CODE')
      .replace(/(executable {3}).*/, '$1PATH')
      .replace(/(build ID {5}).*/, '$1BUILD')
      .replace(/\(build ID [^)]*\)/, '(build ID BUILD)')
      // Of a jump or a call in a comment: code lies elsewhere in another build.
      .replace(/^(\/\/ .*: (?:call|j[a-z]+) )0x[0-9a-f]+$/gm, '$1ADDRESS')
      .replace(/(Go {11}go1\.\d+)\S*,/, '$1,')
      .replace(
        /(CODE:|reg\("ip"\) == |\(uint64 \*\)|\$type == |\$candidate == |\$w\d != |\$caller >=? |\$caller < |reg\("sp"\) >?[<=] |\+ 8\) == )0x[0-9a-f]+/g,
        '$1ADDRESS',
      )
  );
}

/** Attaches to nothing: 0.17 stops behind the code generation, newer versions place the probes and take them out. */
async function dryRun(bpftrace: string, script: string): Promise<string> {
  const help = await execa(bpftrace, ['--help'], { reject: false });
  const flags = `${help.stdout}${help.stderr}`.includes('--dry-run') ? ['--dry-run'] : ['-d'];
  const { exitCode, stderr } = await execa(bpftrace, ['--unsafe', ...flags, '-', '1'], {
    input: script,
    reject: false,
    stdout: 'ignore',
  });
  return exitCode === 0 ? '' : `exit code ${exitCode}: ${stderr}`;
}

describe.each(GO_VERSIONS)('Go %s', (go) => {
  const cell: Cell = { program: 'probe-me', go, build: 'stripped' };
  const scripts = new Map<string, string>();

  beforeAll(async () => {
    execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [...SUITES], { stdio: 'inherit' });
    const server = await startServer(await buildServer(cell), cell);
    try {
      for (const suite of SUITES) {
        const { stdout } = await execa(HTTPTRACE, ['script', `${server.pid}`, '--bpftrace', bpftraceOf(suite)]);
        scripts.set(suite, `${stdout}\n`);
        expect(await dryRun(bpftraceOf(suite), `${stdout}\n`), `bpftrace of ${suite} takes it`).toBe('');
      }
    } finally {
      await server.stop();
    }
  }, TIMEOUT);

  test('is as it was', async () => {
    await expect(normalised(scripts.get('trixie') ?? '')).toMatchFileSnapshot(`bpftrace/golden/go${go}.bt`);
  });

  test('differs between versions of bpftrace in how strings, times and stacks are asked for, and in nothing else', () => {
    const same = (script: string): string =>
      normalised(script)
        .replaceAll('nsecs(monotonic)', 'nsecs')
        .replace(/(?:\\n {8}0x%llx){10}\\n(.*\n.*, )reg\("ip"\), \$s1, .*\$s9\);/g, '%s$1ustack(10));')
        .replace(/\? 64 : (.*?) \+ 1\)/g, '? 63 : $1)');
    expect(same(scripts.get('bookworm') ?? '')).toBe(same(scripts.get('trixie') ?? ''));
  });
});

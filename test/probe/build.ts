import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GoBinary } from '../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { DEFINITIONS } from '../../agent/probe/definitions.ts';
import { type Plan, type PlannedProbe, ROLES, type Role, type SiteKind } from '../../agent/probe/plan.ts';
import { planProbes } from '../../agent/probe/planner.ts';

export interface Build {
  readonly go?: string;
  readonly source?: 'hello' | 'no-server';
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Built {
  /** With `--deep`. */
  readonly deep: Plan;
  readonly path: string;
  readonly binary: GoBinary;
  readonly plan: Plan;
}

/** Roles that only a profile brings: they are planned where it made the compiler inline ServeHTTP. */
const OF_PROFILES: readonly Role[] = ['http1_read', 'http1_serve_inlined', 'http2_mux'];

/** What `--deep` adds. */
export const DEEP_ROLES = ROLES.filter((role) => DEFINITIONS.some((one) => one.role === role && one.deep));

/** What is watched in a program that was built without a profile. */
export const ORDINARY_ROLES = ROLES.filter((role) => !OF_PROFILES.includes(role) && !DEEP_ROLES.includes(role));

/** What is watched at a call in its function's body instead of at the function's start. */
const AT_A_CALL: readonly Role[] = [
  'stw_end',
  'assist_begin',
  'assist_end',
  'sem_woken',
  'cond_woken',
  'stw_counted',
  'sched_spawn',
  'sched_netpoll',
];

/** The site that a probe has in an ordinary build: at a call, or else of the kind that the version has at the start. */
export function siteOf({ role }: Pick<PlannedProbe, 'role'>, atStart: SiteKind): { readonly site: SiteKind } {
  return { site: AT_A_CALL.includes(role) ? 'call' : atStart };
}

const ENV = { GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'on' };

/** Builds one of the programs beside this file and returns its path. */
export function build({ go = 'go', source = 'hello', flags = [], env = {} }: Build): string {
  const path = join(mkdtempSync(join(tmpdir(), 'httptrace-probe-')), source);
  const cwd = join(import.meta.dirname, source);
  execFileSync(go, ['build', '-o', path, ...flags, '.'], {
    cwd,
    env: { ...process.env, ...ENV, ...env },
    stdio: 'pipe',
  });
  return path;
}

export function buildAndPlan(options: Build): Built {
  const path = build(options);
  const binary = openGoBinary(path);
  return { path, binary, plan: planProbes(binary), deep: planProbes(binary, true) };
}

/** A CPU profile of the server under load, for `-pgo`. */
export function profile(options: Build): string {
  const server = build(options);
  const path = `${server}.pprof`;
  execFileSync(server, [path], { stdio: 'pipe' });
  return path;
}

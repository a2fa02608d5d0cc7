import { execa } from 'execa';
import { findLoader } from '../loader.ts';
import { VERSION } from '../version.ts';
import { type Check, fail, ok, warn } from './check.ts';

const TIMEOUT_MS = 20_000;
const MAX_OUTPUT = 1 << 20;

/** What the loader found when it tried it, one JSON object a line. */
interface Feature {
  readonly feature: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly detail: string;
}

const ADVICE =
  'Look at the capabilities and the kernel settings above; in a container, run it privileged once to compare';

/** Whether the loader is there, of this version, and what it can do on this kernel: it tries, it does not guess. */
export async function loaderChecks(given: string | undefined): Promise<Check[]> {
  const path = findLoader(given);
  if (path === undefined)
    return [fail('loader', 'httptrace-loader was not found', 'Install it beside httptrace, or name it with --loader')];
  const version = await run(path, ['--version']);
  if (version.failed) return [fail('loader', `${path} does not run: ${version.message}`, 'Install httptrace again')];
  const features = await run(path, ['--probe']);
  const checks = features.stdout
    .split('\n')
    .flatMap((line) => parseFeature(line) ?? [])
    .map(featureCheck);
  if (checks.length === 0) checks.push(fail('features', `the loader could not try them: ${features.message}`, ADVICE));
  return [versionCheck(path, version.stdout.trim()), ...checks];
}

function versionCheck(path: string, text: string): Check {
  if (text.split(/\s+/).includes(VERSION)) return ok('loader', `${path}, version ${VERSION}`);
  return fail(
    'loader',
    `${path} is of another version (${text.slice(0, 80)}, not ${VERSION})`,
    'Install both from one build',
  );
}

/** Undefined: not a line that is understood. */
export function parseFeature(line: string): Feature | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { feature, ok: works, needed, detail } = value as Partial<Record<keyof Feature, unknown>>;
    if (typeof feature !== 'string' || typeof works !== 'boolean') return undefined;
    return { feature, ok: works, needed: needed === true, detail: typeof detail === 'string' ? detail : '' };
  } catch {
    return undefined;
  }
}

export function featureCheck({ feature, ok: works, needed, detail }: Feature): Check {
  const name = `tried.${feature}`;
  // Where a feature works, only what was measured says more.
  if (works) return ok(name, /\d/.test(detail) ? `works (${detail})` : 'works');
  const found = `does not work${detail === '' ? '' : `: ${detail}`}`;
  return needed ? fail(name, found, ADVICE) : warn(name, found, 'Nothing needs to be done: another way is used');
}

async function run(
  path: string,
  args: readonly string[],
): Promise<{ stdout: string; failed: boolean; message: string }> {
  const result = await execa(path, args, {
    reject: false,
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT,
    stdin: 'ignore',
  });
  const message =
    result.stderr.split('\n')[0] || (result instanceof Error ? (result.shortMessage?.split('\n')[0] ?? '') : '');
  return { stdout: result.stdout, failed: result.failed, message };
}

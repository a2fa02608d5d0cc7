import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../build/toolchains');
const ALL = ['1.19', '1.21', '1.22', '1.23', '1.24', '1.25', '1.26', '1.27'];

export interface Toolchain {
  readonly version: string;
  readonly go: string;
  readonly minor: number;
}

/**
 * The toolchains to sweep over: HTTPTRACE_GO_VERSIONS names them (`1.19,1.27`, or `all` for those that
 * test/toolchains.sh has fetched). Unset: none, which leaves the everyday run quick. A named one must be there.
 */
export function toolchains(): readonly Toolchain[] {
  const wanted = process.env['HTTPTRACE_GO_VERSIONS'] ?? '';
  if (wanted === '') return [];
  const versions = wanted === 'all' ? ALL.filter((version) => existsSync(goOf(version))) : wanted.split(',');
  const missing = versions.filter((version) => !existsSync(goOf(version)));
  if (missing.length > 0) throw new Error(`no toolchain for Go ${missing.join(', ')}; run test/toolchains.sh`);
  return versions.map((version) => ({ version, go: goOf(version), minor: Number(version.split('.')[1]) }));
}

const goOf = (version: string) => join(ROOT, `go${version}`, 'bin/go');

import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const BUILD = resolve(ROOT, 'build');
export const SERVERS = resolve(ROOT, 'test/servers');
export const HTTPTRACE = resolve(ROOT, 'dist/httptrace');

export function goCommand(version: string): string {
  return resolve(BUILD, `toolchains/go${version}/bin/go`);
}

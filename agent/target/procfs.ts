import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

const CHUNK = 65_536;

/**
 * The first `maxBytes` of a file under /proc, whose size is not known beforehand. Latin-1, so that no byte is lost.
 * @throws the system's error (`code` ENOENT, ESRCH, EACCES, ...).
 */
export function readProc(path: string, maxBytes: number): string {
  const fd = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    while (total < maxBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, maxBytes - total));
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      total += count;
    }
    return Buffer.concat(chunks, total).toString('latin1');
  } finally {
    closeSync(fd);
  }
}

/** Like `readProc`; undefined where the file cannot be read. */
export function tryReadProc(path: string, maxBytes: number): string | undefined {
  try {
    return readProc(path, maxBytes);
  } catch {
    return undefined;
  }
}

/** Where a link under /proc points; undefined where it cannot be read. */
export function tryReadLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** All process ids, ascending. */
export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** `code` of a system error, else an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

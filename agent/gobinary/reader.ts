import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { BinaryError } from './errors.ts';

const PAGE = 64 * 1024;
const CACHED_PAGES = 64;
const MAX_FILE_SIZE = 2 ** 31;

/**
 * Positioned, bounded reads from a file. Holds at most 4 MiB of it: small reads share a cache of pages,
 * large ones are the caller's to hold.
 */
export class FileReader {
  readonly size: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #pages = new Map<number, Buffer>();
  #closed = false;

  constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    this.size = size;
  }

  /** `length` bytes at `offset`. The result may be shared: do not write to it. Throws `truncated` past the end. */
  bytes(offset: number, length: number): Buffer {
    this.#check(offset, length);
    if (length > PAGE) {
      const buffer = Buffer.allocUnsafeSlow(length);
      this.readInto(buffer, offset, length);
      return buffer;
    }
    const first = Math.floor(offset / PAGE);
    const at = offset - first * PAGE;
    const page = this.#page(first);
    if (at + length <= PAGE) return page.subarray(at, at + length);
    const rest = this.#page(first + 1);
    return Buffer.concat([page.subarray(at), rest.subarray(0, at + length - PAGE)]);
  }

  /** Fills the first `length` bytes of `buffer` from `offset` on. */
  readInto(buffer: Buffer, offset: number, length: number): void {
    this.#check(offset, length);
    if (this.#closed) throw new BinaryError('unreadable', `${this.#path} was closed; open it again`);
    let done = 0;
    while (done < length) {
      const count = this.#read(buffer, done, length - done, offset + done);
      if (count === 0) throw this.#truncated();
      done += count;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pages.clear();
    closeSync(this.#fd);
  }

  #read(buffer: Buffer, at: number, length: number, position: number): number {
    try {
      return readSync(this.#fd, buffer, at, length, position);
    } catch (error) {
      throw new BinaryError('unreadable', `cannot read ${this.#path}: ${reason(error)}`, { cause: error });
    }
  }

  #check(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw this.#truncated();
  }

  #page(index: number): Buffer {
    const cached = this.#pages.get(index);
    if (cached !== undefined) return cached;
    const start = index * PAGE;
    const page = Buffer.allocUnsafeSlow(Math.min(PAGE, this.size - start));
    this.readInto(page, start, page.length);
    if (this.#pages.size >= CACHED_PAGES) this.#pages.delete(oldest(this.#pages));
    this.#pages.set(index, page);
    return page;
  }

  #truncated(): BinaryError {
    return new BinaryError('truncated', `${this.#path} ends too early; copy or build it again`);
  }
}

/** Opens a regular file for reading. Throws `unreadable`. */
export function openFile(path: string): FileReader {
  let fd: number;
  try {
    // Not blocking: opening a named pipe must not wait for its writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new BinaryError('unreadable', `cannot open ${path}: ${reason(error)}`, { cause: error });
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new BinaryError('unreadable', `${path} is not a regular file; name the executable itself`);
  }
  if (stat.size > MAX_FILE_SIZE) {
    closeSync(fd);
    throw new BinaryError('unreadable', `${path} is larger than 2 GiB; name the executable itself`);
  }
  return new FileReader(path, fd, stat.size);
}

function oldest(pages: Map<number, Buffer>): number {
  for (const index of pages.keys()) return index;
  return -1;
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file; check the path, or whether the process still runs';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied; run as root or with CAP_SYS_PTRACE';
  return error instanceof Error ? error.message : String(error);
}

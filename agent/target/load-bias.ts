import { closeSync, openSync, readSync } from 'node:fs';

/** First loadable segment of a 64-bit little-endian ELF file. */
export interface FirstLoad {
  /** False for ET_EXEC: it runs where it was linked. */
  readonly relocatable: boolean;
  readonly fileOffset: number;
  readonly virtualAddress: number;
}

const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PROGRAM_HEADER_BYTES = 56;
const MAX_PROGRAM_HEADERS = 128;
const PAGE_BYTES = 4096;

/**
 * Reads the header and the program headers, no more. Undefined where this is not such a file: what is wrong
 * with it is for the reader of the binary to say.
 * @throws the system's error where the file cannot be read.
 */
export function readFirstLoad(path: string): FirstLoad | undefined {
  const fd = openSync(path, 'r');
  try {
    const header = Buffer.alloc(64);
    if (readSync(fd, header, 0, 64, 0) < 64) return undefined;
    const isElf64Little = header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
    const type = header.readUInt16LE(16);
    const count = Math.min(header.readUInt16LE(56), MAX_PROGRAM_HEADERS);
    const tableOffset = Number(header.readBigUInt64LE(32));
    const entryBytes = header.readUInt16LE(54);
    if (!isElf64Little || (type !== ET_EXEC && type !== ET_DYN) || entryBytes !== PROGRAM_HEADER_BYTES)
      return undefined;
    if (!Number.isSafeInteger(tableOffset)) return undefined;

    const table = Buffer.alloc(count * PROGRAM_HEADER_BYTES);
    if (readSync(fd, table, 0, table.length, tableOffset) < table.length) return undefined;
    for (let at = 0; at < table.length; at += PROGRAM_HEADER_BYTES) {
      if (table.readUInt32LE(at) !== PT_LOAD) continue;
      const fileOffset = Number(table.readBigUInt64LE(at + 8));
      const virtualAddress = Number(table.readBigUInt64LE(at + 16));
      if (!Number.isSafeInteger(fileOffset) || !Number.isSafeInteger(virtualAddress)) return undefined;
      return { relocatable: type === ET_DYN, fileOffset, virtualAddress };
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * Where the executable's first segment was mapped, less where it was linked.
 * @param maps text of /proc/PID/maps (proc(5))
 * @param executable target of /proc/PID/exe, with its ` (deleted)` if there: maps has the same text
 * @returns undefined where that segment is not mapped
 */
export function loadBias(maps: string, executable: string, load: FirstLoad): number | undefined {
  if (!load.relocatable) return 0;
  const offset = load.fileOffset - (load.fileOffset % PAGE_BYTES);
  const address = load.virtualAddress - (load.virtualAddress % PAGE_BYTES);
  const name = executable.replaceAll('\n', '\\012');
  for (const line of maps.split('\n')) {
    const match = MAPS_LINE.exec(line);
    if (match?.[3] !== name || Number.parseInt(match[2] ?? '', 16) !== offset) continue;
    return Number.parseInt(match[1] ?? '', 16) - address;
  }
  return undefined;
}

/** start-end perms offset dev inode path */
const MAPS_LINE = /^([0-9a-f]+)-[0-9a-f]+ \S{4} ([0-9a-f]+) \S+ \d+ +(.+)$/;

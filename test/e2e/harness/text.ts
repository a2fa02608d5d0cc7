import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

interface Mapping {
  readonly start: number;
  readonly length: number;
  readonly fileOffset: number;
}

export interface Difference {
  readonly address: string;
  readonly inMemory: string;
  readonly inFile: string;
}

/**
 * Where a process's code differs from its executable: breakpoints and patched calls that were left behind. Go does not
 * change its own code, so there is no difference otherwise.
 */
export function changedText(pid: number): readonly Difference[] {
  const file = readFileSync(`/proc/${pid}/exe`);
  return codeMappings(pid).flatMap((mapping) => compare(pid, file, mapping));
}

function codeMappings(pid: number): readonly Mapping[] {
  const mappings: Mapping[] = [];
  const inode = `${statSync(`/proc/${pid}/exe`).ino}`;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) r-x. ([0-9a-f]+) \S+ (\d+)/.exec(line);
    if (!match || match[4] !== inode) continue;
    const [start, end, fileOffset] = [match[1], match[2], match[3]].map((hex) => Number.parseInt(hex!, 16));
    mappings.push({ start: start!, length: end! - start!, fileOffset: fileOffset! });
  }
  if (mappings.length === 0) throw new Error(`process ${pid} has no code of its executable mapped`);
  return mappings;
}

function compare(pid: number, file: Buffer, { start, length, fileOffset }: Mapping): readonly Difference[] {
  const memory = Buffer.alloc(length);
  const handle = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (let done = 0; done < length; ) done += readSync(handle, memory, done, length - done, start + done);
  } finally {
    closeSync(handle);
  }
  const known = Math.min(length, file.length - fileOffset);
  if (memory.compare(file, fileOffset, fileOffset + known, 0, known) === 0) return [];
  const differences: Difference[] = [];
  for (let i = 0; i < known && differences.length < 32; i++) {
    if (memory[i] !== file[fileOffset + i]) {
      differences.push({
        address: `0x${(start + i).toString(16)}`,
        inMemory: memory.toString('hex', i, i + 1),
        inFile: file.toString('hex', fileOffset + i, fileOffset + i + 1),
      });
    }
  }
  return differences;
}

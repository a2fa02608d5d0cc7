import { statSync } from 'node:fs';
import { readElf } from '../../gobinary/elf.ts';
import { openFile } from '../../gobinary/reader.ts';
import type { TargetProcess } from '../../target/process.ts';
import { tryReadProc } from '../../target/procfs.ts';
import type { ScriptSite } from './place.ts';
import type { Identity } from './script/context.ts';

const MAPS_BYTES = 4 << 20;
/** elf(5): name size, description size, type, then the name "Go\0\0". */
const NOTE_HEAD_BYTES = 16;
const MAX_BUILD_ID = 256;
/** Words of the build ID and of the code that are compared. */
const WORDS = 3;

/**
 * How the script knows this very program. The path names the process and the addresses that its code is mapped to, so it
 * leads nowhere for another program with the same pid, unless its code has the same size: bpftrace then ends before it
 * has placed a probe. What is left is found by a comparison at the first hit.
 */
export function identityOf(target: TargetProcess, site: ScriptSite | undefined): Identity {
  const reader = openFile(target.exePath);
  try {
    const { segments, sections } = readElf(reader);
    const read = (address: number, length: number): Buffer | undefined => {
      const segment = segments.find((s) => address >= s.address && address + length <= s.address + s.fileSize);
      return segment && reader.bytes(segment.offset + address - segment.address, length);
    };
    const words: { address: number; value: bigint }[] = [];
    const note = sections.find(({ name }) => name === '.note.go.buildid');
    const noteBytes = note && note.size > NOTE_HEAD_BYTES ? read(note.address, note.size) : undefined;
    const buildId = noteBytes
      ?.subarray(NOTE_HEAD_BYTES, NOTE_HEAD_BYTES + Math.min(noteBytes.readUInt32LE(4), MAX_BUILD_ID))
      .toString('latin1');
    for (let index = 0; note && noteBytes && index < WORDS; index++) {
      const at = NOTE_HEAD_BYTES + index * 8;
      if (at + 8 > noteBytes.length) break;
      words.push({ address: note.address + target.loadBias + at, value: noteBytes.readBigUInt64LE(at) });
    }
    // The code behind the probe's own instruction, of which the kernel changes the first byte.
    const behind = site && read(site.ip - target.loadBias + 8, 8);
    if (site && behind) words.push({ address: site.ip + 8, value: behind.readBigUInt64LE(0) });
    return { path: codePath(target), buildId, words };
  } finally {
    reader.close();
  }
}

/** /proc/PID/map_files/START-END of the executable's code (proc(5)); /proc/PID/exe where that may not be followed. */
function codePath({ pid, exePath }: TargetProcess): string {
  const maps = tryReadProc(`/proc/${pid}/maps`, MAPS_BYTES) ?? '';
  const code = /^0*([0-9a-f]+)-0*([0-9a-f]+) r-xp \S+ \S+ [1-9]\d* /m.exec(maps);
  if (code === null) return exePath;
  const path = `/proc/${pid}/map_files/${code[1]}-${code[2]}`;
  try {
    const [mapped, executable] = [statSync(path), statSync(exePath)];
    return mapped.dev === executable.dev && mapped.ino === executable.ino ? path : exePath;
  } catch {
    return exePath;
  }
}

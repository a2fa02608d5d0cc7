import type { GoBinary } from './binary.ts';
import { readBuildInfo } from './buildinfo.ts';
import { type Elf, readElf } from './elf.ts';
import { BinaryError, damaged } from './errors.ts';
import { GoExecutable } from './executable.ts';
import { Image } from './image.ts';
import { findModuledata, type Moduledata } from './moduledata.ts';
import { findPclntabs } from './pclntab.ts';
import { type FileReader, openFile } from './reader.ts';
import { readRelocations } from './relocations.ts';

/** Other data may look like the start of a function table, but not often. */
const MAX_HEADERS = 4;

/**
 * Opens a Go executable for amd64 or arm64, built with Go 1.19 or later, stripped or not. Keeps the file open
 * until `close`. Throws `BinaryError`, whatever the file holds.
 */
export function openGoBinary(path: string): GoBinary {
  const reader = openFile(path);
  try {
    return read(path, reader);
  } catch (error) {
    reader.close();
    throw error;
  }
}

function read(path: string, reader: FileReader): GoBinary {
  const elf = readElf(reader);
  const image = new Image(reader, elf, readRelocations(reader, elf));
  const { version, buildInfo } = readBuildInfo(image, elf);
  const moduledata = locate(image, elf);
  return new GoExecutable({ path, reader, elf, image, version, buildInfo, moduledata });
}

function locate(image: Image, elf: Elf): Moduledata {
  let headers = 0;
  for (const header of findPclntabs(image, elf)) {
    const moduledata = findModuledata(image, elf, header);
    if (moduledata !== undefined) return moduledata;
    if (++headers === MAX_HEADERS) break;
  }
  if (headers > 0) throw damaged('its function table and its module data do not fit together');
  throw new BinaryError('damaged', 'the executable has no function table; unpack it (UPX) or rebuild it');
}

import { damaged } from './errors.ts';
import type { Image } from './image.ts';

/** Go: runtime.textsect. Large programs on arm64 have several text sections. */
interface TextSection {
  readonly start: number;
  readonly end: number;
  readonly address: number;
}

const ENTRY_SIZE = 24;
const MAX_SECTIONS = 4096;

/** Between offsets from runtime.text, as the function table counts, and addresses (Go: moduledata.textAddr, textOff). */
export class TextMap {
  readonly #sections: readonly TextSection[];

  constructor(sections: readonly TextSection[]) {
    this.#sections = sections;
  }

  addressOf(offset: number): number {
    for (const section of this.#sections) {
      if (offset >= section.start && offset < section.end) return section.address + offset - section.start;
    }
    throw damaged('a function lies outside of the code');
  }

  offsetOf(address: number): number | undefined {
    for (const section of this.#sections) {
      const from = address - section.address;
      if (from >= 0 && from < section.end - section.start) return section.start + from;
    }
    return undefined;
  }
}

/** `textsectmap` is the address and length of the slice of that name in the module data. */
export function readTextMap(
  image: Image,
  text: number,
  etext: number,
  textsectmap: { readonly address: number; readonly length: number },
): TextMap {
  if (textsectmap.length <= 1) return new TextMap([{ start: 0, end: etext - text, address: text }]);
  if (textsectmap.length > MAX_SECTIONS) throw damaged('it has too many text sections');
  const sections = Array.from({ length: textsectmap.length }, (_, i) => {
    const at = textsectmap.address + i * ENTRY_SIZE;
    return { start: image.word(at), end: image.word(at + 8), address: image.word(at + 16) };
  });
  return new TextMap(sections);
}

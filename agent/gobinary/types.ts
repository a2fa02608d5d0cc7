import type { StructType } from './binary.ts';
import type { Image, Span } from './image.ts';
import { take } from './take.ts';
import { KIND_MASK, LAST_KIND, TFLAG_EXTRA_STAR, TFLAG_NAMED, TFLAG_UNCOMMON, TYPE, TypeIndex } from './type-index.ts';

/** abi.Kind. */
const KIND = {
  array: 17,
  chan: 18,
  func: 19,
  interface: 20,
  map: 21,
  pointer: 22,
  slice: 23,
  struct: 25,
} as const;

/** Where `abi.UncommonType` follows a descriptor, by kind; a map's size is not the same in every version. */
const UNCOMMON_AT: ReadonlyMap<number, number> = new Map([
  [KIND.array, 72],
  [KIND.chan, 64],
  [KIND.func, 56],
  [KIND.interface, 80],
  [KIND.pointer, 56],
  [KIND.slice, 56],
  [KIND.struct, 80],
]);
/** The size of a map's descriptor is learned from one of these maps, whose package is known. */
const KNOWN_MAPS = [
  ['net/http', 'Header'],
  ['net/textproto', 'MIMEHeader'],
  ['net/url', 'Values'],
] as const;
const MAP_SIZES = { from: 80, to: 192 } as const;
const ELEM = TYPE.end;
const STRUCT_FIELDS = 56;
const FIELD_SIZE = 24;
const MAX_FIELDS = 16 * 1024;
const MAX_NAME = 16 * 1024;
/** More places than a real file has for one name. */
const MAX_CANDIDATES = 4096;

/** A type descriptor (abi.Type), checked to lie within the types. */
interface Descriptor {
  readonly address: number;
  readonly size: number;
  readonly kind: number;
  readonly flags: number;
  /** As Go prints it, e.g. `*errors.errorString`. */
  readonly name: string;
  /** Offset of the name as stored; a type and the pointer to it share it. */
  readonly str: number;
  readonly ptrToThis: number;
}

/** The run-time types of a binary, between moduledata.types and moduledata.etypes. */
export class TypeTable {
  readonly #image: Image;
  readonly #span: Span;
  #index: TypeIndex | undefined;
  #mapSize: number | undefined | null = null;

  constructor(image: Image, span: Span) {
    this.#image = image;
    this.#span = span;
  }

  struct(pkgPath: string, name: string): StructType | undefined {
    const type = this.#named(pkgPath, name, (kind) => kind === KIND.struct);
    return type === undefined ? undefined : this.#readStruct(type);
  }

  /** Address of the descriptor of `*pkg.name`. */
  pointerType(pkgPath: string, name: string): number | undefined {
    const type = this.#named(pkgPath, name, () => true);
    if (type === undefined) return undefined;
    const direct = this.#span.address + type.ptrToThis;
    if (type.ptrToThis !== 0 && this.#pointsTo(direct, type.address)) return direct;
    const pattern = Buffer.alloc(4);
    pattern.writeUInt32LE(type.str);
    for (const at of take(this.#image.search(this.#span, pattern), MAX_CANDIDATES)) {
      if (this.#pointsTo(at - TYPE.str, type.address)) return at - TYPE.str;
    }
    return undefined;
  }

  /** Undefined where no descriptor can be at this address. */
  describe(address: number): { name: string; pkgPath: string; kind: number } | undefined {
    const type = this.#descriptor(address);
    return type === undefined ? undefined : { name: type.name, pkgPath: this.#pkgPath(type) ?? '', kind: type.kind };
  }

  /** The only type of this name; two of them (one declared in a function) are as good as none. */
  #named(pkgPath: string, name: string, accept: (kind: number) => boolean): Descriptor | undefined {
    this.#index ??= new TypeIndex(this.#image, this.#span);
    let found: Descriptor | undefined;
    for (const offset of take(this.#index.candidates(name), MAX_CANDIDATES)) {
      const type = this.#descriptor(this.#span.address + offset);
      if (type === undefined || (type.flags & TFLAG_NAMED) === 0 || !accept(type.kind)) continue;
      if (type.name.slice(type.name.indexOf('.') + 1) !== name || !this.#isOf(type, pkgPath)) continue;
      if (found !== undefined) return undefined;
      found = type;
    }
    return found;
  }

  #isOf(type: Descriptor, pkgPath: string): boolean {
    if (type.kind !== KIND.map) return this.#pkgPath(type) === pkgPath;
    return this.#mapSizeBy(type, pkgPath) !== undefined;
  }

  #pkgPath(type: Descriptor): string | undefined {
    if ((type.flags & TFLAG_UNCOMMON) === 0) return undefined;
    const at = type.kind === KIND.map ? this.#learnMapSize() : (UNCOMMON_AT.get(type.kind) ?? TYPE.end);
    return at === undefined ? undefined : this.#nameBehind(type.address + at);
  }

  #learnMapSize(): number | undefined {
    if (this.#mapSize !== null) return this.#mapSize;
    this.#mapSize = undefined;
    for (const [pkgPath, name] of KNOWN_MAPS) {
      const type = this.#named(pkgPath, name, (kind) => kind === KIND.map);
      if (type !== undefined) this.#mapSize ??= this.#mapSizeBy(type, pkgPath);
    }
    return this.#mapSize;
  }

  /** The size of a map's descriptor, if what follows it can be a reference to this package. */
  #mapSizeBy(type: Descriptor, pkgPath: string): number | undefined {
    for (let at = MAP_SIZES.from; at < MAP_SIZES.to; at += 8) {
      if (this.#nameBehind(type.address + at) === pkgPath) return at;
    }
    return undefined;
  }

  #nameBehind(address: number): string | undefined {
    return this.#holds(address, 4) ? this.#name(this.#image.u32(address)) : undefined;
  }

  #pointsTo(address: number, elem: number): boolean {
    return this.#descriptor(address)?.kind === KIND.pointer && this.#image.word(address + ELEM) === elem;
  }

  #descriptor(address: number): Descriptor | undefined {
    if (address % 8 !== 0 || !this.#holds(address, ELEM + 8)) return undefined;
    const bytes = this.#image.bytes(address, TYPE.end);
    const kind = (bytes[TYPE.kind] as number) & KIND_MASK;
    const flags = bytes[TYPE.tflag] as number;
    const str = bytes.readUInt32LE(TYPE.str);
    const stored = this.#name(str);
    if (kind === 0 || kind > LAST_KIND || stored === undefined || stored === '') return undefined;
    const name = (flags & TFLAG_EXTRA_STAR) !== 0 ? stored.slice(1) : stored;
    const size = bytes.readUInt32LE(TYPE.size) + bytes.readUInt32LE(TYPE.size + 4) * 0x1_0000_0000;
    return { address, size, kind, flags, name, str, ptrToThis: bytes.readUInt32LE(TYPE.ptrToThis) };
  }

  #readStruct(type: Descriptor): StructType | undefined {
    const list = this.#image.slice(type.address + STRUCT_FIELDS);
    if (list.length > MAX_FIELDS || (list.length > 0 && !this.#holds(list.address, list.length * FIELD_SIZE)))
      return undefined;
    const fields = new Map<string, { offset: number; type: number }>();
    for (let i = 0; i < list.length; i++) {
      const at = list.address + i * FIELD_SIZE;
      const name = this.#name(this.#image.word(at) - this.#span.address);
      const offset = this.#image.word(at + 16);
      if (name === undefined || offset > type.size) return undefined;
      if (name !== '_') fields.set(name, { offset, type: this.#image.word(at + 8) });
    }
    return { address: type.address, size: type.size, fields };
  }

  /** A name record (abi.Name) at an offset from the start of the types: flags, length as varint, bytes. */
  #name(offset: number): string | undefined {
    if (!(offset > 0 && offset + 2 <= this.#span.length)) return undefined;
    const head = this.#image.bytes(this.#span.address + offset, Math.min(4, this.#span.length - offset));
    const first = head[1] as number;
    const wide = first >= 0x80;
    const length = wide ? (first & 0x7f) | ((head[2] ?? 0) << 7) : first;
    const start = offset + (wide ? 3 : 2);
    if (length > MAX_NAME || start + length > this.#span.length) return undefined;
    return this.#image.bytes(this.#span.address + start, length).toString('utf8');
  }

  #holds(address: number, length: number): boolean {
    const from = address - this.#span.address;
    return from >= 0 && from + length <= this.#span.length;
  }
}

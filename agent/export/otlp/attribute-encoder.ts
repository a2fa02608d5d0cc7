import type { AttributeValue } from '../../correlate/span.ts';
import { FIXED64, LENGTH, type ProtobufWriter, SHORT_STRING, tagOf, VARINT } from './protobuf-writer.ts';

// opentelemetry/proto/common/v1/common.proto
const KEY = tagOf(1, LENGTH);
const VALUE = tagOf(2, LENGTH);
const STRING_VALUE = tagOf(1, LENGTH);
const BOOL_VALUE = tagOf(2, VARINT);
const INT_VALUE = tagOf(3, VARINT);
const DOUBLE_VALUE = tagOf(4, FIXED64);
const ARRAY_VALUE = tagOf(5, LENGTH);
const ARRAY_VALUES = tagOf(1, LENGTH);

const MAX_KEYS = 1024;

/** Limits of the OpenTelemetry specification; undefined: none. */
export interface AttributeLimits {
  readonly count: number | undefined;
  readonly valueLength: number | undefined;
}

/** Writes attributes as repeated KeyValue fields. Keys recur: each is encoded once. */
export class AttributeEncoder {
  readonly #limits: AttributeLimits;
  readonly #keys = new Map<string, Buffer>();
  /** Strings up to this length need no cutting and fit the writer's short form. */
  readonly #shortString: number;

  constructor(limits: AttributeLimits) {
    this.#limits = limits;
    this.#shortString = Math.min(limits.valueLength ?? SHORT_STRING, SHORT_STRING);
  }

  /** @returns how many attributes were left out because of the limit */
  write(writer: ProtobufWriter, tag: number, attributes: ReadonlyMap<string, AttributeValue>): number {
    const limit = this.#limits.count ?? attributes.size;
    let written = 0;
    for (const [name, value] of attributes) {
      if (written === limit) break;
      written++;
      this.#keyValue(writer, tag, name, value);
    }
    return attributes.size - written;
  }

  #keyValue(writer: ProtobufWriter, tag: number, name: string, value: AttributeValue): void {
    const key = this.#key(name);
    // Nearly all values are short ASCII strings or small numbers: then all lengths are known beforehand.
    if (typeof value === 'string') {
      if (value.length <= this.#shortString && writer.shortStringPair(tag, key, VALUE, STRING_VALUE, value)) return;
    } else if (typeof value === 'number') {
      if (writer.smallIntPair(tag, key, VALUE, INT_VALUE, value)) return;
    }
    writer.tag(tag);
    const pair = writer.open(1);
    writer.raw(key);
    writer.tag(VALUE);
    const any = writer.open(1);
    this.#anyValue(writer, value);
    writer.close(any, 1);
    writer.close(pair, 1);
  }

  #anyValue(writer: ProtobufWriter, value: AttributeValue): void {
    switch (typeof value) {
      case 'string':
        writer.tag(STRING_VALUE);
        writer.string(this.#cut(value));
        return;
      case 'number':
        if (Number.isSafeInteger(value)) {
          writer.tag(INT_VALUE);
          writer.int64(value);
        } else {
          writer.tag(DOUBLE_VALUE);
          writer.double(value);
        }
        return;
      case 'boolean':
        writer.tag(BOOL_VALUE);
        writer.varint(value ? 1 : 0);
        return;
      default:
        this.#array(writer, value);
    }
  }

  #array(writer: ProtobufWriter, values: readonly string[]): void {
    writer.tag(ARRAY_VALUE);
    const array = writer.open(1);
    for (const value of values) {
      writer.tag(ARRAY_VALUES);
      const any = writer.open(1);
      writer.tag(STRING_VALUE);
      writer.string(this.#cut(value));
      writer.close(any, 1);
    }
    writer.close(array, 1);
  }

  #cut(value: string): string {
    const limit = this.#limits.valueLength;
    return limit === undefined || value.length <= limit ? value : value.slice(0, limit);
  }

  /** The key field, tag and length included. */
  #key(name: string): Buffer {
    const known = this.#keys.get(name);
    if (known) return known;
    const text = Buffer.from(name, 'utf8');
    // Longer keys do not occur: ours are short, and header names are cut by the kernel side.
    const key = Buffer.concat([Buffer.from([KEY, Math.min(text.length, 127)]), text.subarray(0, 127)]);
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
    this.#keys.set(name, key);
    return key;
  }
}

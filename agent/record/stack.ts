import type { FieldTable } from './fields.ts';
import { Tag } from './layout.ts';
import { readU64 } from './time-base.ts';

/** The addresses of a stack field, innermost first; the first one is a program counter, the others return addresses. */
export function decodeStack(fields: FieldTable): readonly number[] {
  const bytes = fields.bytes(Tag.stack);
  if (!bytes) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, i) => readU64(view, i * 8));
}

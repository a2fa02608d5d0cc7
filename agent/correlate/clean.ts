/**
 * What a target says is shown on terminals and in browsers. Control characters (a terminal escape begins with
 * one), line separators and characters that reorder text become U+FFFD.
 */
const UNSAFE = '\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff';
const UNSAFE_LINE = new RegExp(`[${UNSAFE}]`);
const UNSAFE_LINE_ALL = new RegExp(`[${UNSAFE}]`, 'g');
const UNSAFE_TEXT_ALL = new RegExp(`(?![\\n\\t])[${UNSAFE}]`, 'g');
const REPLACEMENT = '\ufffd';

/** For values that stand on one line. */
export function cleanLine(text: string): string {
  return UNSAFE_LINE.test(text) ? text.replace(UNSAFE_LINE_ALL, REPLACEMENT) : text;
}

/** For texts of several lines: keeps line feeds and tabs. */
export function cleanText(text: string): string {
  return UNSAFE_LINE.test(text) ? text.replace(UNSAFE_TEXT_ALL, REPLACEMENT) : text;
}

/** Cut to at most `maxBytes` of UTF-8, never inside a character. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

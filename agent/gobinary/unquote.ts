const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/**
 * The leading Go string literal (strconv.Quote) of `text`, or plain text up to `end` (empty: to its end).
 * `length` says how much of `text` that is.
 */
export function unquote(text: string, end: string): { value: string; length: number } {
  if (text.startsWith('`')) {
    const close = text.indexOf('`', 1);
    if (close !== -1) return { value: text.slice(1, close), length: close + 1 };
  }
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text);
  if (quoted !== null) return { value: interpret(quoted[1] as string), length: quoted[0].length };
  const found = end === '' ? -1 : text.indexOf(end);
  const length = found === -1 ? text.length : found;
  return { value: text.slice(0, length), length };
}

function interpret(body: string): string {
  return body.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)/gis, (whole, code: string) => {
    if (code.length === 1) return SIMPLE[code] ?? whole;
    const point = Number.parseInt(code.slice(1), 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

import type { EnvReader } from './env.ts';

const NAME = /^[a-z0-9_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

/** OTEL_EXPORTER_OTLP_HEADERS: `name=value,name=value`, values percent-encoded. */
export function parseHeaders(env: EnvReader): Map<string, string> {
  const headers = new Map<string, string>();
  const name = env.otlp('HEADERS');
  const text = name && env.text(name);
  for (const item of text?.split(',') ?? []) {
    const equals = item.indexOf('=');
    if (item.trim() === '') continue;
    if (equals < 1) env.warnings.push(`${name} has an item that is not name=value; it is ignored`);
    else headers.set(item.slice(0, equals).trim(), decode(item.slice(equals + 1).trim()));
  }
  return headers;
}

/** With lower-case names; those that HTTP/2 or gRPC would refuse are warned about and left out. */
export function validHeaders(headers: ReadonlyMap<string, string>, warnings: string[]): ReadonlyMap<string, string> {
  const valid = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const usable = NAME.test(lower) && VALUE.test(value) && !lower.startsWith('grpc-') && !lower.endsWith('-bin');
    if (usable) valid.set(lower, value);
    else warnings.push('a header for the OTLP endpoint is ignored: its name or value is not valid in HTTP');
  }
  return valid;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

import { tryReadProc } from './procfs.ts';

/** What the target's own environment says of its resource. Nothing else of the environment is kept: it holds secrets. */
export interface TargetEnvironment {
  /** OTEL_SERVICE_NAME. */
  readonly serviceName: string | undefined;
  /** OTEL_RESOURCE_ATTRIBUTES, decoded. */
  readonly resourceAttributes: ReadonlyMap<string, string>;
}

const ENVIRON_BYTES = 1 << 20;
const MAX_ATTRIBUTES = 128;
const MAX_VALUE_LENGTH = 1024;

/** The environment that the process was started with; empty where it cannot be read. */
export function readTargetEnvironment(pid: number): TargetEnvironment {
  const text = tryReadProc(`/proc/${pid}/environ`, ENVIRON_BYTES) ?? '';
  return parseEnvironment(Buffer.from(text, 'latin1').toString('utf8'));
}

/** @param text `NAME=value` items, each ended by a zero byte */
export function parseEnvironment(text: string): TargetEnvironment {
  const value = (name: string): string | undefined => {
    const item = text.split('\0').find((entry) => entry.startsWith(`${name}=`));
    const found = item?.slice(name.length + 1, name.length + 1 + MAX_ATTRIBUTES * MAX_VALUE_LENGTH);
    return found === '' ? undefined : found;
  };
  return {
    serviceName: value('OTEL_SERVICE_NAME')?.slice(0, MAX_VALUE_LENGTH),
    resourceAttributes: parseResourceAttributes(value('OTEL_RESOURCE_ATTRIBUTES') ?? ''),
  };
}

/** `key1=value1,key2=value2`, percent-encoded (OpenTelemetry specification, Resource SDK). Malformed items are left out. */
export function parseResourceAttributes(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const item of text.split(',').slice(0, MAX_ATTRIBUTES)) {
    const equals = item.indexOf('=');
    const key = item.slice(0, Math.max(equals, 0)).trim();
    const value = decodePercent(item.slice(equals + 1).trim());
    if (key !== '' && value !== undefined) attributes.set(key, value.slice(0, MAX_VALUE_LENGTH));
  }
  return attributes;
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

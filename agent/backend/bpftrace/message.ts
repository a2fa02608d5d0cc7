/** One line of `bpftrace -f json`. What is not understood is `undefined`: the caller counts it. */
export type Message =
  | { readonly type: 'attached' }
  | { readonly type: 'printf'; readonly text: string }
  /** Counters by their key; a map without keys has the key ''. */
  | { readonly type: 'map'; readonly name: string; readonly counts: ReadonlyMap<string, number> }
  | { readonly type: 'lost'; readonly events: number }
  | { readonly type: 'helper_error'; readonly helper: string; readonly text: string }
  /** Known and of no use here: histograms and the like. */
  | { readonly type: 'other' };

const OTHER: Message = { type: 'other' };
const ATTACHED: Message = { type: 'attached' };

/** @param line latin1 text: its characters are the bytes that bpftrace wrote */
export function parseMessage(line: string): Message | undefined {
  const value = tryJson(line);
  if (!isObject(value)) return undefined;
  const data = value['data'];
  switch (value['type']) {
    case 'attached_probes':
      return ATTACHED;
    case 'printf':
      return typeof data === 'string' ? { type: 'printf', text: data } : undefined;
    case 'map':
      return isObject(data) ? mapMessage(data) : undefined;
    case 'lost_events': {
      const events = isObject(data) ? data['events'] : undefined;
      return typeof events === 'number' ? { type: 'lost', events } : undefined;
    }
    case 'helper_error':
      return { type: 'helper_error', helper: String(value['helper'] ?? ''), text: String(value['msg'] ?? '') };
    default:
      return typeof value['type'] === 'string' ? OTHER : undefined;
  }
}

/** `{"@name": 5}` or `{"@name": {"2": 5, "4": 1}}` */
function mapMessage(data: Readonly<Record<string, unknown>>): Message {
  const [entry] = Object.entries(data);
  if (entry === undefined) return OTHER;
  const [name, value] = entry;
  const pairs: [string, unknown][] = isObject(value) ? Object.entries(value) : [['', value]];
  const counts = pairs.filter((pair): pair is [string, number] => typeof pair[1] === 'number');
  return { type: 'map', name: name.replace(/^@/, ''), counts: new Map(counts) };
}

function tryJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

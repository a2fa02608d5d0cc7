import type { GoBinary } from '../gobinary/binary.ts';
import type { Layout, Unavailable } from './plan.ts';
import { missingSamples } from './sampler.ts';

interface Feature {
  readonly what: string;
  /** 0 where it is left out. */
  readonly variant?: 0 | 1;
  readonly isThere: (layout: Layout) => boolean;
  readonly reason: (binary: GoBinary) => string;
}

const has = (layout: Layout, ...members: string[]) => members.every((member) => layout[member] !== undefined);

/** What a person misses for want of a layout, although every probe stands. */
const FEATURES: readonly Feature[] = [
  {
    what: 'http.route',
    isThere: (layout) => has(layout, 'request_pattern') || has(layout, 'request_pat', 'pattern_str'),
    reason: ({ version }) =>
      version.minor < 22
        ? 'the standard mux keeps no pattern before Go 1.22: routes are guessed from paths'
        : 'the binary does not tell where a request keeps its pattern: routes are guessed from paths',
  },
  {
    what: 'request headers',
    isThere: (layout) => has(layout, 'map_kind', 'request_header'),
    reason: () => 'the layout of header maps is not known: no traceparent, no user agent; each request is a new trace',
  },
  {
    what: 'Unix sockets',
    isThere: (layout) => has(layout, 'type_unix_conn'),
    reason: () => 'the program has no *net.UnixConn: nothing is lost unless it wraps its connections',
  },
  ...([0, 1] as const).map(
    (variant): Feature => ({
      what: 'HTTP/2 clients that go away',
      variant,
      isThere: (layout) =>
        !has(layout, `http2.${variant}.conn_rwc`) ||
        has(layout, `http2.${variant}.process_reset`, `http2.${variant}.close_all`),
      reason: () =>
        'the binary does not tell by whom a stream is closed: what the client does cannot be told from what the server does',
    }),
  ),
  {
    what: 'locks of the runtime',
    isThere: (layout) => has(layout, 'runtime_futex'),
    reason: () => 'the binary has no runtime.futex: waits for locks of the runtime itself are not seen',
  },
];

/** Features that this binary cannot give, each with its reason. */
export function missingFeatures(binary: GoBinary, layout: Layout): Unavailable[] {
  const missing = FEATURES.filter(({ isThere }) => !isThere(layout)).map(
    ({ what, variant = 0, reason }): Unavailable => ({ what, variant, reason: reason(binary) }),
  );
  return [...missing, ...missingSamples(layout)];
}

/** Headers that the agent itself needs. `Upgrade` tells an h2c upgrade from other hijacked connections. */
const OWN_HEADERS = ['Traceparent', 'Tracestate', 'User-Agent', 'Upgrade'] as const;

/**
 * The headers to ask the kernel side for: those the agent needs, then those on the allow list, in canonical form
 * and each once. A plan takes MAX_HEADERS (agent/record/layout.ts) of them; the rest of the list is cut off.
 */
export function wantedHeaders(allowed: readonly string[], limit: number): readonly string[] {
  return [...new Set([...OWN_HEADERS, ...allowed.map(canonicalHeader)])].slice(0, limit);
}

/** net/textproto.CanonicalMIMEHeaderKey for valid names: `x-request-id` becomes `X-Request-Id`. */
export function canonicalHeader(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Where in the plan's list each header stands, as the tags of its values. */
export interface HeaderTags {
  readonly traceparent: number;
  readonly tracestate: number;
  readonly userAgent: number;
  readonly upgrade: number;
  readonly forwardedFor: number;
  /** Those to show as attributes: `http.request.header.<name>`. */
  readonly shown: readonly { readonly tag: number; readonly attribute: string }[];
}

/**
 * @param plan the plan's list, canonical names in order
 * @param shown those of them that the user asked for
 * @param firstTag the tag of the list's first header
 */
export function headerTags(plan: readonly string[], shown: readonly string[], firstTag: number): HeaderTags {
  const tagOf = (name: string): number => {
    const index = plan.indexOf(name);
    return index < 0 ? NO_TAG : firstTag + index;
  };
  return {
    traceparent: tagOf('Traceparent'),
    tracestate: tagOf('Tracestate'),
    userAgent: tagOf('User-Agent'),
    upgrade: tagOf('Upgrade'),
    forwardedFor: tagOf('X-Forwarded-For'),
    shown: shown
      .map(canonicalHeader)
      .filter((name) => plan.includes(name))
      .map((name) => ({ tag: tagOf(name), attribute: `http.request.header.${name.toLowerCase()}` })),
  };
}

/** A tag that no record has. */
const NO_TAG = 63;

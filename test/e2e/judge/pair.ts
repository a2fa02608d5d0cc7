import type { Evidence, Mismatch, Pair, Span } from './types.ts';

/** Every request has exactly one span, every span is of a request. */
export function pairUp(evidence: Evidence): { pairs: Pair[]; mismatches: Mismatch[] } {
  const { goMinor, server, client, spans, ignorePort, unwatched } = evidence;
  const mismatches: Mismatch[] = [];
  const pairs: Pair[] = [];
  const spansOf = new Map<string, Span[]>();
  for (const span of spans) {
    const id = requestId(span);
    if (id === undefined) {
      if (span.attributes['server.port'] !== ignorePort) mismatches.push(stray(span));
      continue;
    }
    spansOf.set(id, [...(spansOf.get(id) ?? []), span]);
  }

  const clientOf = new Map(client.map((one) => [one.id, one]));
  for (const request of server) {
    const found = spansOf.get(request.id) ?? [];
    spansOf.delete(request.id);
    const own = clientOf.get(request.id);
    const origin = own ?? clientOf.get(request.id.replace(/-inner$/, ''));
    const protocol = own?.protocol ?? 'proxied';
    const description = `${protocol} ${request.method} ${request.path}`;
    if (found.length !== 1) {
      const what = found.length === 0 ? 'span is missing' : 'span is there twice';
      mismatches.push({ id: request.id, request: description, what, expected: 1, got: found.length });
    }
    if (found[0]) {
      const role = request.proto.startsWith('HTTP/2') ? 'http2_write_header' : 'http1_write_header';
      const seesWriteHeader = unwatched?.has(role) !== true;
      pairs.push({ request, span: found[0], client: own, origin, goMinor, seesWriteHeader });
    }
  }
  for (const left of spansOf.values()) mismatches.push(...left.map(stray));
  return { pairs, mismatches };
}

/** Every request of the load client carries its id in the query. */
export function requestId(span: Span): string | undefined {
  const query = span.attributes['url.query'];
  return typeof query === 'string' ? (new URLSearchParams(query).get('rid') ?? undefined) : undefined;
}

function stray(span: Span): Mismatch {
  const request = `${span.name} ${span.attributes['url.path']}?${span.attributes['url.query'] ?? ''}`;
  return { id: span.span_id, request, what: 'span without a request', expected: 0, got: 1 };
}

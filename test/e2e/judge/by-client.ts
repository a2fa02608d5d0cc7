import { checkIdentity } from './identity.ts';
import { requestId } from './pair.ts';
import type { ClientRequest, Mismatch, Span } from './types.ts';

/** For servers that say nothing of themselves: every answered request has one span that agrees with the answer. */
export function judgeByClient(client: readonly ClientRequest[], spans: readonly Span[]): readonly Mismatch[] {
  const mismatches: Mismatch[] = [];
  for (const request of client) {
    const found = spans.filter((span) => requestId(span) === request.id);
    const expect = (what: string, expected: unknown, got: unknown): void => {
      const described = `${request.protocol} ${request.method} ${request.path}`;
      if (expected !== got) mismatches.push({ id: request.id, request: described, what, expected, got });
    };
    expect('spans', 1, found.length);
    const span = found[0];
    if (!span) continue;
    const { attributes } = span;
    expect('status', request.status, attributes['http.response.status_code']);
    expect('method', request.method, attributes['http.request.method']);
    expect('path', request.path, attributes['url.path']);
    expect('peer port', request.local_port, attributes['network.peer.port']);
    expect('response body size', request.received, attributes['http.response.body.size']);
    checkIdentity({ span, origin: request }, expect);
  }
  return mismatches;
}

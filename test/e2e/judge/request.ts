import type { Check, Expect, Pair } from './types.ts';

const KNOWN = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE', 'QUERY']);

/** Method, target, protocol, route, sizes, peer. */
export const checkRequest: Check = (pair, expect) => {
  const { request, span, client } = pair;
  const { attributes } = span;
  const isKnown = KNOWN.has(request.method);
  expect('method', isKnown ? request.method : '_OTHER', attributes['http.request.method']);
  expect('original method', isKnown ? undefined : request.method, attributes['http.request.method_original']);
  expect('path', request.path, attributes['url.path']);
  expect('query', request.query, attributes['url.query']);
  expect('protocol version', request.proto.replace(/^HTTP\/|(?<=2)\.0$/g, ''), attributes['network.protocol.version']);
  expect('request id header', request.id, headerOf(pair));
  checkRoute(pair, expect);

  if (client) {
    const isTls = client.protocol === 'tls11' || client.protocol === 'h2';
    expect('scheme', isTls ? 'https' : 'http', attributes['url.scheme']);
    expect('transport', client.protocol === 'unix' ? 'unix' : 'tcp', attributes['network.transport']);
    if (client.local_port > 0) expect('peer port', client.local_port, attributes['network.peer.port']);
    expect('user agent', 'httptrace-load/1', attributes['user_agent.original']);
  }
  checkRequestSize(pair, expect);
  const isWhole = request.returned && !request.hijacked && client?.outcome !== 'aborted';
  if (isWhole) expect('response body size', request.response_bytes, attributes['http.response.body.size']);
  checkWire(pair, expect);
};

/** Without a Content-Length the size is known only where the body was counted (HTTP/2). */
function checkRequestSize({ request, span }: Pair, expect: Expect): void {
  const size = span.attributes['http.request.body.size'];
  if (request.content_length >= 0) expect('request body size', request.content_length, size);
  else if (size !== undefined) expect('request body size', request.request_bytes, size);
}

function headerOf({ span }: Pair): unknown {
  const values = span.attributes['http.request.header.x-request-id'];
  return Array.isArray(values) ? values[0] : values;
}

/** Go 1.22 has patterns, but does not show them to its handlers. */
const PATTERNS_OF_122: readonly (readonly [path: RegExp, pattern: string])[] = [
  [/^\/items\/[^/]+$/, '/items/{id}'],
  [/^\/items\/[^/]+\/parts\/[^/]+$/, '/items/{id}/parts/{part}'],
  [/^\/files\/.*/, '/files/{path...}'],
  [/^(\/(?:bytes|chunked|status|sleep|cpu|grow|grow-header|alloc|sse|proxy)\/).*/, '$1'],
  [/^\/missing$/, ''],
];

function checkRoute({ request, span, goMinor }: Pair, expect: Expect): void {
  const route = span.attributes['http.route'];
  const pattern = goMinor === 22 ? patternOf(request.path) : request.pattern.replace(/^[A-Z]+ /, '');
  const isGuessed = pattern === '' || goMinor < 22;
  expect('route is guessed', isGuessed ? true : undefined, span.attributes['httptrace.route.guessed']);
  if (!isGuessed) expect('route', pattern, route);
  else expect('guessed route has no numbers', true, typeof route === 'string' && !/\d/.test(route));
}

function patternOf(path: string): string {
  const rule = PATTERNS_OF_122.find(([matches]) => matches.test(path));
  return rule ? path.replace(...rule) : path;
}

/**
 * On the socket go more bytes than those of the body. With TLS and pipelining one read can bring the bytes of several
 * requests: there only a value that is there is checked.
 */
function checkWire({ request, span, client }: Pair, expect: Expect): void {
  if (client?.outcome !== 'ok' || request.proto === 'HTTP/2.0' || request.hijacked) return;
  const isAlone = !['tls11', 'pipelined'].includes(client.protocol);
  for (const [side, body] of [
    ['request', client.sent],
    ['response', client.received],
  ] as const) {
    const size = span.attributes[`http.${side}.size`];
    if (size === undefined && !isAlone) continue;
    expect(
      `bytes of the ${side} on the socket`,
      true,
      (typeof size === 'number' && size > body) || `${size} for ${body}`,
    );
  }
}

import type { Check, Expect, Pair } from './types.ts';

/** Of the panicking routes: the value's Go type, and what its text contains where that can be known from outside. */
const PANICS: Readonly<Record<string, readonly [type: RegExp, text: string | undefined]>> = {
  '/panic/string': [/^string$/, 'the cart is on fire'],
  '/panic/error': [/^\*errors\.errorString$/, 'no such coupon'],
  '/panic/custom': [/^\*(?:.*\/)?app\.outOfStock$/, undefined],
  '/panic/nil': [/^runtime\.error(?:Address)?String$/, 'nil pointer dereference'],
  '/panic/index': [/^runtime\.boundsError$/, 'index out of range [3] with length 1'],
  '/panic/after-header': [/^string$/, 'too late for a status'],
  '/panic/recovered': [/^string$/, 'caught by a middleware'],
};

/** Status, errors, panics, and what else happened to the response. */
export const checkOutcome: Check = (pair, expect) => {
  const { request, span } = pair;
  const { attributes } = span;
  const status = expectedStatus(pair);
  if (status !== 'unknown') expect('status', status, attributes['http.response.status_code']);
  const isError = !request.returned || request.status >= 500;
  expect('span status', isError ? 'ERROR' : 'UNSET', span.status.code);
  expect('aborted', request.returned ? undefined : true, attributes['httptrace.aborted']);
  expect('hijacked', request.hijacked ? true : undefined, attributes['httptrace.hijacked']);
  expect('unfinished', undefined, attributes['httptrace.unfinished']);
  if (pair.seesWriteHeader) checkCalls(pair, expect);
  checkPanic(pair, expect);
};

/** Calls of WriteHeader other than the one that counts. */
function checkCalls({ request, span: { attributes } }: Pair, expect: Expect): void {
  expect('1xx responses', request.informational || undefined, attributes['httptrace.response.informational']);
  expect(
    'superfluous WriteHeader calls',
    request.superfluous || undefined,
    attributes['httptrace.response.superfluous_write_header'],
  );
}

/** A handler that took the connection over wrote its status itself: it can be read where there is no TLS. */
function expectedStatus({ request, client }: Pair): number | undefined | 'unknown' {
  if (request.status !== 0) return request.status;
  if (!request.hijacked || !client) return undefined;
  return client.protocol === 'tls11' ? 'unknown' : client.status;
}

function checkPanic({ request, span }: Pair, expect: Expect): void {
  const exceptions = span.events.filter(({ name }) => name === 'exception');
  const panic = PANICS[request.path];
  expect('exception events', panic ? 1 : 0, exceptions.length);
  const attributes = exceptions[0]?.attributes;
  if (!panic || !attributes) return;
  const [type, text] = panic;
  const gotType = `${attributes['exception.type']}`;
  expect('exception type', true, type.test(gotType) || gotType);
  const message = `${attributes['exception.message']}`;
  if (text !== undefined) expect('exception message', true, message.includes(text) || message);
  const stack = `${attributes['exception.stacktrace']}`;
  expect('exception stack', true, /\/measure\.go:\d+/.test(stack) || stack.slice(0, 200));
}

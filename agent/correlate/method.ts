/** Methods that are reported by name: RFC 9110, PATCH (RFC 5789) and QUERY (HTTP semantic conventions). */
const KNOWN_METHODS = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

/** What http.request.method says of a method that is not known: keeps its cardinality low. */
export const OTHER_METHOD = '_OTHER';

export function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : OTHER_METHOD;
}

/** The method in a span's name; `HTTP` stands for those that are not known. */
export function spanName(method: string, route: string | undefined): string {
  const name = method === OTHER_METHOD ? 'HTTP' : method;
  return route === undefined ? name : `${name} ${route}`;
}

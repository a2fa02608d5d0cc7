import { redactQuery, redactUserInfo } from './redact.ts';

/** The parts of a request target (RFC 9112, section 3.2). */
export interface RequestUri {
  /** `*` of an OPTIONS request; empty for the authority form of CONNECT. User information is redacted. */
  readonly path: string;
  /** Secret values are redacted. Undefined: there is none. */
  readonly query: string | undefined;
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;

/** @param uri origin form (`/path?query`), absolute form, authority form, or `*` */
export function splitRequestUri(uri: string): RequestUri {
  const start = uri.startsWith('/') ? 0 : (ABSOLUTE.exec(uri)?.[0].length ?? -1);
  if (start < 0) return { path: uri === '*' ? '*' : '', query: undefined };
  const question = uri.indexOf('?', start);
  const path = question < 0 ? uri.slice(start) : uri.slice(start, question);
  return {
    path: path === '' ? '/' : redactUserInfo(path),
    query: question < 0 || question === uri.length - 1 ? undefined : redactQuery(uri.slice(question + 1)),
  };
}

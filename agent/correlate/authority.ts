import { isIP } from 'node:net';

export interface Authority {
  /** Host name or address; an IPv6 address without its brackets. */
  readonly address: string;
  readonly port: number | undefined;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. Undefined: none of these. */
export function parseAuthority(text: string): Authority | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const address = match[1] ?? match[2] ?? '';
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (address === '' || (port !== undefined && (port === 0 || port > 65_535))) return undefined;
  return { address, port };
}

/** The other end of a connection. */
export interface Peer {
  readonly transport: 'tcp' | 'unix';
  readonly address: string | undefined;
  readonly port: number | undefined;
}

const UNIX_WITHOUT_NAME: Peer = { transport: 'unix', address: undefined, port: undefined };

/**
 * Request.RemoteAddr as net/http sets it: `address:port` for TCP, the socket's name or `@` for Unix. Undefined:
 * neither, e.g. a program put something else there.
 */
export function parsePeer(text: string): Peer | undefined {
  if (text === '@' || text === '') return UNIX_WITHOUT_NAME;
  if (text.startsWith('/') || text.startsWith('@')) return { transport: 'unix', address: text, port: undefined };
  const authority = parseAuthority(text);
  if (!authority?.port || isIP(authority.address.replace(/%.*$/, '')) === 0) return undefined;
  return { transport: 'tcp', address: authority.address, port: authority.port };
}

import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { sleep } from './run.ts';

/** How a client leaves: HTTP/1 in the clear, HTTP/1 with TLS, one stream of HTTP/2, the whole connection. */
export type Way = 'h1' | 'tls' | 'h2-reset' | 'h2-close';

export interface Asked {
  readonly address: string;
  readonly path: string;
  readonly method?: string;
  /** Bytes of a body that is announced; it never comes. */
  readonly promised?: number;
  /** When it leaves, ms. */
  readonly after: number;
}

/** Sends a request and leaves before the answer is there. */
export async function leave(way: Way, asked: Asked): Promise<void> {
  if (way === 'h1' || way === 'tls') return leaveHttp1(way, asked);
  return leaveHttp2(way, asked);
}

async function leaveHttp1(way: 'h1' | 'tls', { address, path, method = 'GET', promised, after }: Asked): Promise<void> {
  const [host = '', port] = address.split(':');
  const to = { host, port: Number(port) };
  const socket =
    way === 'h1' ? connect(to) : connectTls({ ...to, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => undefined);
  await once(socket, way === 'h1' ? 'connect' : 'secureConnect');
  const length = promised === undefined ? '' : `Content-Length: ${promised}\r\n`;
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${address}\r\n${length}\r\n`);
  await sleep(after);
  socket.destroy();
}

async function leaveHttp2(
  way: 'h2-reset' | 'h2-close',
  { address, path, method = 'GET', after }: Asked,
): Promise<void> {
  const session = connectHttp2(`https://${address}`, { rejectUnauthorized: false }).on('error', () => undefined);
  const stream = session.request({ ':path': path, ':method': method }).on('error', () => undefined);
  await sleep(after);
  if (way === 'h2-close') {
    session.destroy();
    return;
  }
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
  session.close();
}

/** Sends a request and waits for all of the answer. Returns its status. */
export async function stay(way: Way, { address, path, method = 'GET' }: Omit<Asked, 'after'>): Promise<number> {
  if (way === 'h1') return (await fetch(`http://${address}${path}`, { method })).status;
  const session = connectHttp2(`https://${address}`, { rejectUnauthorized: false });
  const stream = session.request({ ':path': path, ':method': method });
  const [headers] = (await once(stream, 'response')) as [Record<string, number>];
  stream.resume().end();
  await once(stream, 'close');
  session.close();
  return headers[':status'] ?? 0;
}

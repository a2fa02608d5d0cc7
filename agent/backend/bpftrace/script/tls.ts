import type { Concern, ScriptContext } from './context.ts';
import { CONN, findSocket } from './request.ts';
import { indent, join, now, probe } from './text.ts';

/** The server's side of a TLS handshake, twice a connection. */
export const tls: Concern = (context) => {
  const start = context.site('tls_start');
  const done = context.site('tls_done');
  const parts = [
    start &&
      `${probe(context, start)}
{
${indent(socket(context), 2)}
  if ($fd >= 0 && @conn[$fd] > 0) {
    @conn[$fd] = @conn[$fd] | ${CONN.tls};
    @tls_start[$fd] = ${now(context)};
  }
}`,
    done &&
      `${probe(context, done)}
{
  // conn.serve asks for the connection's state right after the handshake, and others later.
${indent(socket(context), 2)}
  if ($fd >= 0 && @tls_start[$fd] > 0 && @tls_end[$fd] <= @tls_start[$fd] && (@conn[$fd] & ${CONN.seen}) == 0) {
    @tls_end[$fd] = ${now(context)};
    // What was read so far was the handshake; a request may have come with its last bytes.
    @first_read[$fd] = (uint64)0;
    @bytes_in[$fd] = (uint64)0;
    @bytes_out[$fd] = (uint64)0;
  }
}`,
  ];
  return join(parts, '\n\n') || undefined;
};

function socket(context: ScriptContext): string {
  return `$secure = (struct crypto_tls_Conn *)reg("ax");
${findSocket(context, '$secure->conn')}`;
}

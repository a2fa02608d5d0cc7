import type { ProbeDefinition } from './definition.ts';

/**
 * The server's side of a TLS handshake (crypto/tls/handshake_server.go), on the goroutine of `conn.serve`.
 *
 * `conn.serve` asks for the connection's state right after the handshake. `ConnectionState` takes the handshake's
 * lock, so it cannot run inside one; `connectionStateLocked` can (Config.VerifyConnection).
 */
export const TLS: readonly ProbeDefinition[] = [
  {
    role: 'tls_start',
    variant: 0,
    per: 'connection',
    symbols: ['crypto/tls.(*Conn).serverHandshake'],
    callers: ['crypto/tls.(*Conn).serverHandshake-fm'],
    needs: ['type_tls_conn', 'tls_conn', 'fd_sysfd'],
    loses: 'the time of TLS handshakes is not known',
  },
  {
    role: 'tls_done',
    variant: 0,
    per: 'connection',
    symbols: ['crypto/tls.(*Conn).ConnectionState', 'crypto/tls.(*Conn).connectionStateLocked'],
    needs: ['type_tls_conn', 'tls_conn', 'fd_sysfd'],
    loses: 'the time of TLS handshakes is not known',
  },
];

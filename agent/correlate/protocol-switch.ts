import type { RequestRecord } from '../record/decode.ts';
import { RequestFlag } from '../record/layout.ts';

/** Connections whose first HTTP/2 stream is remembered. */
const MAX_CONNECTIONS = 4096;

/**
 * Tells HTTP/1 records that are only the way into HTTP/2 from requests: net/http hands both to the handler of
 * golang.org/x/net/http2/h2c, which takes the connection over.
 *
 * - `PRI * HTTP/2.0` is the preface of a connection with prior knowledge (RFC 9113, section 3.4), no request.
 * - A request with `Upgrade: h2c` is served again as stream 1 (RFC 7540, section 3.2): only that one counts.
 */
export class ProtocolSwitches {
  /** When stream 1 began, by connection. */
  readonly #firstStreams = new Map<number, number>();

  isSwitch(record: RequestRecord, method: string, upgrade: string | undefined): boolean {
    if (record.flags & RequestFlag.http2) {
      if (record.streamId === 1 && record.fd >= 0) this.#remember(record);
      return false;
    }
    if (method === 'PRI' && record.protoMajor === 2) return true;
    if ((record.flags & RequestFlag.hijacked) === 0) return false;
    return asksForH2c(upgrade) || this.#becameHttp2(record);
  }

  #remember(record: RequestRecord): void {
    if (this.#firstStreams.size >= MAX_CONNECTIONS) this.#firstStreams.clear();
    this.#firstStreams.set(connectionOf(record), record.handlerStart);
  }

  /** The handler that took the connection over served HTTP/2 on it while it ran. */
  #becameHttp2(record: RequestRecord): boolean {
    const firstStream = this.#firstStreams.get(connectionOf(record));
    if (record.fd < 0 || firstStream === undefined) return false;
    return firstStream >= record.handlerStart && firstStream <= record.end;
  }
}

function asksForH2c(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /(?:^|[,\s])h2c(?:$|[,\s])/i.test(upgrade);
}

/** Unique for pids below 2^22 and descriptors below 2^31 (proc(5): pid_max). */
function connectionOf(record: RequestRecord): number {
  return record.tgid * 0x8000_0000 + record.fd;
}

import { BoundedMap } from './bounded-map.ts';
import { type RequestRef, requestKey } from './request-key.ts';

/** Who a request is, as far as others need to name it. */
export interface Identity {
  readonly traceId: string;
  readonly spanId: string;
  /** E.g. `GET /report`. */
  readonly name: string;
}

const MAX_IDENTITIES = 8192;

/** Requests that held what others waited for: known from the moment of their first release on. */
export class IdentityTable {
  readonly #identities = new BoundedMap<string, Identity>(MAX_IDENTITIES);

  set(request: RequestRef, identity: Identity): void {
    this.#identities.set(requestKey(request), identity);
  }

  get(request: RequestRef): Identity | undefined {
    if (this.#identities.size === 0 || Number.isNaN(request.handlerStart)) return undefined;
    return this.#identities.get(requestKey(request));
  }
}

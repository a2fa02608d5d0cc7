/** Names a request before and after it ended: a goroutine serves one at a time. */
export interface RequestRef {
  readonly tgid: number;
  readonly goid: number;
  /** Nanoseconds since the clock base; NaN: no request. */
  readonly handlerStart: number;
}

export function requestKey({ tgid, goid, handlerStart }: RequestRef): string {
  return `${tgid}/${goid}/${handlerStart}`;
}

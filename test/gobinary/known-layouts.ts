/**
 * Offsets that were measured on binaries of each Go version: a cross-check of what is read, not for use elsewhere.
 * `undefined`: the version has no such field.
 */
type Offsets = Readonly<Record<string, number | undefined>>;

const G_19: Offsets = {
  m: 48,
  sched: 56,
  atomicstatus: 144,
  goid: 152,
  waitreason: 176,
  parentGoid: undefined,
  gopc: 296,
  startpc: 312,
  labels: 360,
};
const G_21: Offsets = {
  m: 48,
  sched: 56,
  atomicstatus: 144,
  goid: 152,
  waitreason: 176,
  parentGoid: 272,
  gopc: 280,
  startpc: 296,
  labels: 344,
};
const G_23: Offsets = {
  m: 48,
  sched: 56,
  atomicstatus: 152,
  goid: 160,
  waitreason: 184,
  parentGoid: 280,
  gopc: 288,
  startpc: 304,
  labels: 352,
};
const G_26: Offsets = {
  m: 48,
  sched: 56,
  atomicstatus: 144,
  goid: 152,
  waitreason: 176,
  parentGoid: 280,
  gopc: 288,
  startpc: 304,
  labels: 352,
};
const M_19: Offsets = { g0: 0, curg: 192, procid: 72 };
const M_25: Offsets = { g0: 0, curg: 184, procid: 64 };

/** `runtime.g` and `runtime.m` by minor version of Go 1. */
export const RUNTIME: ReadonlyMap<number, { readonly g: Offsets; readonly m: Offsets }> = new Map([
  [19, { g: G_19, m: M_19 }],
  [21, { g: G_21, m: M_19 }],
  [22, { g: G_21, m: M_19 }],
  [23, { g: G_23, m: M_19 }],
  [24, { g: G_23, m: M_19 }],
  [25, { g: G_21, m: M_25 }],
  [26, { g: G_26, m: M_25 }],
  [27, { g: G_26, m: M_25 }],
]);

/** The same in every version from 1.19 to 1.27. */
export const STABLE: readonly { readonly pkgPath: string; readonly name: string; readonly offsets: Offsets }[] = [
  {
    pkgPath: 'net/http',
    name: 'Request',
    offsets: { Method: 0, URL: 16, Proto: 24, Header: 56, Host: 128, RemoteAddr: 176, RequestURI: 192 },
  },
  { pkgPath: 'net/http', name: 'response', offsets: { conn: 0, req: 8 } },
  { pkgPath: 'net/http', name: 'conn', offsets: { rwc: 16, remoteAddr: 32, tlsState: 48 } },
  { pkgPath: 'net/url', name: 'URL', offsets: { Path: 56 } },
];

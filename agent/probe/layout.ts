import type { GoBinary } from '../gobinary/binary.ts';
import { offsetOf, ref } from './field.ts';
import { FIELDS, HTTP2_FIELDS } from './fields.ts';
import { http2Method } from './http2.ts';
import { MUTEX_UNLOCK } from './lock.ts';
import { mapLayout } from './map-layout.ts';
import type { Layout } from './plan.ts';
import { keepTail } from './response.ts';
import { SAMPLER_ADDRESSES, samplerLayout } from './sampler.ts';
import { schedulerLayout } from './scheduler.ts';
import { SYNC_TEXT_ADDRESSES, syncText } from './sync-text.ts';
import { threadPointerOffset } from './thread-pointer.ts';
import { worldLayout } from './world.ts';

/** Descriptors of pointer types by which the programs recognise what an interface holds. */
const TYPES = [
  { member: 'type_response', pkg: 'net/http', name: 'response' },
  { member: 'type_tcp_conn', pkg: 'net', name: 'TCPConn' },
  { member: 'type_unix_conn', pkg: 'net', name: 'UnixConn' },
  { member: 'type_tls_conn', pkg: 'crypto/tls', name: 'Conn' },
  { member: 'type_op_error', pkg: 'net', name: 'OpError' },
  { member: 'type_timeout', pkg: 'internal/poll', name: 'DeadlineExceededError' },
] as const;

/** Functions that the programs recognise as callers, by where they begin and end. */
const FUNCTIONS = [
  { member: 'deferreturn', symbols: ['runtime.deferreturn'] },
  { member: 'mutex_unlock', symbols: MUTEX_UNLOCK },
  { member: 'runtime_futex', symbols: ['runtime.futex'] },
  ...([0, 1] as const).flatMap((variant) => [
    { member: `http2.${variant}.process_reset`, symbols: http2Method(variant, 'serverConn', 'processResetStream') },
    { member: `http2.${variant}.close_all`, symbols: http2Method(variant, 'serverConn', 'closeAllStreamsOnConnClose') },
  ]),
];

/** Members of the layout that are link-time addresses. */
export const ADDRESSES: readonly string[] = [
  ...TYPES.map(({ member }) => member),
  ...FUNCTIONS.flatMap(({ member }) => [member, `${member}_end`]),
  'type_net_conn',
  'rodata',
  'rodata_end',
  ...SYNC_TEXT_ADDRESSES,
  ...SAMPLER_ADDRESSES,
];

/** An offset that does not fit (config.h: NO_OFFSET is 0xffff) is as good as none. */
const MAX_OFFSET = 0xfffe;

/** What of `struct target_config` this binary tells. A member that it does not tell is absent. */
export function readLayout(binary: GoBinary): Layout {
  const layout = new Map<string, number>();
  for (const { member, pkg, name } of TYPES) {
    const address = binary.pointerType(pkg, name);
    if (address !== undefined && connIsFirst(binary, name)) layout.set(member, address);
  }
  for (const { member, paths } of [...FIELDS, ...HTTP2_FIELDS]) {
    for (const path of paths) {
      const offset = offsetOf(binary, path);
      if (offset === undefined || offset > MAX_OFFSET) continue;
      layout.set(member, offset);
      break;
    }
  }
  keepTail(layout);
  for (const { member, symbols } of FUNCTIONS) {
    const fn = symbols.map((symbol) => binary.find(symbol)).find((found) => found !== undefined);
    if (fn === undefined) continue;
    layout.set(member, fn.start);
    layout.set(`${member}_end`, fn.end);
  }
  const netConn = binary.struct('net/http', 'conn')?.fields.get('rwc')?.type;
  if (netConn !== undefined) layout.set('type_net_conn', netConn);
  const constants = binary.readOnly();
  if (constants !== undefined) layout.set('rodata', constants.start).set('rodata_end', constants.end);
  const tlsG = threadPointerOffset(binary);
  if (tlsG !== undefined) layout.set('tls_g', tlsG);
  return {
    ...Object.fromEntries(layout),
    ...mapLayout(binary),
    ...syncText(binary),
    ...worldLayout(binary),
    ...schedulerLayout(binary),
    ...samplerLayout(binary),
  };
}

/** What a member stands for in Go's words, e.g. `net/http.response.conn`. */
export function goNameOf(member: string): string {
  const type = TYPES.find((candidate) => candidate.member === member);
  if (type) return `*${type.pkg}.${type.name}`;
  const path = [...FIELDS, ...HTTP2_FIELDS].find((candidate) => candidate.member === member)?.paths.at(-1);
  return path?.map(({ pkg, type: name, field }) => `${pkg}.${name}.${field}`).join(' + ') ?? member;
}

/** The programs read `*netFD` from the first word of a TCPConn or a UnixConn (net/net.go: both embed conn{fd}). */
function connIsFirst(binary: GoBinary, name: string): boolean {
  if (name !== 'TCPConn' && name !== 'UnixConn') return true;
  return offsetOf(binary, [ref('net', name, 'conn'), ref('net', 'conn', 'fd')]) === 0;
}

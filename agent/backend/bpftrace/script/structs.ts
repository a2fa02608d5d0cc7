import type { ScriptContext } from './context.ts';
import { join } from './text.ts';

interface Field {
  readonly type: 'unsigned long' | 'int' | 'unsigned char' | 'struct go_string' | 'struct go_iface';
  readonly name: string;
  /** Undefined: this binary does not have it, or does not tell. */
  readonly offset: number | undefined;
}

const BYTES: Readonly<Record<Field['type'], number>> = {
  'unsigned long': 8,
  int: 4,
  'unsigned char': 1,
  'struct go_string': 16,
  'struct go_iface': 16,
};

/** The Go structs that the probes read, with as much of their layout as this very binary told. */
export function structs(context: ScriptContext): string {
  const at = context.offset;
  const word = (name: string, offset: number | undefined): Field => ({ type: 'unsigned long', name, offset });
  const text = (name: string, offset: number | undefined): Field => ({ type: 'struct go_string', name, offset });
  const iface = (name: string, offset: number | undefined): Field => ({ type: 'struct go_iface', name, offset });
  return join(
    [
      `struct go_string {
  unsigned long ptr;
  unsigned long len;
};`,
      `struct go_iface {
  unsigned long itab;
  unsigned long data;
};`,
      struct('runtime_g', [word('m', at('g_m')), word('goid', at('g_goid')), word('parentGoid', at('g_parent_goid'))]),
      struct('runtime_m', [word('curg', at('m_curg')), text('preemptoff', at('m_preemptoff'))]),
      struct('net_http_conn', [
        iface('rwc', at('conn_rwc')),
        word('curReq', at('conn_cur_req')),
        { type: 'unsigned char', name: 'hijackedv', offset: at('conn_hijacked') },
      ]),
      struct('net_http_response', [
        word('conn', at('response_conn')),
        word('req', at('response_req')),
        word('written', at('response_written')),
        word('status', at('response_status')),
      ]),
      request(context, 'net_http_Request', ''),
      ...([0, 1] as const).flatMap((variant) => http2Structs(context, variant)),
      struct('crypto_tls_Conn', [iface('conn', at('tls_conn'))]),
      struct('net_netFD', [{ type: 'int', name: 'Sysfd', offset: at('fd_sysfd') }]),
      at('pattern_str') === undefined ? undefined : struct('net_http_pattern', [text('str', at('pattern_str'))]),
    ],
    '\n\n',
  );

  function request({ offset }: ScriptContext, name: string, prefix: string): string | undefined {
    const member = (part: string) => offset(`${prefix}request_${part}`);
    return struct(name, [
      text('Method', member('method')),
      word('ProtoMajor', member('proto_major')),
      word('ProtoMinor', member('proto_minor')),
      word('Header', member('header')),
      word('ContentLength', member('content_length')),
      text('Host', member('host')),
      text('RemoteAddr', member('remote_addr')),
      text('RequestURI', member('uri')),
      word('TLS', member('tls')),
      text('Pattern', member('pattern')),
      word('pat', member('pat')),
    ]);
  }

  function http2Structs(ctx: ScriptContext, variant: 0 | 1): (string | undefined)[] {
    if (ctx.site('http2_handler', variant) === undefined) return [];
    const member = (part: string) => ctx.offset(`http2.${variant}.${part}`);
    const name = (part: string) => `http2_${variant === 1 ? 'xnet_' : ''}${part}`;
    return [
      struct(name('serverConn'), [iface('conn', member('conn_rwc')), word('bw', member('conn_bw'))]),
      struct(name('responseWriter'), [word('rws', member('rw_rws'))]),
      struct(name('responseWriterState'), [
        word('stream', member('rws_stream')),
        word('wroteBytes', member('rws_written')),
        word('status', member('rws_status')),
      ]),
      struct(name('stream'), [
        { type: 'int', name: 'id', offset: member('stream_id') },
        word('bodyBytes', member('stream_body')),
      ]),
      member('request_method') === undefined ? undefined : request(ctx, name('ServerRequest'), `http2.${variant}.`),
    ];
  }
}

/** Undefined: nothing of it is known. */
function struct(name: string, fields: readonly Field[]): string | undefined {
  const known = fields
    .flatMap((field) => (field.offset === undefined ? [] : [{ ...field, offset: field.offset }]))
    .sort((a, b) => a.offset - b.offset);
  if (known.length === 0) return undefined;
  const lines: string[] = [];
  let end = 0;
  for (const { type, name: member, offset } of known) {
    if (offset > end) lines.push(`  char _${end}[${offset - end}];`);
    lines.push(`  ${type} ${member}; // at ${offset}`);
    end = offset + BYTES[type];
  }
  return `struct ${name} {\n${lines.join('\n')}\n};`;
}

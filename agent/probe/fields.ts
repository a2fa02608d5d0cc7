import { type MemberDefinition, ref } from './field.ts';
import { HTTP2_PACKAGES } from './http2.ts';

const field = (member: string, pkg: string, type: string, name: string): MemberDefinition => ({
  member,
  paths: [[ref(pkg, type, name)]],
});

/** The offsets in `struct target_config`: which field of which Go type each one is. */
export const FIELDS: readonly MemberDefinition[] = [
  field('g_goid', 'runtime', 'g', 'goid'),
  field('g_m', 'runtime', 'g', 'm'),
  field('m_curg', 'runtime', 'm', 'curg'),
  field('m_preemptoff', 'runtime', 'm', 'preemptoff'),
  field('g_parent_goid', 'runtime', 'g', 'parentGoid'),
  field('g_waitreason', 'runtime', 'g', 'waitreason'),
  { member: 'fd_sysfd', paths: [[ref('net', 'netFD', 'pfd'), ref('internal/poll', 'FD', 'Sysfd')]] },
  field('op_error_err', 'net', 'OpError', 'Err'),
  field('tls_conn', 'crypto/tls', 'Conn', 'conn'),
  field('bufio_writer_n', 'bufio', 'Writer', 'n'),
  field('response_conn', 'net/http', 'response', 'conn'),
  field('response_req', 'net/http', 'response', 'req'),
  field('response_written', 'net/http', 'response', 'written'),
  field('response_status', 'net/http', 'response', 'status'),
  {
    member: 'response_handler_done',
    paths: [
      [ref('net/http', 'response', 'handlerDone'), ref('sync/atomic', 'Bool', 'v')],
      [ref('net/http', 'response', 'handlerDone')],
    ],
  },
  field('conn_rwc', 'net/http', 'conn', 'rwc'),
  field('conn_hijacked', 'net/http', 'conn', 'hijackedv'),
  field('conn_reader_conn', 'net/http', 'connReader', 'conn'),
  {
    member: 'conn_cur_req',
    paths: [[ref('net/http', 'conn', 'curReq'), ref('sync/atomic', 'Pointer[net/http.response]', 'v')]],
  },
  field('request_method', 'net/http', 'Request', 'Method'),
  field('request_proto_major', 'net/http', 'Request', 'ProtoMajor'),
  field('request_proto_minor', 'net/http', 'Request', 'ProtoMinor'),
  field('request_header', 'net/http', 'Request', 'Header'),
  field('request_content_length', 'net/http', 'Request', 'ContentLength'),
  field('request_host', 'net/http', 'Request', 'Host'),
  field('request_remote_addr', 'net/http', 'Request', 'RemoteAddr'),
  field('request_uri', 'net/http', 'Request', 'RequestURI'),
  field('request_tls', 'net/http', 'Request', 'TLS'),
  field('request_ctx', 'net/http', 'Request', 'ctx'),
  field('request_pattern', 'net/http', 'Request', 'Pattern'),
  field('request_pat', 'net/http', 'Request', 'pat'),
  field('pattern_str', 'net/http', 'pattern', 'str'),
];

const SERVER_REQUEST = [
  ['request_method', 'Method'],
  ['request_proto_major', 'ProtoMajor'],
  ['request_proto_minor', 'ProtoMinor'],
  ['request_header', 'Header'],
  ['request_content_length', 'ContentLength'],
  ['request_host', 'Host'],
  ['request_remote_addr', 'RemoteAddr'],
  ['request_uri', 'RequestURI'],
  ['request_tls', 'TLS'],
] as const;

/** `struct http2_layout`, one by variant. */
export const HTTP2_FIELDS: readonly MemberDefinition[] = [...http2Fields(0), ...http2Fields(1)];

function http2Fields(variant: 0 | 1): MemberDefinition[] {
  const member = (name: string, path: (name: (type: string) => string) => readonly (readonly [string, string])[]) => ({
    member: `http2.${variant}.${name}`,
    paths: HTTP2_PACKAGES[variant].map((pkg) =>
      path((type) => pkg.prefix + type).map(([type, fieldName]) => ref(pkg.path, type, fieldName)),
    ),
  });
  return [
    member('conn_rwc', (t) => [[t('serverConn'), 'conn']]),
    member('conn_bw', (t) => [[t('serverConn'), 'bw']]),
    member('bw_bw', (t) => [[t('bufferedWriter'), 'bw']]),
    member('rw_rws', (t) => [[t('responseWriter'), 'rws']]),
    member('rws_stream', (t) => [[t('responseWriterState'), 'stream']]),
    member('rws_written', (t) => [[t('responseWriterState'), 'wroteBytes']]),
    member('rws_status', (t) => [[t('responseWriterState'), 'status']]),
    member('stream_id', (t) => [[t('stream'), 'id']]),
    member('stream_body', (t) => [[t('stream'), 'bodyBytes']]),
    // Embedded fields go by their type's name.
    member('frame_headers', (t) => [[t('MetaHeadersFrame'), t('HeadersFrame')]]),
    member('frame_id', (t) => [
      [t('HeadersFrame'), t('FrameHeader')],
      [t('FrameHeader'), 'StreamID'],
    ]),
    // What runHandler takes from Go 1.27 on; before, it is a *net/http.Request.
    ...SERVER_REQUEST.map(([name, goField]) => member(name, (t) => [[t('ServerRequest'), goField]])),
  ];
}

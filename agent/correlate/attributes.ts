import { isIP } from 'node:net';
import type { RequestRecord } from '../record/decode.ts';
import { RequestFlag } from '../record/layout.ts';
import type { Authority, Peer } from './authority.ts';
import { OTHER_METHOD } from './method.ts';
import type { RequestUri } from './request-uri.ts';
import type { Route } from './route.ts';
import type { AttributeValue, Phases } from './span.ts';

export type Attributes = Map<string, AttributeValue>;

/** What was made of a request's strings. All of them are cleaned. */
export interface RequestFacts {
  /** A known method, or `_OTHER`. */
  readonly method: string;
  readonly originalMethod: string;
  readonly uri: RequestUri | undefined;
  readonly route: Route | undefined;
  readonly server: Authority | undefined;
  readonly peer: Peer | undefined;
  readonly userAgent: string | undefined;
  readonly forwardedFor: string | undefined;
  readonly status: number | undefined;
  readonly errorType: string | undefined;
  readonly phases: Phases;
}

/** The attributes of a server span, in display order: HTTP semantic conventions first, then our own. */
export function requestAttributes(record: RequestRecord, facts: RequestFacts, omitQuery: boolean): Attributes {
  const attributes: Attributes = new Map();
  addRequest(attributes, record, facts, omitQuery);
  addNetwork(attributes, record, facts);
  addSizes(attributes, record);
  addPhases(attributes, facts.phases);
  addCircumstances(attributes, record);
  return attributes;
}

function addRequest(attributes: Attributes, record: RequestRecord, facts: RequestFacts, omitQuery: boolean): void {
  attributes.set('http.request.method', facts.method);
  if (facts.method === OTHER_METHOD) attributes.set('http.request.method_original', facts.originalMethod);
  attributes.set('url.scheme', record.flags & RequestFlag.tls ? 'https' : 'http');
  if (facts.uri) {
    attributes.set('url.path', facts.uri.path);
    if (facts.uri.query !== undefined && !omitQuery) attributes.set('url.query', facts.uri.query);
  }
  if (facts.route) {
    attributes.set('http.route', facts.route.route);
    if (facts.route.guessed) attributes.set('httptrace.route.guessed', true);
  }
  if (facts.status !== undefined) attributes.set('http.response.status_code', facts.status);
  if (facts.errorType !== undefined) attributes.set('error.type', facts.errorType);
  if (facts.server) {
    attributes.set('server.address', facts.server.address);
    if (facts.server.port !== undefined) attributes.set('server.port', facts.server.port);
  }
  if (facts.userAgent !== undefined) attributes.set('user_agent.original', facts.userAgent);
}

function addNetwork(attributes: Attributes, record: RequestRecord, facts: RequestFacts): void {
  const { peer } = facts;
  const client = clientAddress(facts.forwardedFor) ?? (peer?.transport === 'tcp' ? peer.address : undefined);
  if (client !== undefined) attributes.set('client.address', client);
  if (peer?.address !== undefined) attributes.set('network.peer.address', peer.address);
  if (peer?.port !== undefined) attributes.set('network.peer.port', peer.port);
  if (peer) attributes.set('network.transport', peer.transport);
  const version = protocolVersion(record.protoMajor, record.protoMinor);
  if (version !== undefined) {
    attributes.set('network.protocol.name', 'http');
    attributes.set('network.protocol.version', version);
  }
}

function addSizes(attributes: Attributes, record: RequestRecord): void {
  if (record.requestBody >= 0) attributes.set('http.request.body.size', record.requestBody);
  if (record.responseBody >= 0) attributes.set('http.response.body.size', record.responseBody);
  if (record.wireIn > 0) attributes.set('http.request.size', record.wireIn);
  if (record.wireOut > 0) attributes.set('http.response.size', record.wireOut);
}

function addPhases(attributes: Attributes, phases: Phases): void {
  if (phases.acceptQueue !== undefined) attributes.set('httptrace.phase.accept_queue', phases.acceptQueue);
  if (phases.tlsHandshake !== undefined) attributes.set('httptrace.phase.tls_handshake', phases.tlsHandshake);
  if (phases.read !== undefined) attributes.set('httptrace.phase.read', phases.read);
  attributes.set('httptrace.phase.handler', phases.handler);
  if (phases.writeHeader !== undefined) attributes.set('httptrace.phase.write_header', phases.writeHeader);
  if (phases.write !== undefined) attributes.set('httptrace.phase.write', phases.write);
}

function addCircumstances(attributes: Attributes, record: RequestRecord): void {
  const { flags } = record;
  if (record.goid > 0) attributes.set('httptrace.goroutine.id', record.goid);
  if (flags & RequestFlag.first) attributes.set('httptrace.connection.first', true);
  if (record.streamId > 0) attributes.set('httptrace.http2.stream_id', record.streamId);
  if (record.informational > 0) attributes.set('httptrace.response.informational', record.informational);
  if (record.superfluous > 0) attributes.set('httptrace.response.superfluous_write_header', record.superfluous);
  if (flags & RequestFlag.hijacked) attributes.set('httptrace.hijacked', true);
  if (flags & RequestFlag.aborted) attributes.set('httptrace.aborted', true);
  if (flags & RequestFlag.unfinished) attributes.set('httptrace.unfinished', true);
  if (flags & RequestFlag.endUnseen) attributes.set('httptrace.end_unseen', true);
  if (flags & RequestFlag.headersCut) attributes.set('httptrace.request.headers_cut', true);
  if (record.weight > 1) attributes.set('httptrace.sample.weight', record.weight);
}

/** The first of X-Forwarded-For, where that header is captured and names an address. */
function clientAddress(forwardedFor: string | undefined): string | undefined {
  const first = forwardedFor?.split(',', 1)[0]?.trim();
  return first !== undefined && isIP(first) !== 0 ? first : undefined;
}

function protocolVersion(major: number, minor: number): string | undefined {
  if (major === 1) return minor === 0 ? '1.0' : minor === 1 ? '1.1' : `1.${minor}`;
  return major === 0 ? undefined : minor === 0 ? `${major}` : `${major}.${minor}`;
}

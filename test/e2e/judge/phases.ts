import type { Check, Expect, Pair, Span } from './types.ts';

/** How far two clocks of one machine may be apart once both were converted to civil time, in nanoseconds. */
const CLOCKS = 2_000_000n;

/** Phases lie inside the span and in order; the span lies inside the client's view of the request. */
export const checkPhases: Check = (pair, expect) => {
  const { span, client, request } = pair;
  const start = BigInt(span.start_unix_nano);
  const end = BigInt(span.end_unix_nano);
  expect('duration is end minus start', Number(end - start), span.duration_ns);
  const handler = phase(span, 'handler');
  expect('handler phase is there', true, handler !== undefined);
  const read = phase(span, 'read') ?? 0;
  expect(
    'read and handler lie inside',
    true,
    read >= 0 && (handler ?? 0) >= 0 && read + (handler ?? 0) <= span.duration_ns,
  );
  const header = phase(span, 'write_header');
  if (request.write_header_ns >= 0 && (pair.seesWriteHeader || header !== undefined)) {
    expect(
      'write_header lies inside the handler',
      true,
      header !== undefined && header >= 0 && header <= (handler ?? 0),
    );
  }
  const write = phase(span, 'write');
  if (write !== undefined) expect('write lies inside', true, write >= 0 && write <= span.duration_ns);
  checkConnection(pair, start, expect);
  if (client && client.protocol !== 'pipelined') {
    expect('starts after the client did', true, start + CLOCKS >= BigInt(client.start_unix_ns));
  }
};

/** Moments before the first request of a connection. */
function checkConnection({ span, client }: Pair, start: bigint, expect: Expect): void {
  const moments = [
    'httptrace.connection.established',
    'httptrace.connection.accepted',
    'httptrace.tls_handshake.start',
    'httptrace.tls_handshake.end',
  ].flatMap((name) => span.events.find((event) => event.name === name) ?? []);
  const times = [...moments.map(({ time_unix_nano }) => BigInt(time_unix_nano)), start];
  expect(
    'the connection comes before the request',
    true,
    times.every((time, i) => i === 0 || times[i - 1]! <= time),
  );
  if (!client || span.attributes['httptrace.connection.first'] !== true) return;
  const isTls = client.protocol === 'tls11' || client.protocol === 'h2';
  expect('accept_queue is there', true, client.protocol === 'unix' || phase(span, 'accept_queue') !== undefined);
  expect('tls_handshake is there', isTls, phase(span, 'tls_handshake') !== undefined);
}

function phase(span: Span, name: string): number | undefined {
  const value = span.attributes[`httptrace.phase.${name}`];
  return typeof value === 'number' ? value : undefined;
}

import { readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Metadata, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SpanExporter } from '../../../agent/export/exporter.ts';
import type { OtlpFlags } from '../../../agent/export/otlp/connection.ts';
import { otlpExporter } from '../../../agent/export/otlp/exporter.ts';
import { tracesConfig } from '../../../agent/export/otlp/traces-config.ts';
import { CLOCK, sampleSpan } from '../spans.ts';
import { makeCertificates } from './certificates.ts';
import { decodeRequest, loadOracle } from './oracle.ts';
import { OtlpReceiver } from './receiver.ts';

const FLAGS: OtlpFlags = {
  endpoint: undefined,
  protocol: undefined,
  headers: new Map(),
  insecure: undefined,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  compression: undefined,
};
const TARGET = { resource: new Map([['service.name', 'shop']]) };
const ENV = { OTEL_BSP_SCHEDULE_DELAY: '10' };
const warnings: string[] = [];

function exporterTo(endpoint: string, flags: Partial<OtlpFlags> = {}, env: Record<string, string> = {}): SpanExporter {
  const { config } = tracesConfig({ ...FLAGS, endpoint, ...flags }, { ...ENV, ...env });
  return otlpExporter({ config, clock: CLOCK, toolVersion: '0.1.0', onWarning: (text) => warnings.push(text) });
}

function exportMany(exporter: SpanExporter, count: number): string[] {
  const ids = Array.from({ length: count }, (_, i) => (i + 1).toString(16).padStart(16, '0'));
  for (const spanId of ids) exporter.export(sampleSpan({ spanId }), TARGET);
  return ids;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

let receiver: OtlpReceiver;
beforeEach(() => {
  receiver = new OtlpReceiver();
  warnings.length = 0;
});
afterEach(() => receiver.stop());

const idsOf = (subject: OtlpReceiver) => subject.spans.map(({ spanId }) => spanId).sort();

describe('gRPC', () => {
  test('delivers every span, in batches, with headers', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`, { headers: new Map([['X-Token', 'secret']]) });
    const ids = exportMany(exporter, 1_300);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(idsOf(receiver)).toEqual(ids);
    expect(receiver.calls.map(({ spans }) => spans.length).sort()).toEqual([276, 512, 512]);
    expect(receiver.calls[0]?.metadata.get('x-token')).toEqual(['secret']);
    expect(receiver.calls[0]?.metadata.get('user-agent')[0]).toMatch(/^httptrace\/0\.1\.0 /);
    expect(exporter.stats).toEqual({
      exported: 1_300,
      queued: 0,
      notSampled: 0,
      lost: { export_queue_full: 0, export_failed: 0 },
    });
  });

  test('sends what is held after the delay, without shutdown', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exportMany(exporter, 3);
    await until(() => receiver.spans.length === 3);
    await exporter.shutdown(1_000);
  });

  test('gzip', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`, { compression: 'gzip' });
    const ids = exportMany(exporter, 600);
    await exporter.shutdown(10_000);
    expect(idsOf(receiver)).toEqual(ids);
    expect(exporter.stats.exported).toBe(600);
  });

  test('spans of several targets keep their resources', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exporter.export(sampleSpan(), TARGET);
    exporter.export(sampleSpan(), { resource: new Map([['service.name', 'other']]) });
    await exporter.shutdown(10_000);
    expect(receiver.calls).toHaveLength(2);
  });

  test('a receiver that is stopped and started in between loses nothing that fits the queue', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    const ids = exportMany(exporter, 2_000);
    await until(() => exporter.stats.exported === 2_000);
    receiver.stop();
    const later = ids.map((id) => `f${id.slice(1)}`);
    for (const spanId of later) exporter.export(sampleSpan({ spanId }), TARGET);
    await until(() => warnings.length > 0);
    expect(exporter.stats).toMatchObject({ exported: 2_000, queued: 2_000 });

    const restarted = new OtlpReceiver();
    await restarted.start(undefined, port);
    expect(await exporter.shutdown(20_000)).toEqual({ lost: 0 });
    expect(idsOf(restarted)).toEqual(later);
    restarted.stop();
  });

  test('retries what can be retried, after the delay that the receiver asks for', async () => {
    const port = await receiver.start();
    const retryInfo = Buffer.from([
      ...[0x1a, 49, 0x0a, 40, ...Buffer.from('type.googleapis.com/google.rpc.RetryInfo')],
      ...[0x12, 5, 0x0a, 3, 0x10, 0xc0, 0x3e],
    ]);
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', retryInfo);
    let refusals = 2;
    receiver.answer = () =>
      refusals-- > 0 ? { code: status.RESOURCE_EXHAUSTED, details: 'slow down\x1b[31m', metadata } : {};
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    const ids = exportMany(exporter, 10);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(idsOf(receiver)).toEqual(ids);
    expect(warnings).toEqual([
      `the OTLP receiver at http://127.0.0.1:${port} does not accept spans at the moment (RESOURCE_EXHAUSTED: slow down\ufffd[31m)`,
    ]);
  });

  test.each([
    ['INVALID_ARGUMENT', status.INVALID_ARGUMENT],
    ['RESOURCE_EXHAUSTED without a delay', status.RESOURCE_EXHAUSTED],
    ['UNAUTHENTICATED', status.UNAUTHENTICATED],
  ])('%s is final', async (_, code) => {
    const port = await receiver.start();
    receiver.answer = () => ({ code, details: 'no' });
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exportMany(exporter, 10);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(exporter.stats).toMatchObject({ exported: 0, lost: { export_failed: 10 } });
  });

  test('counts what the receiver rejects', async () => {
    const port = await receiver.start();
    receiver.answer = () => ({ partialSuccess: { rejectedSpans: 4, errorMessage: 'too old' } });
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exportMany(exporter, 10);
    await exporter.shutdown(10_000);
    expect(exporter.stats).toMatchObject({ exported: 6, lost: { export_failed: 4 } });
    expect(warnings).toEqual(['the OTLP receiver rejected 4 spans (too old)']);
  });

  test('a response that is too large is not read', async () => {
    const port = await receiver.start();
    receiver.answer = () => ({ partialSuccess: { errorMessage: 'x'.repeat(1 << 20) } });
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exportMany(exporter, 10);
    await exporter.shutdown(10_000);
    expect(exporter.stats.lost.export_failed).toBe(10);
  });

  test('a full queue drops the newest and says so; the deadline of a shutdown is kept', async () => {
    const port = await receiver.start();
    receiver.stop();
    const exporter = exporterTo(`http://127.0.0.1:${port}`, {}, { OTEL_BSP_MAX_QUEUE_SIZE: '100' });
    exportMany(exporter, 130);
    expect(exporter.stats).toMatchObject({ queued: 100, lost: { export_queue_full: 30 } });
    expect(await exporter.shutdown(50)).toEqual({ lost: 100 });
    expect(exporter.stats).toMatchObject({ queued: 0, lost: { export_queue_full: 30, export_failed: 100 } });
  });

  test('respects the caller’s sampling decision', async () => {
    const port = await receiver.start();
    const exporter = exporterTo(`http://127.0.0.1:${port}`);
    exporter.export(sampleSpan({ parentSpanId: '00f067aa0ba902b7', sampled: false }), TARGET);
    exporter.export(sampleSpan({ parentSpanId: '00f067aa0ba902b7' }), TARGET);
    await exporter.shutdown(10_000);
    expect(receiver.spans).toHaveLength(1);
    expect(exporter.stats.notSampled).toBe(1);
  });
});

describe('TLS', () => {
  const certificates = makeCertificates();
  afterAll(() => rmSync(certificates.folder, { recursive: true }));
  const pair = () => [
    { cert_chain: readFileSync(certificates.serverCert), private_key: readFileSync(certificates.serverKey) },
  ];
  const ca = () => readFileSync(certificates.ca);

  test('with a private authority', async () => {
    const port = await receiver.start(ServerCredentials.createSsl(null, pair()));
    const exporter = exporterTo(`https://localhost:${port}`, { caFile: certificates.ca });
    exportMany(exporter, 5);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(receiver.spans).toHaveLength(5);
  });

  test('an unknown authority is refused', async () => {
    const port = await receiver.start(ServerCredentials.createSsl(null, pair()));
    const exporter = exporterTo(`https://localhost:${port}`);
    exportMany(exporter, 5);
    await until(() => warnings.length > 0);
    expect(await exporter.shutdown(50)).toEqual({ lost: 5 });
    expect(receiver.spans).toHaveLength(0);
  });

  test('mutual', async () => {
    const port = await receiver.start(ServerCredentials.createSsl(ca(), pair(), true));
    const files = { caFile: certificates.ca, certFile: certificates.clientCert, keyFile: certificates.clientKey };
    const exporter = exporterTo(`https://localhost:${port}`, files);
    exportMany(exporter, 5);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    const anonymous = exporterTo(`https://localhost:${port}`, { caFile: certificates.ca });
    exportMany(anonymous, 5);
    expect(await anonymous.shutdown(300)).toEqual({ lost: 5 });
    expect(receiver.spans).toHaveLength(5);
  });

  test('files that cannot be used are named before anything is sent', () => {
    expect(() => exporterTo('https://localhost:1', { caFile: '/nonexistent.pem' })).toThrow(
      'cannot read /nonexistent.pem',
    );
    expect(() => exporterTo('https://localhost:1', { certFile: certificates.clientCert })).toThrow('needed together');
  });
});

describe('HTTP', () => {
  const { request } = loadOracle();

  async function httpReceiver(answer: (call: number, response: ServerResponse) => void) {
    const bodies: Buffer[] = [];
    const requests: IncomingMessage[] = [];
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('end', () => {
        requests.push(incoming);
        const body = Buffer.concat(chunks);
        bodies.push(incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
        answer(requests.length, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const stop = () => new Promise((resolve) => server.close(resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, requests, stop };
  }

  test('posts binary protobuf, compressed, and tries again after 503', async () => {
    const server = await httpReceiver((call, response) => response.writeHead(call === 1 ? 503 : 200).end());
    const exporter = exporterTo(server.url, { protocol: 'http/protobuf', compression: 'gzip' });
    exportMany(exporter, 3);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(server.requests.map(({ url, headers }) => [url, headers['content-type']])).toEqual([
      ['/v1/traces', 'application/x-protobuf'],
      ['/v1/traces', 'application/x-protobuf'],
    ]);
    const [scope] = decodeRequest(request, server.bodies[1] as Buffer).resourceSpans[0]?.scopeSpans ?? [];
    expect(scope?.spans).toHaveLength(3);
    await server.stop();
  });

  test('400 is final', async () => {
    const server = await httpReceiver((_, response) => response.writeHead(400).end('no'));
    const exporter = exporterTo(server.url, { protocol: 'http/protobuf' });
    exportMany(exporter, 3);
    await exporter.shutdown(10_000);
    expect(exporter.stats.lost.export_failed).toBe(3);
    await server.stop();
  });

  test('an endless response is cut off', async () => {
    const server = await httpReceiver((_, response) => {
      const more = () => response.write('x'.repeat(32 << 10), (error) => (error ? undefined : setImmediate(more)));
      more();
    });
    const exporter = exporterTo(server.url, { protocol: 'http/protobuf' });
    exportMany(exporter, 3);
    await exporter.shutdown(10_000);
    expect(exporter.stats.exported).toBe(3);
    await server.stop();
  });
});

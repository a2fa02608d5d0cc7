import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BINARY = join(import.meta.dirname, '../../build/collector/otelcol');

/** An export of either signal as the collector passes it on: OTLP in JSON. */
export interface CollectedExport {
  resourceMetrics?: {
    resource: { attributes: JsonAttribute[] };
    schemaUrl: string;
    scopeMetrics: { scope: { name: string; version: string }; metrics: CollectedMetric[] }[];
  }[];
  resourceSpans?: {
    resource: { attributes: JsonAttribute[] };
    schemaUrl: string;
    scopeSpans: { scope: { name: string; version: string }; spans: CollectedSpan[] }[];
  }[];
}

export interface CollectedMetric {
  name: string;
  description: string;
  unit: string;
  sum?: { dataPoints: CollectedPoint[]; aggregationTemporality: number; isMonotonic?: boolean };
  gauge?: { dataPoints: CollectedPoint[] };
  histogram?: { dataPoints: CollectedPoint[]; aggregationTemporality: number };
}

export interface CollectedPoint {
  attributes?: JsonAttribute[];
  startTimeUnixNano: string;
  timeUnixNano: string;
  [field: string]: unknown;
}

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  flags?: number;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: JsonAttribute[];
  events?: { name: string; timeUnixNano: string; attributes?: JsonAttribute[] }[];
  status: { code?: number; message?: string };
}

export interface JsonAttribute {
  key: string;
  value: Record<string, unknown>;
}

/** A real OpenTelemetry Collector on loopback, built by test/collector/build.sh, and what it passes on. */
export class Collector {
  readonly exports: CollectedExport[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'collector-'));
  #sink: Server | undefined;
  #process: ChildProcess | undefined;
  #log = '';

  /** @returns the ports of its OTLP receiver */
  async start(
    signals: readonly ('traces' | 'metrics')[] = ['traces', 'metrics'],
  ): Promise<{ grpc: number; http: number }> {
    if (!existsSync(BINARY)) throw new Error('there is no collector; build it with test/collector/build.sh');
    const ports = { grpc: await freePort(), http: await freePort() };
    const config = join(this.#folder, 'config.yaml');
    writeFileSync(config, configText(ports, await this.#listen(), signals));
    const collector = spawn(BINARY, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = collector;
    collector.stderr.on('data', (chunk) => {
      this.#log += chunk;
    });
    while (!this.#log.includes('Everything is ready')) {
      if (collector.exitCode !== null) throw new Error(`the collector ended: ${this.#log}`);
      await sleep(20);
    }
    return ports;
  }

  get spans(): CollectedSpan[] {
    return this.exports.flatMap(({ resourceSpans = [] }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  /** What came of a service, by name. */
  metrics(service: string): Map<string, CollectedMetric> {
    const own = this.exports
      .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
      .filter(({ resource }) => resource.attributes.some(({ value }) => value['stringValue'] === service));
    const metrics = own.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return new Map(metrics.map((metric) => [metric.name, metric]));
  }

  async stop(): Promise<void> {
    const collector = this.#process;
    if (collector && collector.exitCode === null) {
      const ended = new Promise((resolve) => collector.once('exit', resolve));
      collector.kill('SIGTERM');
      await ended;
    }
    this.#sink?.closeAllConnections();
    this.#sink?.close();
    rmSync(this.#folder, { recursive: true });
  }

  #listen(): Promise<number> {
    const sink = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        this.exports.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    this.#sink = sink;
    return new Promise((resolve) => sink.listen(0, '127.0.0.1', () => resolve((sink.address() as AddressInfo).port)));
  }
}

function configText(ports: { grpc: number; http: number }, sink: number, signals: readonly string[]): string {
  return `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: "127.0.0.1:${ports.grpc}" }
      http: { endpoint: "127.0.0.1:${ports.http}" }
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:${sink}
    encoding: json
    compression: none
    sending_queue: { enabled: false }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
${signals.map((signal) => `    ${signal}: { receivers: [otlp], exporters: [otlp_http] }`).join('\n')}
`;
}

function freePort(): Promise<number> {
  const server = createTcpServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

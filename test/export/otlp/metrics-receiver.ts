import { type Metadata, Server, ServerCredentials, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { decodeRequest, loadMetricsOracle, type OracleMetric, type OracleMetricsRequest } from './oracle.ts';

const { request, response } = loadMetricsOracle();

export type ReceivedMetrics = OracleMetricsRequest['resourceMetrics'][number];

/** A real OTLP/gRPC receiver of metrics on loopback. */
export class MetricsReceiver {
  readonly received: ReceivedMetrics[] = [];
  readonly metadata: Metadata[] = [];
  /** A response message, or a status. */
  answer: (call: number) => object | Pick<ServiceError, 'code' | 'details'> = () => ({});
  calls = 0;
  #server: Server | undefined;

  /** What came last for a service. */
  last(service: string): Map<string, OracleMetric> {
    const own = this.received.filter(({ resource }) =>
      resource.attributes.some(({ key, value }) => key === 'service.name' && Object.values(value)[0] === service),
    );
    return new Map(
      own
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics }) => metrics)
        .map((metric) => [metric.name, metric]),
    );
  }

  /** @returns its port */
  async start(credentials = ServerCredentials.createInsecure(), port = 0): Promise<number> {
    const server = new Server();
    server.addService(
      {
        export: {
          path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
          requestStream: false,
          responseStream: false,
          requestDeserialize: (bytes: Buffer) => decodeRequest<OracleMetricsRequest>(request, bytes),
          requestSerialize: (value: Buffer) => value,
          responseSerialize: (value: object) => Buffer.from(response.encode(response.fromObject(value)).finish()),
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      {
        export: (
          call: { request: OracleMetricsRequest; metadata: Metadata },
          done: (error: Partial<StatusObject> | null, value?: object) => void,
        ) => {
          const answer = this.answer(++this.calls);
          if ('code' in answer) {
            done(answer as Partial<StatusObject>);
            return;
          }
          this.received.push(...call.request.resourceMetrics);
          this.metadata.push(call.metadata);
          done(null, answer);
        },
      } as never,
    );
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
  }

  stop(): void {
    this.#server?.forceShutdown();
  }
}

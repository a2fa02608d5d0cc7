import { type Metadata, Server, ServerCredentials, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { decodeRequest, loadOracle, type OracleRequest, type OracleSpan } from './oracle.ts';

const { request, response } = loadOracle();

export interface ReceivedCall {
  readonly spans: readonly OracleSpan[];
  readonly metadata: Metadata;
}

/** What the receiver answers: a response message, or a status. */
export type Answer = (
  call: ReceivedCall,
) => object | (Pick<ServiceError, 'code' | 'details'> & { metadata?: Metadata });

/** A real OTLP/gRPC receiver on loopback. */
export class OtlpReceiver {
  readonly calls: ReceivedCall[] = [];
  answer: Answer = () => ({});
  #server: Server | undefined;

  get spans(): OracleSpan[] {
    return this.calls.flatMap((call) => [...call.spans]);
  }

  /** @returns its port */
  async start(credentials = ServerCredentials.createInsecure(), port = 0): Promise<number> {
    const server = new Server();
    server.addService(
      {
        export: {
          path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
          requestStream: false,
          responseStream: false,
          requestDeserialize: (bytes: Buffer) => decodeRequest(request, bytes),
          requestSerialize: (value: Buffer) => value,
          responseSerialize: (value: object) => Buffer.from(response.encode(response.fromObject(value)).finish()),
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      {
        export: (
          call: { request: OracleRequest; metadata: Metadata },
          done: (error: Partial<StatusObject> | null, value?: object) => void,
        ) => {
          const spans = call.request.resourceSpans.flatMap(({ scopeSpans }) =>
            scopeSpans.flatMap((scope) => scope.spans),
          );
          const received = { spans, metadata: call.metadata };
          const answer = this.answer(received);
          if ('code' in answer) {
            done(answer as Partial<StatusObject>);
            return;
          }
          this.calls.push(received);
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

import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { OtlpConfigError } from './config-error.ts';
import type { OtlpConnection } from './connection.ts';
import type { Signal } from './env.ts';
import { type ExportResult, MAX_RESPONSE_BYTES, parseResponse, parseRetryInfo, shortMessage } from './response.ts';
import { readTlsFiles, type Transport } from './transport.ts';

const METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const STATUS_DETAILS = 'grpc-status-details-bin';

/** OTLP specification, "OTLP/gRPC Response": RESOURCE_EXHAUSTED is one only when the server says when to retry. */
const RETRYABLE = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Throws OtlpConfigError for unusable TLS files. */
export function grpcTransport(config: OtlpConnection, toolVersion: string): Transport {
  const options: ChannelOptions = {
    'grpc.primary_user_agent': `httptrace/${toolVersion}`,
    'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.default_compression_algorithm':
      config.compression === 'gzip' ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  };
  const client = new Client(config.endpoint.address, channelCredentials(config), options);
  const metadata = new Metadata();
  for (const [name, value] of config.headers) metadata.set(name, value);

  return {
    send: (request) =>
      new Promise((resolve) => {
        const deadline = Date.now() + config.timeoutMs;
        const pass = (bytes: Buffer): Buffer => bytes;
        client.makeUnaryRequest(
          METHODS[config.signal],
          pass,
          pass,
          request,
          metadata,
          { deadline },
          (error, response) => {
            resolve(error ? resultOfError(error) : parseResponse(response ?? Buffer.alloc(0)));
          },
        );
      }),
    close: () => client.close(),
  };
}

function channelCredentials(config: OtlpConnection): ChannelCredentials {
  if (!config.endpoint.secure) return credentials.createInsecure();
  const { ca, cert, key } = readTlsFiles(config.tls);
  try {
    return credentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  } catch (cause) {
    throw new OtlpConfigError('the TLS files for the OTLP endpoint are not usable', 'check that they are PEM', {
      cause,
    });
  }
}

function resultOfError(error: ServiceError): ExportResult {
  const message = `${status[error.code] ?? error.code}: ${shortMessage(error.details)}`;
  const details = error.metadata?.get(STATUS_DETAILS)[0];
  const afterMs = details instanceof Buffer ? parseRetryInfo(details) : undefined;
  const retryable = RETRYABLE.has(error.code) || (error.code === status.RESOURCE_EXHAUSTED && afterMs !== undefined);
  if (retryable) return { kind: 'retryable', message, afterMs };
  return { kind: 'failure', message, isUnknownSignal: error.code === status.UNIMPLEMENTED };
}

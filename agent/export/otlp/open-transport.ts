import type { OtlpConnection } from './connection.ts';
import { grpcTransport } from './grpc-transport.ts';
import { httpTransport } from './http-transport.ts';
import type { Transport } from './transport.ts';

/** Connects lazily. Throws OtlpConfigError for unusable TLS files. */
export function openTransport(config: OtlpConnection, toolVersion: string): Transport {
  return config.protocol === 'grpc' ? grpcTransport(config, toolVersion) : httpTransport(config, toolVersion);
}

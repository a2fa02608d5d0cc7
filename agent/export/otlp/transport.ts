import { readFileSync } from 'node:fs';
import { OtlpConfigError } from './config-error.ts';
import type { TlsFiles } from './connection.ts';
import type { ExportResult } from './response.ts';

/** Carries one encoded request of a signal to the receiver. Never rejects. */
export interface Transport {
  send(request: Buffer): Promise<ExportResult>;
  close(): void;
}

export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Throws OtlpConfigError when a file cannot be read or a client certificate lacks its key. */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    throw new OtlpConfigError(
      'a client certificate and its key are needed together for the OTLP endpoint',
      'set both OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY',
    );
  }
  return { ca: readPem(files.caFile), cert: readPem(files.certFile), key: readPem(files.keyFile) };
}

function readPem(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new OtlpConfigError(`cannot read ${path}`, 'check the path and permissions of the PEM files for OTLP', {
      cause,
    });
  }
}

import * as http from 'node:http';
import * as https from 'node:https';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { OtlpConnection } from './connection.ts';
import { type ExportResult, MAX_RESPONSE_BYTES, parseResponse, shortMessage } from './response.ts';
import { readTlsFiles, type Transport } from './transport.ts';

const compress = promisify(gzip);
/** OTLP specification, "Retryable Response Codes". */
const RETRYABLE = new Set([429, 502, 503, 504]);

/** OTLP/HTTP with binary protobuf. Redirects are not followed. Throws OtlpConfigError for unusable TLS files. */
export function httpTransport(config: OtlpConnection, toolVersion: string): Transport {
  const { secure, url } = config.endpoint;
  const agent = secure
    ? new https.Agent({ keepAlive: true, ...defined(readTlsFiles(config.tls)) })
    : new http.Agent({ keepAlive: true });
  const headers: Record<string, string> = {
    'user-agent': `httptrace/${toolVersion}`,
    ...Object.fromEntries(config.headers),
    'content-type': 'application/x-protobuf',
  };
  if (config.compression === 'gzip') headers['content-encoding'] = 'gzip';
  const request = secure ? https.request : http.request;

  return {
    async send(body) {
      try {
        const bytes = config.compression === 'gzip' ? await compress(body, { level: constants.Z_BEST_SPEED }) : body;
        const options = { method: 'POST', agent, headers: { ...headers, 'content-length': bytes.length } };
        const signal = AbortSignal.timeout(config.timeoutMs);
        return await exchange(request(url, { ...options, signal }), bytes);
      } catch (error) {
        return { kind: 'retryable', message: shortMessage(String(error)), afterMs: undefined };
      }
    },
    close: () => agent.destroy(),
  };
}

function exchange(request: http.ClientRequest, body: Buffer): Promise<ExportResult> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_RESPONSE_BYTES) chunks.push(chunk);
        else response.destroy();
      });
      response.on('close', () =>
        resolve(resultOf(response, size <= MAX_RESPONSE_BYTES ? Buffer.concat(chunks) : undefined)),
      );
    });
    request.end(body);
  });
}

/** @param body undefined: too large, not read */
function resultOf(response: http.IncomingMessage, body: Buffer | undefined): ExportResult {
  const code = response.statusCode ?? 0;
  if (code >= 200 && code < 300) return parseResponse(body ?? Buffer.alloc(0));
  const message = `HTTP ${code}`;
  if (RETRYABLE.has(code)) return { kind: 'retryable', message, afterMs: retryAfter(response.headers['retry-after']) };
  return { kind: 'failure', message, isUnknownSignal: code === 404 };
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const delay = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(delay) ? Math.max(0, delay) : undefined;
}

function defined(tls: ReturnType<typeof readTlsFiles>): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return { ...(tls.ca && { ca: tls.ca }), ...(tls.cert && { cert: tls.cert }), ...(tls.key && { key: tls.key }) };
}

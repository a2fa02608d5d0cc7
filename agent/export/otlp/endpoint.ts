import { OtlpConfigError } from './config-error.ts';
import type { EnvReader } from './env.ts';

export interface Endpoint {
  /** For people, and the URL of requests over HTTP. Never holds user information. */
  readonly url: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
}

const GRPC_PORT = 4317;
const HTTP_PORT = 4318;

/** Path and query play no part in gRPC. */
export function grpcEndpoint(flag: string | undefined, insecure: boolean | undefined, env: EnvReader): Endpoint {
  const url = parseUrl(flag ?? env.otlpText('ENDPOINT') ?? `http://localhost:${GRPC_PORT}`, insecure);
  const address = `${url.hostname}:${explicitPort(url) ?? GRPC_PORT}`;
  return { url: `${url.protocol}//${address}`, address, secure: url.protocol === 'https:' };
}

/**
 * The signal's own variable is the whole URL, the general one a base to which `v1/traces` or `v1/metrics` is added
 * (OTLP exporter specification). The flag is a base when it has no path, else the URL of the traces; metrics go
 * beside them.
 */
export function httpEndpoint(flag: string | undefined, insecure: boolean | undefined, env: EnvReader): Endpoint {
  const own = env.text(env.ownName('ENDPOINT'));
  const general = env.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? `http://localhost:${HTTP_PORT}`;
  const url = parseUrl(flag ?? own ?? general, insecure);
  const isBase = flag === undefined ? own === undefined : url.pathname === '/';
  if (isBase) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${env.signal}`;
  else if (flag !== undefined) url.pathname = url.pathname.replace(/\/traces\/?$/, `/${env.signal}`);
  return { url: url.href, address: url.host, secure: url.protocol === 'https:' };
}

function parseUrl(text: string, insecure: boolean | undefined): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.parse(hasScheme ? text : `${insecure ? 'http' : 'https'}://${text}`);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new OtlpConfigError(
      'the OTLP endpoint is not a URL that can be used',
      'give it as http://HOST:PORT or https://HOST:PORT',
    );
  }
  url.username = '';
  url.password = '';
  return url;
}

/** `URL.port` is empty for the scheme's default port, which here is not the default. */
function explicitPort(url: URL): string | undefined {
  return url.port === '' ? undefined : url.port;
}

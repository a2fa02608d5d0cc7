import type { BuildInfo } from '../../agent/gobinary/buildinfo.ts';

/** Module path prefixes of what serves or routes HTTP, and the name that is shown. */
const MODULES: readonly (readonly [string, string])[] = [
  ['golang.org/x/net', 'x/net'],
  ['google.golang.org/grpc', 'grpc'],
  ['connectrpc.com/connect', 'connect'],
  ['github.com/gin-gonic/gin', 'gin'],
  ['github.com/labstack/echo', 'echo'],
  ['github.com/go-chi/chi', 'chi'],
  ['github.com/gorilla/mux', 'gorilla/mux'],
  ['github.com/julienschmidt/httprouter', 'httprouter'],
  ['github.com/gofiber/fiber', 'fiber'],
  ['github.com/valyala/fasthttp', 'fasthttp'],
  ['go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp', 'otelhttp'],
  ['github.com/quic-go/quic-go', 'http3'],
];

/** What the program can serve HTTP with, by the modules that it was linked from. */
export function httpStacks(buildInfo: BuildInfo, hasServer: boolean): string[] {
  const paths = buildInfo.deps.map((module) => module.path);
  const found = MODULES.filter(([prefix]) => paths.some((path) => path === prefix || path.startsWith(`${prefix}/`)));
  return [...(hasServer ? ['net/http'] : []), ...found.map(([, name]) => name)];
}

import type { ScriptContext } from './context.ts';

/** Whether requests of HTTP/2 are followed: their key is the stream, not the goroutine. */
export function hasHttp2(context: ScriptContext): boolean {
  return context.site('http2_handler') !== undefined || context.site('http2_handler', 1) !== undefined;
}

/** The request that a goroutine serves: sets $id, the key of its maps. Takes $g. */
export function requestOf(context: ScriptContext): string {
  return `$id = (uint64)$g;${hasHttp2(context) ? '\nif (@started[$id] == 0) { $id = @stream_of[$g]; }' : ''}`;
}

/** What the agent knows the request by, with its goroutine: when its handler was entered. Sets $handler; takes $id. */
export function handlerStart(context: ScriptContext): string {
  return `$handler = @started[$id];${hasHttp2(context) ? '\nif (@entered[$id] > 0) { $handler = @entered[$id]; }' : ''}`;
}

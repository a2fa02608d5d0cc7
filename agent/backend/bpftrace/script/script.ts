import { assist } from './assist.ts';
import { beginAndEnd } from './begin-end.ts';
import { connection } from './connection.ts';
import { type Concern, type ScriptContext, type ScriptInput, scriptContext } from './context.ts';
import { header } from './header.ts';
import { headers } from './headers.ts';
import { http1 } from './http1.ts';
import { http2 } from './http2.ts';
import { locks } from './locks.ts';
import { panic } from './panic.ts';
import { sameProgram } from './same-program.ts';
import { structs } from './structs.ts';
import { join } from './text.ts';
import { tls } from './tls.ts';
import { world } from './world.ts';

/** In the order in which a reader meets them: a request's own way. */
const CONCERNS: readonly (readonly [title: string, concern: Concern])[] = [
  ['The right program', sameProgram],
  ['The connection', connection],
  ['HTTP/1', http1],
  ['HTTP/2', http2],
  ['TLS handshakes', tls],
  ['Strings of a request, for the agent', headers],
  ['Panics', panic],
  ['The world stops', world],
  ['The garbage collector makes requests help', assist],
  ['Locks', locks],
];

/** The plan of one process as a bpftrace script: complete in itself, for this very process only. */
export function bpftraceScript(input: ScriptInput): string {
  const context: ScriptContext = scriptContext(input);
  const parts = CONCERNS.flatMap(([title, concern]) => {
    const text = concern(context);
    return text === undefined ? [] : [`${rule(title)}\n\n${text}`];
  });
  return `${join([header(context), structs(context), beginAndEnd(context, parts.join('\n')), ...parts], '\n\n')}\n`;
}

function rule(title: string): string {
  return `// ---- ${title} ${'-'.repeat(Math.max(4, 100 - title.length))}`;
}

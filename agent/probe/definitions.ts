import { GC_ASSIST } from './assist.ts';
import { CLIENT } from './client.ts';
import type { ProbeDefinition } from './definition.ts';
import { HTTP1 } from './http1.ts';
import { HTTP2 } from './http2.ts';
import { LOCK } from './lock.ts';
import { PANIC } from './panic.ts';
import { SCHEDULER } from './scheduler.ts';
import { TLS } from './tls.ts';
import { WORLD } from './world.ts';

/** Everything that can be watched, in the order in which a plan lists it. */
export const DEFINITIONS: readonly ProbeDefinition[] = [
  ...HTTP1,
  ...HTTP2,
  ...TLS,
  ...PANIC,
  ...WORLD,
  ...GC_ASSIST,
  ...LOCK,
  ...CLIENT,
  ...SCHEDULER,
];

import { boundsOf } from './duration-histogram.ts';
import type { Instrument } from './metric.ts';

/** Every instrument of a target, then those of the tool itself (docs/metrics.md; a test compares the two). */
export const INSTRUMENTS = {
  requestDuration: {
    name: 'http.server.request.duration',
    unit: 's',
    description: 'Duration of HTTP server requests.',
    kind: 'histogram',
  },
  gcPauseDuration: {
    name: 'go.memory.gc.pause.duration',
    unit: 's',
    description: 'Distribution of individual GC-related stop-the-world pause latencies.',
    kind: 'histogram',
  },
  gcCycles: {
    name: 'go.memory.gc.cycles',
    unit: '{gc_cycle}',
    description: 'Number of completed GC cycles.',
    kind: 'counter',
  },
  goroutines: {
    name: 'go.goroutine.count',
    unit: '{goroutine}',
    description: 'Count of live goroutines.',
    kind: 'up_down_counter',
  },
  pauseDuration: {
    name: 'httptrace.pause.duration',
    unit: 's',
    description: 'Time that the world was stopped, whatever the reason.',
    kind: 'histogram',
  },
  lockWaitDuration: {
    name: 'httptrace.lock.wait.duration',
    unit: 's',
    description: 'Waits of goroutines for mutexes, wait groups and conditions.',
    kind: 'histogram',
  },
  runtimeLockWaitDuration: {
    name: 'httptrace.runtime.lock.wait.duration',
    unit: 's',
    description: 'Sleeps of threads for locks of the Go runtime itself.',
    kind: 'histogram',
  },
  gcAssistTime: {
    name: 'httptrace.gc.assist.time',
    unit: 's',
    description: 'Time that goroutines were made to mark for the garbage collector while they served requests.',
    kind: 'counter',
  },
  losses: {
    name: 'httptrace.losses',
    unit: '{loss}',
    description: 'What httptrace could not see, keep or deliver.',
    kind: 'counter',
  },
  probeHits: {
    name: 'httptrace.probe.hits',
    unit: '{hit}',
    description: 'Times that targets ran into a probe.',
    kind: 'counter',
  },
  probeUtilization: {
    name: 'httptrace.probe.cpu.utilization',
    unit: '1',
    description: 'CPU time that probes cost the targets, as a share of one core; estimated.',
    kind: 'gauge',
  },
  agentCpuTime: {
    name: 'httptrace.agent.cpu.time',
    unit: 's',
    description: 'CPU time of the agent and its loader.',
    kind: 'counter',
  },
  agentMemory: {
    name: 'httptrace.agent.memory.usage',
    unit: 'By',
    description: 'Memory of the agent and its loader.',
    kind: 'up_down_counter',
  },
} as const satisfies Record<string, Instrument>;

/** Of the semantic conventions for http.server.request.duration. */
export const REQUEST_BOUNDS = boundsOf([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);

/** Pauses take microseconds, waits for locks anything up to seconds. The kernel side knows them too (bpf/record.h). */
export const WAIT_BOUNDS = boundsOf([
  1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
]);

import type { RequestSpan } from '../../correlate/span.ts';

/** Whether a span is exported. */
export type Sampler = (span: RequestSpan) => boolean;

export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

/** OTEL_TRACES_SAMPLER: for roots as named; `parentbased_` ones follow the caller's sampled flag where there is one. */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  const [, parentBased, root = ''] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const ofRoot = rootSampler(root, ratio);
  if (parentBased === undefined) return ofRoot;
  return (span) => (span.parentSpanId === undefined ? ofRoot(span) : span.sampled);
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === 'always_off') return () => false;
  if (name === 'always_on') return () => true;
  // The last 56 bits of a trace id are random: the same decision wherever the trace passes (W3C Trace Context,
  // level 2; OpenTelemetry TraceIdRatioBased).
  const threshold = (1 - ratio) * 2 ** 56;
  return (span) => Number.parseInt(span.traceId.slice(18), 16) >= threshold;
}

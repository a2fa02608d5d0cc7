import type { Check, Pair } from './types.ts';

/** Trace ids come from a valid `traceparent`; a proxy passes it on unchanged. */
export const checkIdentity: Check<Pick<Pair, 'span' | 'origin'>> = ({ span, origin }, expect) => {
  expect('kind', 'SERVER', span.kind);
  expect('span id', true, /^(?!0{16})[0-9a-f]{16}$/.test(span.span_id));
  if (!origin) return;
  if (origin.trace_id === '') {
    expect('new trace id', true, /^(?!0{32})[0-9a-f]{32}$/.test(span.trace_id));
    expect('no parent', undefined, span.parent_span_id);
    expect('new traces are sampled', 1, span.trace_flags & 1);
    return;
  }
  expect('trace id', origin.trace_id, span.trace_id);
  expect('parent span id', origin.parent_id, span.parent_span_id);
  expect('sampled flag', origin.sampled ? 1 : 0, span.trace_flags & 1);
  expect('tracestate', origin.tracestate || undefined, span.trace_state);
};

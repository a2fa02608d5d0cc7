import type { Attributes } from './attributes.ts';
import type { SampledWaits, WaitKind } from './sampled-waits.ts';

/**
 * Adds estimates from samples. Where an exact value of a kind is there, or its probes stand in this process (`exact`)
 * and saw nothing, the estimate of it is left out.
 */
export function addSampled(attributes: Attributes, sampled: SampledWaits, exact: ReadonlySet<WaitKind>): void {
  attributes.set('httptrace.wait.sampled', true);
  attributes.set('httptrace.wait.samples', sampled.samples);
  for (const [kind, ns] of Object.entries(sampled.times) as [WaitKind, number][]) {
    const name = nameOf('httptrace', kind);
    if (exact.has(kind) || attributes.has(name)) continue;
    const left = kind === 'other' ? ns - exactOthers(attributes) : ns;
    if (left > 0) attributes.set(name, left);
  }
  const { where, children } = sampled;
  if (where !== undefined) {
    attributes.set('httptrace.wait.where', `${where.function} (${where.file}:${where.line})`);
    attributes.set('httptrace.wait.where.kind', where.kind);
    attributes.set('httptrace.wait.where.time', where.time);
  }
  if (children !== undefined) {
    attributes.set('httptrace.children.goroutines', children.goroutines);
    attributes.set('httptrace.children.samples', children.samples);
    for (const [kind, ns] of Object.entries(children.times) as [WaitKind, number][]) {
      attributes.set(nameOf('httptrace.children', kind), ns);
    }
  }
}

/** Samples do not tell these apart; probes do. */
function exactOthers(attributes: Attributes): number {
  return ['httptrace.wait.wait_group', 'httptrace.wait.cond'].reduce(
    (sum, name) => sum + Number(attributes.get(name) ?? 0),
    0,
  );
}

function nameOf(prefix: string, kind: WaitKind): string {
  return kind === 'cpu' ? `${prefix}.cpu` : `${prefix}.wait.${kind}`;
}

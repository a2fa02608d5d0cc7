import type { Concern } from './context.ts';
import { requestOf } from './served.ts';
import { indent, now, probe } from './text.ts';

/** GC assists, as the runtime itself times them. They run on g0: the goroutine that is made to mark is its m's. */
export const assist: Concern = (context) => {
  const begin = context.site('assist_begin');
  const end = context.site('assist_end');
  if (begin === undefined || end === undefined) return undefined;
  const goroutine = `$m = (struct runtime_m *)((struct runtime_g *)reg("r14"))->m;
$g = $m->curg;`;
  return `${probe(context, begin)}
{
${indent(goroutine, 2)}
  @assist_since[$g] = ${now(context)};
}

${probe(context, end)}
{
${indent(goroutine, 2)}
  $since = @assist_since[$g];
  if ($since > 0) {
    $took = ${now(context)} - $since;
    delete(@assist_since[$g]);
    @assists = count();
    @assist_ns = sum($took);
${indent(requestOf(context), 4)}
    if (@started[$id] > 0 && @handler_end[$id] == 0) { @assisted[$id] += $took; }
  }
}`;
};

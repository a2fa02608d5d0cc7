import { PAUSE_NO_REASON } from '../../../record/layout.ts';
import { PAUSE_REASONS } from '../../../record/pause-reasons.ts';
import type { Concern, ScriptContext } from './context.ts';
import { indent, join, now, piece, probe } from './text.ts';

/** Stop-the-world pauses: one at a time in a process. For the agent: `s`, its reason, start, end, the runtime's length. */
export const world: Concern = (context) => {
  const begin = context.site('stw_begin');
  const counted = context.site('stw_counted');
  const end = context.site('stw_end');
  if (begin === undefined || end === undefined) return undefined;
  return join(
    [
      `${probe(context, begin)}
{
${indent(reasonOf(context), 2)}
  @stop_counted[0] = (uint64)0;
  @stopped_at[0] = ${now(context)};
}`,
      counted &&
        `${probe(context, counted)}
{
  @stop_counted[0] = ${now(context)};
}`,
      `${probe(context, end)}
{
  $end = ${now(context)};
  $start = @stopped_at[0];
  if ($start > 0) {
    @stopped_at[0] = (uint64)0;
    $took = $end - $start;
    $counted = $took; // what MemStats.PauseTotalNs counts
    if (@stop_counted[0] > $start) { $counted = @stop_counted[0] - $start; }
    @stopped_us[${words(context)}] = hist($took / 1000);
    if ($1 == 0) {
      printf("the world stood still for %llu ns: %s\\n", $took, ${words(context)});
    } else {
      printf("s %llu %llu %llu %llu\\n${hasReason(context) ? '' : '%s'}\\n", @stop_reason[0], $start, $end, $counted${hasReason(context) ? '' : `, ${words(context)}`});
    }
  }
}`,
    ],
    '\n\n',
  );
};

/** Statements of BEGIN: the reasons in words. */
export function pauseNames(): string {
  const lines = PAUSE_REASONS.map((name, number) => `  @reason[${number}] = "${name}";`);
  return `  // Why the world stops, by runtime.stwReason:\n${lines.join('\n')}`;
}

function hasReason({ plan }: ScriptContext): boolean {
  return plan.layout['stw_has_reason'] === 1;
}

/** In words; an expression. */
function words(context: ScriptContext): string {
  return hasReason(context) ? '@reason[@stop_reason[0]]' : '@stop_text[0]';
}

function reasonOf(context: ScriptContext): string {
  if (hasReason(context)) return '@stop_reason[0] = (uint64)(reg("ax") & 0xff);';
  const unknown = `@stop_reason[0] = (uint64)${PAUSE_NO_REASON};`;
  if (context.offset('m_preemptoff') === undefined || context.offset('g_m') === undefined) {
    return `${unknown}\n@stop_text[0] = "";`;
  }
  // Before Go 1.21 the thread's m says why preemption is off; of a collection's two pauses the first says nothing.
  return `${unknown}
$m = (struct runtime_m *)((struct runtime_g *)reg("r14"))->m;
$length = $m->preemptoff.len;
@stop_text[0] = ${piece(context, '$m->preemptoff.ptr', '$length')};
if ($length == 0) { @stop_text[0] = "${PAUSE_REASONS[2]}"; }
if (@stop_text[0] == "gcing") { @stop_text[0] = "${PAUSE_REASONS[1]}"; }`;
}

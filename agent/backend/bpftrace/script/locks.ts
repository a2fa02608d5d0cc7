import { RequestFlag } from '../../../record/layout.ts';
import { type Concern, hex, type ScriptContext } from './context.ts';
import { LEFT_OUT, notePattern } from './request.ts';
import { handlerStart, hasHttp2, requestOf } from './served.ts';
import { readable, stackOf } from './stack.ts';
import { indent, join, now, PIECE, piece, probe, rest } from './text.ts';

/** Where a Mutex has its semaphore: behind its state (sync/mutex.go). */
const MUTEX_SEMAPHORE = 4;
/** By hand, waits shorter than this are in the histogram alone, ns. */
const SHORT = 100_000;

/**
 * Contended Mutex, RWMutex and WaitGroup: slow paths alone. A wait begins in the runtime's semacquire1 and ends where it
 * gives its sudog back; who gives back what somebody waits for has held it. Cond is of --deep, which is libbpf's alone.
 */
export const locks: Concern = (context) =>
  join(
    [
      waits(context),
      woken(context),
      released(context, 'mutex_unlock', `reg("ax") + ${MUTEX_SEMAPHORE}`),
      released(context, 'sem_release', 'reg("ax")'),
    ],
    '\n\n',
  ) || undefined;

function waits(context: ScriptContext): string | undefined {
  const site = context.site('sem_wait');
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  $g = reg("r14");
  @wait_for[$g] = reg("ax");
  @wait_again[$g] = (uint64)(reg("bx") & 1); // a Mutex asks for the head of the queue when it was woken before
  @wait_since[$g] = ${now(context)};
  if (@wait_since[$g] == 0) { // no room: the request says that it does not know its waits
${indent(requestOf(context), 4)}
    if (@started[$id] > 0) { @flags[$id] = @flags[$id] | ${RequestFlag.waitsCut}; }
  }
}`;
}

/** For the agent: `w`. By hand: who gave it back last, and so held it last. */
function woken(context: ScriptContext): string | undefined {
  const site = context.site('sem_woken');
  if (site === undefined) return undefined;
  const stack = stackOf('body');
  const shown = readable(context, stack);
  return `${probe(context, site)}
{
  $now = ${now(context)};
  $g = reg("r14");
  $since = @wait_since[$g];
  if ($since > 0) {
    $goid = ((struct runtime_g *)$g)->goid;
    $lock = @wait_for[$g];
    $again = @wait_again[$g];
    delete(@wait_since[$g]);
    delete(@wait_for[$g]);
    delete(@wait_again[$g]);
    $took = $now - $since;
    @waited_us = hist($took / 1000);
${indent(requestOf(context), 4)}
    if (@started[$id] > 0) { @waits[$id] += 1; }
${indent(stack.statements, 4)}
    if ($1 == 0) {
      if ($took >= ${SHORT} && @released_at[$lock] >= $since) {
        printf("goroutine %llu waited %llu ns for the lock at 0x%llx, held by goroutine %llu${shown.format}\\n",
          $goid, $took, $lock, @released_by[$lock], ${shown.values});
      } else if ($took >= ${SHORT}) {
        printf("goroutine %llu waited %llu ns for the lock at 0x%llx${shown.format}\\n",
          $goid, $took, $lock, ${shown.values});
      }
    } else {
${indent(handlerStart(context), 6)}
      printf("w %llu %llu %llu %llu %llu %llu %llu ${stack.format}\\n", $goid, ${parent(context)}, $handler,
        $lock, $since, $now, $again,
        ${stack.values});
    }
  }
}`;
}

/** For the agent: `r`; before the first one of a request `v`, by which it knows the request's name before it ends. */
function released(context: ScriptContext, role: 'mutex_unlock' | 'sem_release', address: string): string | undefined {
  const site = context.site(role);
  if (site === undefined || context.site('sem_woken') === undefined) return undefined;
  const stack = stackOf('entry');
  const seen = role === 'sem_release' ? seenAlready(context) : undefined;
  const head = probe(context, site);
  const only = (condition: string): string => head.replace(/\/$/, ` && ${condition}/`);
  return `${only(join(['$1 == 1', seen], ' && '))}
{
  $g = reg("r14");
${indent(requestOf(context), 2)}
  if (@started[$id] > 0 && @previewed[$id] == 0 && (@flags[$id] & ${LEFT_OUT}) == 0) {
    // Others wait for what this request holds: the agent gets to know its pattern before it ends.
    @previewed[$id] = (uint64)1;
${indent(join([patternNow(context), handlerStart(context)]), 4)}
    $pattern = @pattern[$id];
    $pattern_len = @pattern_len[$id];
    ${rest('$rest', '$pattern_len', PIECE)}
    printf("v %llu %llu %llu %llu\\n%s\\n%s\\n", @request[$id], @started[$id], $handler, $pattern_len,
      ${piece(context, 'uptr($pattern)', '$pattern_len')},
      ${piece(context, 'uptr($pattern) + 63', '$rest')});
  }
}

${seen === undefined ? head : only(seen)}
{
  $now = ${now(context)};
  $g = reg("r14");
  $goid = ((struct runtime_g *)$g)->goid;
  $lock = ${address};
  if ($1 == 0) {
    @released_by[$lock] = $goid;
    @released_at[$lock] = $now;
  } else {
${indent(requestOf(context), 4)}
${indent(handlerStart(context), 4)}
${indent(stack.statements, 4)}
    printf("r %llu %llu %llu %llu %llu ${stack.format}\\n", $goid, ${parent(context)}, $handler, $lock, $now,
      ${stack.values});
  }
}`;
}

/** Condition: not a Mutex, which was seen in unlockSlow before. */
function seenAlready(context: ScriptContext): string | undefined {
  const begin = context.address('mutex_unlock');
  const end = context.address('mutex_unlock_end');
  if (context.site('mutex_unlock') === undefined || end === hex(0)) return undefined;
  return `(*(uint64 *)reg("sp") < ${begin} || *(uint64 *)reg("sp") >= ${end})`;
}

function parent({ offset }: ScriptContext): string {
  return offset('g_parent_goid') === undefined ? '(uint64)0' : '((struct runtime_g *)$g)->parentGoid';
}

/** The mux has matched it by now. HTTP/2: where the mux saw another http.Request than the stream's. */
function patternNow(context: ScriptContext): string {
  const note = notePattern(context);
  if (note === '') return '';
  return `$seen = @request[$id];${hasHttp2(context) ? '\nif (@stream_goroutine[$id] > 0) { $seen = @served_request[$id]; }' : ''}
if ($seen > 0) {
  $served = (struct net_http_Request *)$seen;
${indent(note, 2)}
}`;
}

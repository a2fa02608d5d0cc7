import { RequestFlag } from '../../../record/layout.ts';
import type { Concern } from './context.ts';
import { indent, now, PIECE, piece, probe, rest } from './text.ts';

/** As in bpf/panic.bpf.c. */
const MAX_FRAMES = 64;
const DATA_WORDS = 8;
const MAX_TEXT = 511;
const PIECES = 4;

/** runtime.gopanic: what was thrown, and where. Rare, so its lines may be many: p, f for each frame, t for its text, q. */
export const panic: Concern = (context) => {
  const site = context.site('panic');
  if (site === undefined) return undefined;
  const data = Array.from({ length: DATA_WORDS }, (_, index) => `*(uint64 *)($data + ${index * 8})`);
  const texts = Array.from({ length: Math.ceil(MAX_TEXT / (PIECES * PIECE)) }, (_, line) => {
    const from = line * PIECES * PIECE;
    const skips = [0, 1, 2, 3].map((index) => from + index * PIECE).filter((skip) => skip < MAX_TEXT);
    return `if ($length > ${from}) {
${skips.map((skip, index) => `  ${rest(`$r${index}`, '$length', skip)}`).join('\n')}
  printf("t %llu %llu ${from}${skips.map(() => '\\n%s').join('')}\\n", $goid, $length,
    ${skips.map((skip, index) => piece(context, skip === 0 ? '$text' : `$text + ${skip}`, `$r${index}`)).join(',\n    ')});
}`;
  });
  const http2 = context.site('http2_handler') !== undefined || context.site('http2_handler', 1) !== undefined;
  return `${probe(context, site)}
{
  $g = reg("r14");
  $goid = ((struct runtime_g *)$g)->goid;
  $id = (uint64)$g;
  ${http2 ? 'if (@started[$id] == 0) { $id = @stream_of[$g]; }' : ''}
  $start = @started[$id];
  ${http2 ? 'if (@entered[$id] > 0) { $start = @entered[$id]; }' : ''}
  if ($start > 0) { @flags[$id] = @flags[$id] | ${RequestFlag.panicked}; }
  $data = reg("bx");
  if ($1 == 0) {
    if ($start > 0) { printf("panic in the handler of %s %s (goroutine %llu)\\n", @method[$id], @path[$id], $goid); }
  } else {
    printf("p %llu %llu %llu %llu\\n", $goid, $start, ${now(context)}, reg("ax"));
    $text = (uint64)0;
    $length = (uint64)0;
    if ($data != 0) {
      printf("d %llu ${data.map(() => '%llx').join(' ')}\\n", $goid,
        ${data.join(',\n        ')});
      // Where the value is a string, these are its parts; the agent looks at the type before it believes it.
      $text = *(uint64 *)$data;
      $length = *(uint64 *)($data + 8);
    }
    if ($text > 4096 && $length > 0) {
${indent(texts.join('\n'), 6)}
    }
    // Go keeps frame pointers; here the caller's is still in its register.
    printf("f %llu %llx\\n", $goid, reg("ip"));
    printf("f %llu %llx\\n", $goid, *(uint64 *)reg("sp"));
    $frame = reg("bp");
    $n = 2;
    while ($n < ${MAX_FRAMES}) {
      $n++;
      $caller = (uint64)0;
      if ($frame != 0) { $caller = *(uint64 *)($frame + 8); }
      if ($caller == 0) {
        $n = ${MAX_FRAMES};
      } else {
        printf("f %llu %llx\\n", $goid, $caller);
        $up = *(uint64 *)$frame;
        if ($up <= $frame) { $n = ${MAX_FRAMES}; }
        $frame = $up;
      }
    }
    printf("q %llu\\n", $goid);
  }
}`;
};

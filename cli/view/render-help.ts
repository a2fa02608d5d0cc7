import type { Style } from '../color.ts';
import { BAR_PARTS } from './phases.ts';
import { WAIT_PARTS } from './wait-bar.ts';

/** What the keys do and what the columns and shapes mean. */
export function renderHelp(style: Style): string[] {
  const parts: Readonly<Record<string, string>> = {
    read: 'first byte of the request, until the handler is entered',
    beforeHeader: 'handler, until it sends the status',
    afterHeader: 'handler, after it sent the status',
    finish: 'handler returned, until the last byte went to the kernel',
  };
  return [
    style('bold', 'Keys'),
    '  q, Ctrl-C   detach, print a summary, quit',
    '  s, r        next column to sort by; reverse the order',
    '  /           filter by route, path or status (404, 5xx, error); esc clears',
    '  p           hold the display still; requests are still counted',
    '  ↑ ↓ enter   choose one of the slowest requests and open it',
    '  l           locks: who waited for which, and who held it',
    '  g           the garbage collector, and other stops of the world',
    '  o           the process: goroutines and leaks, panics, what is not watched',
    '  esc         or the same key again: back',
    '',
    style('bold', 'Phases'),
    ...BAR_PARTS.map((part) => `  ${style(part.color, part.glyph.repeat(3))}  ${parts[part.phase]}`),
    '',
    style('bold', 'Waits'),
    ...WAIT_PARTS.map((part) => `  ${style(part.color, part.glyph.repeat(3))}  ${part.meaning}`),
    '  The width is the duration of the request. Blank: not known. ~: from samples.',
    '  A wait for a lock ends when the goroutine runs again; with --deep when the lock',
    '  was given to it: what follows is P.',
    '',
    style('bold', 'Columns'),
    '  req/s       over the last 10 seconds; all others since the start',
    '  err         share of requests with 5xx, a panic or an abort',
    '  route ~     guessed from the path: the program does not say its route',
    '  slowest     of the last minute; phases are drawn to one scale',
    '  cause       what took the most, if it is a quarter of the request or more',
    '',
    style('bold', 'Footer'),
    '  cost        probe hits a second, times what one costs here with its program',
    '  LOST        what should have been shown and was not, by place',
  ];
}

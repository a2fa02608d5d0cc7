import type { AttachFlags } from '../commands/attach-options.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../errors.ts';
import type { ClosableView } from '../view/closable.ts';
import { JsonView } from '../view/json.ts';
import { LinesView } from '../view/lines.ts';
import { LiveView } from '../view/live.ts';

/** @param quit asks the session to end */
export function createView(flags: AttachFlags, context: CommandContext, quit: () => void): ClosableView {
  switch (flags.output) {
    case 'json':
      return new JsonView(context);
    case 'live':
      if (context.stdout.isTTY !== true) throw usageError('-o live needs a terminal', 'Use -o lines or -o json');
      return new LiveView(context, quit);
    case 'auto':
      return context.stdout.isTTY === true && context.env['TERM'] !== 'dumb'
        ? new LiveView(context, quit)
        : new LinesView(context);
    default:
      return new LinesView(context);
  }
}

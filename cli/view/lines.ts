import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { Clock, Losses, RequestSpan } from '../../agent/correlate/span.ts';
import type { AttachedTarget, SessionInfo, SessionStats, SessionSummary, TargetExit } from '../../agent/view.ts';
import { makeStyle, type Style } from '../color.ts';
import type { CommandContext } from '../context.ts';
import { formatCount } from '../format.ts';
import { flush, writeLine } from '../output.ts';
import { printable } from '../text.ts';
import { BoundedWriter } from './bounded-writer.ts';
import type { ClosableView } from './closable.ts';
import { lossText } from './cost.ts';
import { targetFacts } from './render-header.ts';
import { renderLine } from './render-line.ts';
import { renderSummary } from './render-summary.ts';
import { SessionState } from './session-state.ts';

const PLAIN: Style = (_name, text) => text;

/** One line a request on standard output, and the summary at the end; what concerns the session goes to standard error. */
export class LinesView implements ClosableView {
  readonly #state = new SessionState();
  readonly #context: CommandContext;
  readonly #style: Style;
  readonly #out: BoundedWriter;
  #clock: Clock | undefined;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#style = makeStyle(context.color);
    this.#out = new BoundedWriter(context.stdout);
  }

  start(info: SessionInfo): void {
    this.#clock = info.clock;
    this.#state.start(info);
    for (const target of info.targets) this.#announce(target);
    if (info.targets.length === 0) this.#note('waiting for a process that matches.');
  }

  targetAttached(target: AttachedTarget): void {
    this.#state.attached(target);
    this.#announce(target);
  }

  targetExited(exit: TargetExit): void {
    this.#state.exit(exit);
    const unfinished = exit.unfinished === 0 ? '' : `; ${formatCount(exit.unfinished)} requests were running`;
    this.#note(`process ${exit.pid} has ended${unfinished}.`);
  }

  span(span: RequestSpan): void {
    this.#state.add(span);
    if (this.#clock !== undefined) this.#out.write(`${renderLine(span, this.#clock, this.#style)}\n`);
  }

  stats(stats: SessionStats): void {
    this.#state.update(stats);
  }

  goroutines(report: GoroutineReport): void {
    this.#state.goroutines.set(report.pid, report);
  }

  lost(losses: Losses): void {
    const before = lossText(this.#state.losses, PLAIN);
    this.#state.losses = losses;
    const text = lossText(losses, PLAIN);
    // What was left out on purpose is counted in the summary; it is no news.
    if (text !== before) this.#note(`${text}.`);
  }

  warning(text: string): void {
    this.#state.warn(text);
    this.#note(text);
  }

  async finish(summary: SessionSummary): Promise<void> {
    const { stdout } = this.#context;
    this.#out.flush();
    writeLine(stdout, '');
    for (const line of renderSummary(this.#state, summary, this.#style)) writeLine(stdout, line);
    await flush(stdout);
    if (this.#out.dropped > 0)
      this.#note(`${formatCount(this.#out.dropped)} lines were left out: whoever reads the output was too slow.`);
  }

  close(): void {}

  #announce(target: AttachedTarget): void {
    this.#note(`attached to ${target.serviceName}: ${targetFacts(target, this.#state).join(', ')}.`);
    for (const { what, reason } of target.unavailable) this.#note(`not available: ${what}: ${reason}`);
  }

  #note(text: string): void {
    this.#context.stderr.write(`httptrace: ${printable(text)}\n`);
  }
}

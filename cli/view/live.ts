import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { Losses, RequestSpan } from '../../agent/correlate/span.ts';
import type { AttachedTarget, SessionInfo, SessionStats, SessionSummary, TargetExit } from '../../agent/view.ts';
import { makeStyle, type Style } from '../color.ts';
import type { CommandContext } from '../context.ts';
import { flush, writeLine } from '../output.ts';
import type { ClosableView } from './closable.ts';
import { type Key, LiveState } from './live-state.ts';
import { renderLive } from './render-live.ts';
import { renderSummary } from './render-summary.ts';
import { SessionState } from './session-state.ts';
import { Terminal } from './terminal.ts';

/** At most four repaints a second; a key is answered at once. */
const REPAINT_MS = 250;

/** The full-screen view. Spans only change the state; drawing happens on a timer. */
export class LiveView implements ClosableView {
  readonly #session = new SessionState();
  readonly #live = new LiveState(this.#session);
  readonly #context: CommandContext;
  readonly #style: Style;
  readonly #quit: () => void;
  readonly #terminal: Terminal;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: CommandContext, quit: () => void) {
    this.#context = context;
    this.#style = makeStyle(context.color);
    this.#quit = quit;
    this.#terminal = new Terminal(
      context,
      (key) => this.#press(key),
      () => this.#paint(),
    );
  }

  start(info: SessionInfo): void {
    this.#session.start(info);
    this.#terminal.open();
    this.#repaint();
    this.#timer = setInterval(() => this.#repaint(), REPAINT_MS);
  }

  targetAttached(target: AttachedTarget): void {
    this.#session.attached(target);
  }

  targetExited(exit: TargetExit): void {
    this.#session.exit(exit);
  }

  span(span: RequestSpan): void {
    this.#session.add(span);
  }

  stats(stats: SessionStats): void {
    this.#session.update(stats);
  }

  goroutines(report: GoroutineReport): void {
    this.#session.goroutines.set(report.pid, report);
  }

  lost(losses: Losses): void {
    this.#session.losses = losses;
  }

  warning(text: string): void {
    this.#session.warn(text);
  }

  async finish(summary: SessionSummary): Promise<void> {
    this.close();
    for (const line of renderSummary(this.#session, summary, this.#style)) writeLine(this.#context.stdout, line);
    await flush(this.#context.stdout);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#terminal.close();
  }

  #press(key: Key): void {
    if (this.#live.press(key)) {
      this.#live.stopping = true;
      this.#quit();
    }
    this.#paint();
  }

  #repaint(): void {
    this.#live.refresh();
    this.#paint();
  }

  #paint(): void {
    this.#terminal.paint(renderLive(this.#live, this.#terminal.size, this.#style));
  }
}

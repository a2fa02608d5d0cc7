import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { Losses, LossReason, RequestSpan } from '../../agent/correlate/span.ts';
import { NdjsonEncoder } from '../../agent/export/ndjson.ts';
import type { AttachedTarget, SessionInfo, SessionStats, SessionSummary } from '../../agent/view.ts';
import type { CommandContext } from '../context.ts';
import { formatCount } from '../format.ts';
import { flush } from '../output.ts';
import { printable } from '../text.ts';
import { BoundedWriter } from './bounded-writer.ts';
import type { ClosableView } from './closable.ts';
import { CostMeter } from './mean-cost.ts';

/** NDJSON on standard output (docs/ndjson.md). */
export class JsonView implements ClosableView {
  readonly #context: CommandContext;
  readonly #out: BoundedWriter;
  #encoder: NdjsonEncoder | undefined;
  #losses: Losses = {};
  readonly #cost = new CostMeter();
  /** Said before the session's line, which is the first: why a backend could not be used, for one. */
  readonly #early: string[] = [];

  constructor(context: CommandContext) {
    this.#context = context;
    this.#out = new BoundedWriter(context.stdout);
  }

  start(info: SessionInfo): void {
    this.#encoder = new NdjsonEncoder(info.clock);
    this.#out.flush();
    this.#context.stdout.write(this.#encoder.session(info));
    for (const text of this.#early.splice(0)) this.warning(text);
  }

  targetAttached(target: AttachedTarget): void {
    this.#write(this.#encoder?.target(target));
  }

  targetExited(): void {}

  span(span: RequestSpan): void {
    this.#write(this.#encoder?.span(span));
  }

  stats(stats: SessionStats): void {
    this.#cost.add(stats);
  }

  goroutines(report: GoroutineReport): void {
    this.#write(this.#encoder?.goroutines(report));
  }

  lost(losses: Losses): void {
    for (const [reason, total] of Object.entries(losses) as [LossReason, number][]) {
      const count = total - (this.#losses[reason] ?? 0);
      if (count > 0) this.#write(this.#encoder?.lost(reason, count, total));
    }
    this.#losses = losses;
  }

  warning(text: string): void {
    if (this.#encoder === undefined) this.#early.push(text);
    else this.#write(this.#encoder.warning(text));
  }

  async finish(summary: SessionSummary): Promise<void> {
    const { stdout, stderr } = this.#context;
    this.#out.flush();
    if (this.#out.dropped > 0) {
      stderr.write(
        `httptrace: ${formatCount(this.#out.dropped)} lines were left out: whoever reads the output was too slow.\n`,
      );
    }
    if (this.#encoder !== undefined) {
      if (summary.stats !== undefined) stdout.write(this.#encoder.reports(summary.stats));
      stdout.write(this.#encoder.summary(summary, this.#cost.mean));
    }
    await flush(stdout);
  }

  /** Where it ended before its first line. */
  close(): void {
    for (const text of this.#early.splice(0)) this.#context.stderr.write(`httptrace: ${printable(text)}\n`);
  }

  #write(line: string | undefined): void {
    if (line !== undefined) this.#out.write(line);
  }
}

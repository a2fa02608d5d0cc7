import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import type { Batch } from './batch.ts';
import type { ExportResult } from './response.ts';
import type { Transport } from './transport.ts';

/** Requests in flight at a time; one while the receiver is failing. */
const MAX_IN_FLIGHT = 4;
const WARNING_INTERVAL_MS = 60_000;
/** While the session waits for the last ones, pauses are no longer than this. */
const LONGEST_DRAIN_PAUSE_MS = 250;

export interface SendQueueOptions {
  /** What is sent, for people. */
  readonly noun: 'spans' | 'metrics';
  /** Where to, for people. */
  readonly url: string;
  /** A batch is given up this long after its first attempt. */
  readonly giveUpMs: number;
  readonly onWarning: (text: string) => void;
}

/**
 * Batches on their way to the receiver. A batch that fails with a retryable result keeps its place and is tried
 * again after a pause; nothing is sent meanwhile.
 */
export class SendQueue {
  readonly #transport: Transport;
  readonly #options: SendQueueOptions;
  readonly #backoff = new Backoff();
  readonly #waiting: Batch[] = [];
  #inFlight = 0;
  #pause: NodeJS.Timeout | undefined;
  #lastWarning = Number.NEGATIVE_INFINITY;
  #drained: (() => void) | undefined;
  #draining = false;
  #stopped = false;
  /** Spans or data points that are held, those in flight included. */
  items = 0;
  exported = 0;
  failed = 0;

  constructor(transport: Transport, options: SendQueueOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Batches that are not in flight. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(batch: Batch): void {
    this.items += batch.items;
    this.#waiting.push(batch);
    this.#pump();
  }

  /** Resolves when all is sent or given up, at the latest after `deadlineMs`, with what is left. */
  async drain(deadlineMs: number): Promise<number> {
    this.#draining = true;
    this.#resume();
    if (this.items > 0) {
      const deadline = new AbortController();
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      await Promise.race([drained, sleep(deadlineMs, undefined, { signal: deadline.signal }).catch(() => undefined)]);
      deadline.abort();
    }
    this.#stopped = true;
    clearTimeout(this.#pause);
    const left = this.items;
    this.items = 0;
    this.failed += left;
    this.#transport.close();
    return left;
  }

  #pump(): void {
    while (!this.#stopped && this.#pause === undefined && this.#inFlight < this.#limit()) {
      const batch = this.#waiting.shift();
      if (!batch) return;
      void this.#send(batch);
    }
  }

  #limit(): number {
    return this.#backoff.failing ? 1 : MAX_IN_FLIGHT;
  }

  async #send(batch: Batch): Promise<void> {
    this.#inFlight++;
    batch.firstAttempt ??= performance.now();
    const result = await this.#transport.send(batch.request);
    this.#inFlight--;
    if (this.#stopped) return;
    this.#settle(batch, result);
    if (this.items === 0) this.#drained?.();
    this.#pump();
  }

  #settle(batch: Batch, result: ExportResult): void {
    switch (result.kind) {
      case 'success':
        this.#backoff.succeeded();
        this.#finish(batch, Math.min(result.rejected, batch.items));
        if (result.rejected > 0)
          this.#warn(
            `the OTLP receiver rejected ${result.rejected} ${this.#options.noun === 'spans' ? 'spans' : 'data points'}`,
            result.message,
          );
        return;
      case 'failure':
        this.#finish(batch, batch.items);
        this.#warn(`${this.#options.noun} could not be exported`, result.message);
        return;
      case 'retryable':
        this.#retry(batch, result.afterMs);
        this.#warn(
          `the OTLP receiver at ${this.#options.url} does not accept ${this.#options.noun} at the moment`,
          result.message,
        );
    }
  }

  #retry(batch: Batch, afterMs: number | undefined): void {
    const backoffMs = this.#backoff.failed(afterMs);
    const pauseMs = this.#draining ? Math.min(backoffMs, LONGEST_DRAIN_PAUSE_MS) : backoffMs;
    const age = performance.now() - (batch.firstAttempt ?? 0);
    if (age + pauseMs > this.#options.giveUpMs) this.#finish(batch, batch.items);
    else this.#waiting.unshift(batch);
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#resume(), pauseMs);
  }

  #resume(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#pump();
  }

  #finish(batch: Batch, lost: number): void {
    this.items -= batch.items;
    this.failed += lost;
    this.exported += batch.items - lost;
  }

  #warn(text: string, detail: string | undefined): void {
    const now = performance.now();
    if (now - this.#lastWarning < WARNING_INTERVAL_MS) return;
    this.#lastWarning = now;
    this.#options.onWarning(detail === undefined ? text : `${text} (${detail})`);
  }
}

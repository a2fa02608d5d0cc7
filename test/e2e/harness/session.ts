import { resolve } from 'node:path';
import type { RequestSpan } from '../../../agent/correlate/span.ts';
import type { SessionOptions } from '../../../agent/options.ts';
import { runSession } from '../../../agent/session.ts';
import { describeProcess } from '../../../agent/target/describe.ts';
import type { SessionInfo, SessionStats, SessionSummary } from '../../../agent/view.ts';
import { ROOT } from './paths.ts';
import { run } from './run.ts';

const LOADER = resolve(ROOT, 'dist/httptrace-loader');

/** A session in this process, for what is easier to take from its summary than from lines of text. */
export class Session {
  readonly spans: RequestSpan[] = [];
  /** Of each kind of probe, as of the last statistics. */
  hits: SessionStats['cost']['hitsByRole'] = {};
  readonly #stop = new AbortController();
  readonly #summary: Promise<SessionSummary>;

  private constructor(options: SessionOptions, started: (info: SessionInfo) => void) {
    this.#summary = runSession(
      options,
      {
        start: started,
        targetAttached: () => undefined,
        targetExited: () => undefined,
        span: (span) => this.spans.push(span),
        stats: ({ cost }) => {
          this.hits = cost.hitsByRole;
        },
        lost: () => undefined,
        warning: () => undefined,
        finish: async () => undefined,
      },
      this.#stop.signal,
    );
  }

  /** Resolves when the probes are armed. */
  static async attach(
    pid: number,
    { deep = false, exactRate }: Partial<Pick<SessionOptions, 'deep' | 'exactRate'>> = {},
  ): Promise<Session> {
    const options: SessionOptions = {
      toolVersion: (await run(LOADER, ['--version'])).trim(),
      targets: [describeProcess(pid)],
      follow: undefined,
      durationNs: undefined,
      sampleRatio: 1,
      goroutineSampleHz: 0,
      deep,
      minDurationNs: 0,
      filter: { routes: [], statuses: [] },
      headers: [],
      maxRequestsInFlight: undefined,
      maxRate: undefined,
      exactRate,
      backend: 'auto',
      transport: 'auto',
      omitQuery: false,
      exceptionMessageBytes: 1024,
      serviceName: undefined,
      loader: LOADER,
      bpftrace: undefined,
      otlp: undefined,
    };
    return new Promise((attached, failed) => {
      const session = new Session(options, () => attached(session));
      session.#summary.catch(failed);
    });
  }

  /** Detaches; everything that was seen is in the summary. */
  async end(): Promise<SessionSummary> {
    this.#stop.abort();
    return this.#summary;
  }
}

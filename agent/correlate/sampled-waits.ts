/** What a goroutine can be doing; `cpu` is all but waiting. */
export type WaitKind =
  | 'mutex'
  | 'gc_assist'
  | 'scheduler'
  | 'channel'
  | 'network'
  | 'syscall'
  | 'sleep'
  | 'other'
  | 'cpu';

/** Nanoseconds by kind, without those that are zero. */
export type WaitTimes = Readonly<Partial<Record<WaitKind, number>>>;

/** Estimates from samples of a request's goroutine (docs/spans.md says how good they are). */
export interface SampledWaits {
  /** How many there were. */
  readonly samples: number;
  /** Shares of the handler's time: they add up to it. */
  readonly times: WaitTimes;
  /** Where it was found waiting most. */
  readonly where: SampledPlace | undefined;
  /** Goroutines that the handler started. */
  readonly children: SampledChildren | undefined;
}

export interface SampledPlace {
  readonly kind: WaitKind;
  /** Cleaned. */
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** How long, ns. */
  readonly time: number;
}

export interface SampledChildren {
  /** How many were seen while the handler ran. */
  readonly goroutines: number;
  readonly samples: number;
  /** Of all of them together: can be more than the handler's time. */
  readonly times: WaitTimes;
}

/**
 * Numbers and byte offsets of bpf/record.h. A test compiles that header and holds the two against each other.
 * The machines we run on are little-endian (amd64, arm64).
 */

export const REC_VERSION = 1;

export const RecordType = {
  request: 1,
  panic: 2,
  exec: 3,
  exit: 4,
  pause: 5,
  wait: 6,
  release: 7,
  deadline: 8,
  samples: 20,
  goroutines: 21,
  hello: 64,
  reply: 65,
  stats: 66,
  log: 67,
  runtimeLocks: 68,
} as const;

/** struct rec_hdr */
export const HEADER = { len: 0, type: 4, version: 6, size: 8 } as const;

/** struct rec_field, then `len` bytes. */
export const FIELD = { tag: 0, split: 1, len: 2, fullLen: 4, size: 8 } as const;

export const Tag = {
  method: 1,
  uri: 2,
  host: 3,
  peer: 4,
  pattern: 5,
  panicText: 6,
  panicData: 7,
  stack: 8,
  loaderText: 9,
  waits: 10,
  clientGone: 11,
  pauseOpen: 12,
  context: 13,
  readTimeout: 14,
  /** Instead of `method` and `uri`: both, with a space between them. `split` is the length of the method. */
  requestLine: 15,
  /** 16 + n: the n-th header of the plan's list. */
  header: 16,
} as const;

/** Headers that one plan can ask for (bpf/config.h). */
export const MAX_HEADERS = 12;

/** enum req_flags */
export const RequestFlag = {
  http2: 1 << 0,
  tls: 1 << 1,
  hijacked: 1 << 2,
  aborted: 1 << 3,
  first: 1 << 4,
  noSocket: 1 << 5,
  finishNoHeader: 1 << 6,
  headersCut: 1 << 7,
  unfinished: 1 << 8,
  panicked: 1 << 9,
  preview: 1 << 10,
  waitsCut: 1 << 11,
  endUnseen: 1 << 12,
} as const;

/** struct rec_request */
export const REQUEST = {
  tgid: 8,
  fd: 12,
  goid: 16,
  established: 24,
  accepted: 32,
  tlsStart: 40,
  tlsEnd: 48,
  firstRead: 56,
  handlerStart: 64,
  writeHeader: 72,
  firstWrite: 80,
  lastWrite: 88,
  handlerEnd: 96,
  end: 104,
  requestBody: 112,
  responseBody: 120,
  wireIn: 128,
  wireOut: 136,
  status: 144,
  wireStatus: 146,
  informational: 148,
  superfluous: 150,
  flags: 152,
  protoMajor: 154,
  protoMinor: 155,
  streamId: 156,
  weight: 160,
  dataLen: 164,
  size: 168,
} as const;

/** struct rec_panic */
export const PANIC = { tgid: 8, dataLen: 12, goid: 16, handlerStart: 24, time: 32, type: 40, size: 48 } as const;

/** enum wait: words of the field `waits`. */
export const WaitWord = {
  gcAssist: 0,
  cpu: 1,
  scheduler: 2,
  mutex: 3,
  channel: 4,
  network: 5,
  syscall: 6,
  sleep: 7,
  gcStw: 8,
  other: 9,
  max: 10,
} as const;
/** Wait reasons that a target's configuration has room for (bpf/config.h). */
export const MAX_REASONS = 64;

/** struct rec_pause */
export const PAUSE = { tgid: 8, reason: 12, start: 16, end: 24, byRuntime: 32, text: 40, size: 72 } as const;
export const PAUSE_TEXT = 32;
/** The runtime was not told why; the text may say. */
export const PAUSE_NO_REASON = 0xffff_ffff;

/** struct rec_deadline */
export const DEADLINE = { tgid: 8, time: 16, parents: 24, size: 88 } as const;
export const DEADLINE_PARENTS = 8;

/** enum wait_kind */
export const WaitKind = { semaphore: 1, cond: 2 } as const;

/** struct rec_wait */
export const WAIT = {
  tgid: 8,
  kind: 12,
  goid: 16,
  parentGoid: 24,
  handlerStart: 32,
  addr: 40,
  start: 48,
  end: 56,
  dataLen: 64,
  again: 68,
  size: 72,
} as const;

/** struct rec_release */
export const RELEASE = {
  tgid: 8,
  dataLen: 12,
  goid: 16,
  parentGoid: 24,
  handlerStart: 32,
  addr: 40,
  time: 48,
  lostBefore: 56,
  size: 64,
} as const;
/** struct rec_samples, then `count` of SAMPLE, each with its stack. */
export const SAMPLES = { tgid: 8, count: 12, time: 16, periodNs: 24, size: 32 } as const;

/** struct rec_sample, then `depth` addresses. */
export const SAMPLE = {
  goid: 0,
  handlerStart: 8,
  child: 16,
  childAbsent: 24,
  gopc: 32,
  since: 40,
  status: 44,
  reason: 46,
  depth: 47,
  size: 48,
} as const;

/** As `depth`: no addresses follow, they are those of the sample before of the same goroutine and request. */
export const SAMPLE_SAME_STACK = 255;

export const GOROUTINE_STATUSES = 16;

/** struct rec_goroutines, then `count` of GOROUTINE_SITE. */
export const GOROUTINES = {
  tgid: 8,
  count: 12,
  time: 16,
  listed: 24,
  lookedAt: 28,
  byStatus: 32,
  more: 96,
  size: 104,
} as const;

/** struct rec_goroutine_site */
export const GOROUTINE_SITE = { gopc: 0, parent: 8, count: 16, flags: 20, size: 24 } as const;

/** enum goroutine_flags */
export const GoroutineFlag = { ofFlight: 1 << 0, parentsCut: 1 << 1 } as const;

/** struct rec_process */
export const PROCESS = { tgid: 8, time: 16, size: 24 } as const;

/** struct rec_reply */
export const REPLY = { seq: 8, error: 12, size: 16 } as const;

export const RUNTIME_LOCK_BUCKETS = 18;

/** struct runtime_lock_waits */
export const RUNTIME_LOCK_WAITS = { totalNs: 0, longestNs: 8, buckets: 16, size: 160 } as const;

/** struct rec_runtime_locks */
export const RUNTIME_LOCKS = { tgid: 8, waits: 16, size: 176 } as const;

export const HIST_MIN_SHIFT = 10;
export const HIST_BUCKETS_PER_OCTAVE = 4;
export const HIST_BUCKETS = 128;
export const HIST_CLASSES = 6;
export const STATS_HITS = 48;
export const STATS_LOST = 16;

/** struct rec_stats */
export const STATS = {
  time: 8,
  hits: 16,
  steppedHits: 400,
  lost: 408,
  finished: 536,
  progNs: 544,
  syscallNs: 552,
  unitNs: 560,
  steppedNs: 568,
  mapBytes: 576,
  assists: 584,
  assistNs: 592,
  waits: 600,
  waitNs: 608,
  delays: 616,
  delayNs: 624,
  hist: 632,
  size: 6776,
} as const;

/** enum loss, in its order: the reasons that the kernel side counts. */
export const KERNEL_LOSSES = [
  'output_full',
  'requests_full',
  'overload',
  'not_sampled',
  'filtered',
  'read_failed',
  'stale',
  'waits_overload',
] as const;

import type { WaitReport } from '../../agent/correlate/waits/explainer.ts';
import type { RequestWaits } from '../../agent/correlate/waits/request-waits.ts';

/** Of a request in a process in which nothing but requests is watched. */
export const NO_WAITS: RequestWaits = {
  states: undefined,
  mutex: undefined,
  waitGroup: undefined,
  cond: undefined,
  gcStw: undefined,
  gcAssist: undefined,
  childrenMutex: undefined,
  locks: [],
  pauses: [],
  clientGone: undefined,
  readTimeout: undefined,
  deadline: undefined,
};

/** Of a session in which nobody waited. */
export const NO_WAIT_REPORT: WaitReport = {
  locks: [],
  gc: { cycles: 0, pauses: [], requests: 0, touched: 0, touchedTotal: 0, touchedLongest: 0 },
};

export const NO_PROCESS_REPORT = {
  assists: 0,
  assistTime: 0,
  waits: 0,
  waitTime: 0,
  delays: 0,
  delayTime: 0,
  runtimeLocks: undefined,
  panics: { all: 0, ofRequests: 0 },
} as const;

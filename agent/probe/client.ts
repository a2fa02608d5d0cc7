import type { ProbeDefinition } from './definition.ts';

/** The client goes away while its handler runs (net/http/server.go: connReader.backgroundRead). */
export const CLIENT: readonly ProbeDefinition[] = [
  {
    role: 'client_gone',
    variant: 0,
    per: 'rare',
    symbols: [
      'net/http.(*connReader).handleReadErrorLocked',
      // To Go 1.24.
      'net/http.(*connReader).handleReadError',
    ],
    needs: ['conn_reader_conn', 'conn_rwc', 'fd_sysfd'],
    loses: 'HTTP/1 clients that go away while their request is handled are not noticed',
  },
  {
    role: 'deadline',
    variant: 0,
    per: 'rare',
    // WithDeadline itself to Go 1.20. It has three closures; one gives the error of a deadline as the reason.
    symbols: ['context.WithDeadlineCause.func', 'context.WithDeadline.func'],
    closureWith: { pkg: 'context', type: 'deadlineExceededError' },
    needs: ['request_ctx'],
    loses: 'deadlines of contexts that pass while a request is handled are not noticed',
  },
];

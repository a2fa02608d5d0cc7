/** runtime.stwReason (runtime/proc.go): the numbers are the same from Go 1.21 to 1.27. */
export const PAUSE_REASONS = [
  'unknown',
  'GC mark termination',
  'GC sweep termination',
  'write heap dump',
  'goroutine profile',
  'goroutine profile cleanup',
  'all goroutines stack trace',
  'read mem stats',
  'AllThreadsSyscall',
  'GOMAXPROCS',
  'start trace',
  'stop trace',
] as const;

import type { ProbeDefinition } from './definition.ts';

const SEMACQUIRE = ['runtime.semacquire1'];
/** Linked into package sync by name (runtime/sema.go). */
const NOTIFY_LIST_WAIT = ['sync.runtime_notifyListWait', 'runtime.notifyListWait'];
/** In package sync up to Go 1.23. */
export const MUTEX_UNLOCK = ['internal/sync.(*Mutex).unlockSlow', 'sync.(*Mutex).unlockSlow'];
const RETURN_SUDOG = { callee: 'runtime.releaseSudog', which: 'only' } as const;

const LOCKS = 'waits for mutexes and wait groups are not seen';
const CONDS = 'waits for a sync.Cond are not seen';

/**
 * Contended Mutex, RWMutex and WaitGroup: slow paths alone (runtime/sema.go). A free lock passes none of these. Cond is
 * part of --deep: net/http itself waits for one at the end of each request.
 */
export const LOCK: readonly ProbeDefinition[] = [
  {
    role: 'sem_wait',
    variant: 0,
    per: 'rare',
    symbols: SEMACQUIRE,
    together: ['sem_woken'],
    needs: [],
    loses: LOCKS,
  },
  {
    role: 'sem_woken',
    variant: 0,
    per: 'rare',
    symbols: SEMACQUIRE,
    call: RETURN_SUDOG,
    together: ['sem_wait'],
    needs: [],
    loses: LOCKS,
  },
  {
    role: 'sem_release',
    variant: 0,
    per: 'rare',
    // One for package internal/sync stands beside it from Go 1.24 on: that is for Mutex alone.
    symbols: ['sync.runtime_Semrelease'],
    together: ['sem_woken'],
    needs: [],
    loses: 'who held an RWMutex that others waited for is not known',
  },
  {
    role: 'mutex_unlock',
    variant: 0,
    per: 'rare',
    symbols: MUTEX_UNLOCK,
    together: ['sem_woken'],
    needs: [],
    loses: 'who held a Mutex that others waited for is not known',
  },
  {
    role: 'cond_wait',
    variant: 0,
    per: 'rare',
    symbols: NOTIFY_LIST_WAIT,
    deep: true,
    together: ['cond_woken'],
    needs: [],
    loses: CONDS,
  },
  {
    role: 'cond_woken',
    variant: 0,
    per: 'rare',
    symbols: NOTIFY_LIST_WAIT,
    deep: true,
    call: RETURN_SUDOG,
    together: ['cond_wait'],
    needs: [],
    loses: CONDS,
  },
];

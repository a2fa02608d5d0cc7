import type { PlannedProbe, Role } from './plan.ts';

/**
 * A direct call in the function's body is the site instead of its start: the only one of this callee, or the first or
 * last of two in document order; `each`: a probe at every one.
 */
export interface CallInside {
  readonly callee: string;
  readonly which: 'only' | 'first' | 'last' | 'each';
}

/** One thing to watch, as data: where it may be found, what it reads, and what a person loses without it. */
export interface ProbeDefinition {
  readonly role: Role;
  readonly variant: 0 | 1;
  readonly per: PlannedProbe['per'];
  /** Go names of the function, in order of preference: the first that is present is watched. */
  readonly symbols: readonly string[];
  /** The function is a deferred closure: of the closures that begin with a symbol's name, the one that calls `runtime.gorecover`. */
  readonly deferred?: true;
  /** The function is a closure: of those that begin with a symbol's name, the one that loads a variable which holds a value of this type. */
  readonly closureWith?: { readonly pkg: string; readonly type: string };
  /** Where the compiler may have inlined the function. Absent: an inlined copy is not a site. */
  readonly inlinedInto?: InlinedHost;
  readonly call?: CallInside;
  /** Of no use without these: they stand together or not at all. */
  readonly together?: readonly Role[];
  /** Part of `--deep` alone. */
  readonly deep?: true;
  /** Planned only where this function is inlined into that host. */
  readonly onlyWhere?: { readonly name: string; readonly inlinedInto: string };
  /** Go functions that call this one directly: where they hold an inlined copy, events are missed. */
  readonly callers?: readonly string[];
  /** Members of `struct target_config` without which the program cannot work. */
  readonly needs: readonly string[];
  /** For a person: what they do not see without this probe. */
  readonly loses: string;
}

/**
 * A site inside the inlined body is reached once between two calls of `between`, and before any call of `before`
 * (absent: any call that returns) in the body.
 */
export interface InlinedHost {
  readonly host: string;
  readonly between: string;
  /** Where `between` can be found if it is inlined into the same host. */
  readonly betweenInlined?: InlinedHost;
  readonly before?: string;
}

import type { RequestSpan } from './span.ts';

/** What a user wants to see; empty lists let everything through. */
export interface FilterRules {
  /** Globs over the route, else the path: `*` inside a segment, `**` across. */
  readonly routes: readonly string[];
  /** Inclusive. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[];
}

/** Whether a span passes all rules. */
export function spanFilter({ routes, statuses }: FilterRules): (span: RequestSpan) => boolean {
  const patterns = routes.map(globPattern);
  return (span) => {
    if (patterns.length > 0) {
      const path = span.attributes.get('url.path');
      const named = [span.route, typeof path === 'string' ? path : undefined];
      if (!named.some((name) => name !== undefined && patterns.some((pattern) => pattern.test(name)))) return false;
    }
    if (statuses.length === 0) return true;
    const { status } = span;
    return status !== undefined && statuses.some(({ from, to }) => status >= from && status <= to);
  };
}

function globPattern(glob: string): RegExp {
  const source = glob
    .split(/(\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      return part.replace(/[\\^$.+()[\]{}|]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}

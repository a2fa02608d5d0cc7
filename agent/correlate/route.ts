import { Memo } from './memo.ts';

export interface Route {
  readonly route: string;
  /** Made from the path; the program did not say it. */
  readonly guessed: boolean;
}

const MAX_ROUTE_LENGTH = 256;
const MAX_SEGMENTS = 8;
const MAX_SEGMENT_LENGTH = 32;
const REMEMBERED = 2048;
/** What paths beyond the limit share. */
export const OVERFLOW_ROUTE = '/*';

/**
 * Routes of one target. The number of guessed ones is bounded, however many paths are asked for: after
 * `maxTemplates` new ones all become OVERFLOW_ROUTE.
 */
export class RouteTable {
  readonly #maxTemplates: number;
  readonly #templates = new Set<string>();
  readonly #ofPattern = new Memo<Route>(REMEMBERED, (pattern) => ({ route: routeOfPattern(pattern), guessed: false }));
  readonly #ofPath = new Memo<Route>(REMEMBERED, (path) => this.#guess(path));

  constructor(maxTemplates = 200) {
    this.#maxTemplates = maxTemplates;
  }

  /** @param pattern Request.Pattern, cleaned; undefined where the program matched none */
  find(pattern: string | undefined, path: string): Route | undefined {
    if (pattern !== undefined && pattern !== '') return this.#ofPattern.get(pattern);
    return path.startsWith('/') ? this.#ofPath.get(path) : undefined;
  }

  #guess(path: string): Route {
    const template = templateOfPath(path);
    const known = this.#templates.has(template) || this.#templates.size < this.#maxTemplates;
    if (known) this.#templates.add(template);
    return { route: known ? template : OVERFLOW_ROUTE, guessed: true };
  }
}

/** The path of a ServeMux pattern, `[METHOD ][HOST]/[PATH]`. A pattern of another router is taken as it is. */
export function routeOfPattern(pattern: string): string {
  const slash = pattern.indexOf('/');
  return pattern.slice(Math.max(slash, 0), Math.max(slash, 0) + MAX_ROUTE_LENGTH);
}

/** A path with what looks like a value replaced: `/orders/4711/items` becomes `/orders/{id}/items`. */
export function templateOfPath(path: string): string {
  const segments = path.split('/', MAX_SEGMENTS + 2);
  const template = segments
    .slice(0, MAX_SEGMENTS + 1)
    .map(templateOfSegment)
    .join('/');
  return segments.length > MAX_SEGMENTS + 1 ? `${template}/*` : template;
}

const UUID = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;
const NUMBER = /^[-+]?[0-9]+(?:[.,:_-][0-9]+)*$/;
const HEX = /^(?:0x)?(?=[0-9a-f]*[0-9])[0-9a-f]{6,}$/i;
const EMAIL = /^[^@]+(?:@|%40)[^@]+$/i;
const VERSION = /^v[0-9]{1,3}$/i;
const PLAIN = /^[A-Za-z][A-Za-z_.~-]*$/;
/** Digits inside a name: `order-12345`, `user_7`. */
const NAME_WITH_NUMBER = /[0-9]{2,}|[0-9]$/;
const TOKEN = /^[A-Za-z0-9_\-+=.~!$%:,;]{20,}$/;
const READABLE = /^[A-Za-z0-9_.~-]+$/;

function templateOfSegment(segment: string): string {
  if (segment === '' || VERSION.test(segment)) return segment;
  if (PLAIN.test(segment) && segment.length <= MAX_SEGMENT_LENGTH && !looksRandom(segment)) return segment;
  if (UUID.test(segment)) return '{uuid}';
  if (NUMBER.test(segment)) return '{id}';
  if (HEX.test(segment)) return '{hex}';
  if (EMAIL.test(segment)) return '{email}';
  if (TOKEN.test(segment) || segment.length > MAX_SEGMENT_LENGTH) return '{token}';
  if (NAME_WITH_NUMBER.test(segment)) return '{id}';
  return READABLE.test(segment) ? segment : '{text}';
}

/** Letters only, but no word: long, with many changes between upper and lower case, as base64 has. */
function looksRandom(segment: string): boolean {
  if (segment.length < 16) return false;
  let changes = 0;
  for (let i = 1; i < segment.length; i++) {
    if (isUpper(segment.charCodeAt(i)) !== isUpper(segment.charCodeAt(i - 1))) changes++;
  }
  return changes * 3 > segment.length;
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { LockReport } from '../../agent/correlate/waits/lock-report.ts';
import type { SessionStats } from '../../agent/view.ts';
import { printable } from '../text.ts';
import { SORT_KEYS, type SortKey, sortRoutes } from './columns.ts';
import { Cursor } from './cursor.ts';
import { splitLocks } from './lock-words.ts';
import type { RouteRow } from './routes.ts';
import type { SessionState } from './session-state.ts';
import { spread } from './slowest.ts';

export type Screen = 'overview' | 'detail' | 'help' | 'locks' | 'gc' | 'process';

/** Screens with a key of their own; the same key leads back. */
const SCREEN_KEYS: Readonly<Record<string, Screen>> = { l: 'locks', g: 'gc', o: 'process', '?': 'help' };

/** A key as node:readline names it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

const MAX_FILTER = 128;

/** Slow requests of one route, where no filter is set. */
export const SHOWN_PER_NAME = 5;

/** What the person has chosen to see, and the rows for it. */
export class LiveState {
  screen: Screen = 'overview';
  sort: SortKey = 'rate';
  reverse = false;
  filter = '';
  /** The text being typed after `/`; undefined: not typing. */
  typing: string | undefined;
  paused = false;
  /** First line that is shown of a screen that scrolls. */
  scroll = 0;
  opened: RequestSpan | undefined;
  stopping = false;
  routes: readonly RouteRow[] = [];
  slowest: readonly RequestSpan[] = [];
  locks: readonly LockReport[] = [];
  /** Waits for what is no lock of the program. */
  otherWaits: { readonly count: number; readonly total: number } = { count: 0, total: 0 };
  stats: SessionStats | undefined;
  /** Of the processes that run. */
  goroutines: readonly GoroutineReport[] = [];
  /** Session time of the rows, ns. */
  now = 0;
  readonly session: SessionState;
  #rows: readonly RouteRow[] = [];
  #spans: readonly RequestSpan[] = [];
  readonly #spanCursor = new Cursor<RequestSpan>((span) => span);
  readonly #lockCursor = new Cursor<LockReport>(({ pid, lock }) => `${pid}/${lock}`);

  constructor(session: SessionState) {
    this.session = session;
  }

  /** Index in `slowest`. */
  get cursor(): number {
    return this.#spanCursor.index;
  }

  /** Index in `locks`. */
  get lockCursor(): number {
    return this.#lockCursor.index;
  }

  /** Takes new rows from the session, unless paused. */
  refresh(): void {
    if (!this.paused) {
      this.now = this.session.now;
      this.#rows = this.session.routes.rows(this.now);
      this.#spans = this.session.slowest.list(this.now);
      this.stats = this.session.stats;
      this.goroutines = [...this.session.goroutines.values()].filter(({ pid }) => !this.session.exited.has(pid));
      const { own, others } = splitLocks(this.stats?.waits.locks ?? []);
      this.locks = own;
      this.otherWaits = others;
    }
    this.#arrange();
  }

  /** @returns whether the session is to end */
  press(key: Key): boolean {
    if (key.ctrl === true && key.name === 'c') return true;
    if (this.typing !== undefined) this.#type(key, this.typing);
    else if (this.screen === 'overview') return this.#pressOverview(key);
    else return this.#pressScreen(key);
    this.#arrange();
    return false;
  }

  #pressOverview(key: Key): boolean {
    this.#spanCursor.move(stepOf(key) ?? 0, this.slowest);
    switch (key.name ?? key.sequence) {
      case 'q':
        return true;
      case 's':
        this.sort = SORT_KEYS[(SORT_KEYS.indexOf(this.sort) + 1) % SORT_KEYS.length] ?? 'rate';
        break;
      case 'r':
        this.reverse = !this.reverse;
        break;
      case 'p':
      case 'space':
        this.paused = !this.paused;
        break;
      case 'return':
      case 'enter':
        this.#open();
        break;
      case 'escape':
        this.filter = '';
        break;
      default:
        if (key.sequence === '/') this.typing = this.filter;
        else this.#show(screenOf(key) ?? this.screen);
    }
    this.#arrange();
    return false;
  }

  #pressScreen(key: Key): boolean {
    const by = stepOf(key);
    if (by === undefined) {
      const screen = screenOf(key);
      // Every other key goes back, so that nobody is caught here.
      this.#show(screen === undefined || screen === this.screen ? 'overview' : screen);
    } else if (this.screen === 'locks') this.#lockCursor.move(by, this.locks);
    else this.scroll = Math.max(0, this.scroll + by);
    return false;
  }

  #type(key: Key, text: string): void {
    switch (key.name) {
      case 'return':
      case 'enter':
        this.filter = text.trim();
        this.typing = undefined;
        break;
      case 'escape':
        this.typing = undefined;
        break;
      case 'backspace':
        this.typing = text.slice(0, -1);
        break;
      default:
        if (key.ctrl !== true) this.typing = (text + printable(key.sequence ?? '')).slice(0, MAX_FILTER);
    }
  }

  #open(): void {
    const span = this.slowest[this.cursor];
    if (span === undefined) return;
    this.opened = span;
    this.#show('detail');
  }

  #show(screen: Screen): void {
    this.screen = screen;
    this.scroll = 0;
  }

  #arrange(): void {
    this.routes = sortRoutes(
      this.#rows.filter((row) => matchesText(row.name, this.filter)),
      this.sort,
      this.reverse,
    );
    this.slowest =
      this.filter === ''
        ? spread(this.#spans, SHOWN_PER_NAME)
        : this.#spans.filter((span) => matchesSpan(span, this.filter));
    this.#spanCursor.follow(this.slowest);
    this.#lockCursor.follow(this.locks);
  }
}

const STEPS: Readonly<Record<string, number>> = { up: -1, down: 1, pageup: -10, pagedown: 10 };

/** Rows or lines that a key moves by; undefined: another key. */
function stepOf({ name }: Key): number | undefined {
  return name === undefined ? undefined : STEPS[name];
}

function screenOf({ name, sequence, ctrl }: Key): Screen | undefined {
  return ctrl === true ? undefined : SCREEN_KEYS[name ?? sequence ?? ''];
}

/** A status (`404`), a class (`5xx`), `error`, or a part of the route or path. */
function matchesSpan(span: RequestSpan, filter: string): boolean {
  if (/^[1-5]\d\d$/.test(filter)) return span.status === Number(filter);
  if (/^[1-5]xx$/i.test(filter)) return Math.floor((span.status ?? 0) / 100) === Number(filter[0]);
  if (filter === 'error') return span.error !== undefined;
  const path = span.attributes.get('url.path');
  return matchesText(span.name, filter) || (typeof path === 'string' && matchesText(path, filter));
}

/** A filter by status says nothing about routes: all of them stay. */
function matchesText(text: string, filter: string): boolean {
  if (filter === '' || filter === 'error' || /^[1-5](xx|\d\d)$/i.test(filter)) return true;
  return text.toLowerCase().includes(filter.toLowerCase());
}

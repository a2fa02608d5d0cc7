import { emitKeypressEvents } from 'node:readline';
import type { CliContext } from '../context.ts';
import type { Key } from './live-state.ts';
import type { Size } from './render-live.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const FALLBACK: Size = { columns: 80, rows: 24 };

/** A full-screen terminal: keys in, lines out. Leaves the terminal as it was, whatever way the process ends. */
export class Terminal {
  readonly #context: CliContext;
  readonly #onKey: (key: Key) => void;
  readonly #onResize: () => void;
  readonly #keypress = (_text: string | undefined, key: Key): void => this.#onKey(key);
  readonly #resize = (): void => {
    this.#painted = [];
    this.#onResize();
  };
  readonly #exit = (): void => this.close();
  #painted: readonly string[] = [];
  #open = false;

  constructor(context: CliContext, onKey: (key: Key) => void, onResize: () => void) {
    this.#context = context;
    this.#onKey = onKey;
    this.#onResize = onResize;
  }

  get size(): Size {
    const { columns, rows } = this.#context.stdout;
    return { columns: columns || FALLBACK.columns, rows: rows || FALLBACK.rows };
  }

  open(): void {
    const { stdin, stdout } = this.#context;
    this.#open = true;
    stdout.write(ENTER);
    if (stdin.isTTY) {
      emitKeypressEvents(stdin);
      stdin.setRawMode(true);
      stdin.on('keypress', this.#keypress);
      stdin.resume();
    }
    stdout.on('resize', this.#resize);
    process.on('exit', this.#exit);
  }

  /** Writes the lines that changed. Skips the frame while the terminal has not taken the last one. */
  paint(lines: readonly string[]): void {
    const { stdout } = this.#context;
    if (!this.#open || stdout.writableNeedDrain) return;
    const clear = this.#painted.length === 0 || lines.length < this.#painted.length ? '\x1b[2J' : '';
    const before = clear === '' ? this.#painted : [];
    const changed = lines.flatMap((line, row) =>
      line === before[row] ? [] : [`\x1b[${row + 1};1H\x1b[2K${line}\x1b[0m`],
    );
    this.#painted = lines;
    if (changed.length > 0) stdout.write(clear + changed.join(''));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { stdin, stdout } = this.#context;
    process.off('exit', this.#exit);
    stdout.off('resize', this.#resize);
    if (stdin.isTTY) {
      stdin.off('keypress', this.#keypress);
      stdin.setRawMode(false);
      stdin.pause();
    }
    stdout.write(LEAVE);
  }
}

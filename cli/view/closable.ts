import type { SessionView } from '../../agent/view.ts';

/** A view that gives back what it holds (the terminal), whether the session finished or threw. */
export interface ClosableView extends SessionView {
  close(): void;
}

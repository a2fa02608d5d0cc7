import type { Instruction } from './instruction.ts';
import type { CostClass, SiteKind } from './plan.ts';

export interface Site {
  readonly instruction: Instruction;
  readonly kind: SiteKind;
  readonly cost: CostClass;
}

/** A site, or why there is none (for a person). */
export type SiteChoice = { readonly site: Site } | { readonly refused: string };

export function hasSite(choice: SiteChoice): choice is { readonly site: Site } {
  return 'site' in choice;
}

import type { BuildKind } from '../agent/view.ts';

/** `stripped pie cgo`, or `plain`. */
export function buildText(build: Pick<BuildKind, 'stripped' | 'pie' | 'cgo' | 'pgo'>): string {
  const words = [build.stripped && 'stripped', build.pie && 'pie', build.cgo && 'cgo', build.pgo && 'pgo'];
  return words.filter((word) => word !== false).join(' ') || 'plain';
}

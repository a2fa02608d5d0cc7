import { checkBinary, checkFixture } from './check-binary.ts';
import { ARM64, buildFixture, NATIVE, type Variant } from './fixture.ts';

/** Builds the fixture with a Go command of any version in each of the given ways, and checks all that is read of it. */
export function checkVersion(go: string, label: string, variants: readonly Variant[] = [...NATIVE, ARM64]): void {
  for (const variant of variants) {
    const path = buildFixture(variant, go, label);
    checkBinary(path);
    if (variant !== ARM64) checkFixture(path);
  }
}

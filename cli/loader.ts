import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Where httptrace-loader is: the path that was given, else beside the program, else where a checkout builds it.
 * Undefined: nowhere.
 */
export function findLoader(
  given: string | undefined,
  script: string | undefined = process.argv[1],
): string | undefined {
  if (given !== undefined) return given;
  const folder = dirname(script ?? '');
  const places = [join(folder, 'httptrace-loader'), join(folder, '..', 'build', 'httptrace-loader')];
  return places.find((place) => existsSync(place));
}

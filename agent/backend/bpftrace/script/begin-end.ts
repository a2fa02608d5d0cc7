import type { ScriptContext } from './context.ts';
import { CONNECTION_MAPS, type MapDeclaration, OTHER_MAPS, REQUEST_MAPS, STREAM_MAPS, WAIT_MAPS } from './maps.ts';
import { join } from './text.ts';
import { pauseNames } from './world.ts';

/** Maps that are results: printed when the script ends. */
const RESULTS = new Set([
  'finished',
  'duration_us',
  'not_sampled',
  'too_short',
  'requests_full',
  'stale',
  'stopped_us',
  'waited_us',
  'assists',
  'assist_ns',
]);

/**
 * What is said first, and what is left at the end: the results; what was remembered of requests is thrown away.
 * @param body the rest of the script: the maps that it uses are declared here
 */
export function beginAndEnd(context: ScriptContext, body: string): string {
  const used = new Set([...body.matchAll(/@(\w+)/g)].map((match) => match[1] ?? ''));
  const declared = [...CONNECTION_MAPS, ...REQUEST_MAPS, ...STREAM_MAPS, ...OTHER_MAPS, ...WAIT_MAPS].filter(
    ({ name }) => used.has(name),
  );
  const all = [...used].filter((name) => !RESULTS.has(name)).sort();
  return `BEGIN
{
  if ($1 == 0) { printf("Requests of process ${context.pid}, times in ns. Ctrl-C ends it and prints histograms.\\n"); } else { printf("ready\\n"); }
${declarations('Of a connection, by file descriptor:', declared, CONNECTION_MAPS, body)}
${declarations('Of a request, by goroutine (HTTP/1) or stream (HTTP/2):', declared, REQUEST_MAPS, body)}
${declarations('Of an HTTP/2 stream, by its address:', declared, STREAM_MAPS, body)}
${declarations('What leads from one to the other:', declared, OTHER_MAPS, body)}
${join([declarations('Of the world and of locks:', declared, WAIT_MAPS, body), used.has('reason') && pauseNames()])}
}

// For the agent: totals that stay exact whatever is lost on the way.
interval:s:1
{
  if ($1 == 1) { print(@finished); print(@requests_full);${used.has('stale') ? ' print(@stale);' : ''}${used.has('assist_since') ? ' print(@assists); print(@assist_ns);' : ''}${context.sampleRatio < 1 ? ' print(@not_sampled);' : ''}${context.minDurationNs > 0 ? ' print(@too_short);' : ''} }
}

END
{
${all.map((name) => `  clear(@${name});`).join('\n')}
}`;
}

const NOTHING = { uint64: '(uint64)0', int64: '(int64)0', string: '""' } as const;

/**
 * A map has the type of what is first written to it: it is declared where the script reads it before. No more of them:
 * a program can name 64 maps, some of which are bpftrace's own.
 */
function declarations(
  title: string,
  used: readonly MapDeclaration[],
  group: readonly MapDeclaration[],
  body: string,
): string {
  const lines = group
    .filter((entry) => used.includes(entry))
    .map(({ name, type, key, meaning }) =>
      isWrittenFirst(name, body)
        ? `  // ${`@${name}`.padEnd(34)}${meaning}`
        : `  ${`@${name}[${key}] = ${NOTHING[type]};`.padEnd(34)}// ${meaning}`,
    );
  if (lines.length === 0) return '';
  return `  // ${title}\n${lines.join('\n')}`;
}

function isWrittenFirst(name: string, body: string): boolean {
  const [first] = new RegExp(`^.*@${name}\\b.*$`, 'm').exec(body) ?? [''];
  return new RegExp(`^ *@${name}\\[[^@]*\\] = (?!.*@${name}\\b)`).test(first);
}

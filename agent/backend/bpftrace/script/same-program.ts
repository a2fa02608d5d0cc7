import { type Concern, hex } from './context.ts';
import { comment, probe } from './text.ts';

/**
 * At the first hit: is this the program that the script was made for? A word that reads as zero is on a page that is not
 * in memory, and says nothing.
 */
export const sameProgram: Concern = (context) => {
  const { identity } = context;
  const site = context.site('http1_serve') ?? context.sites[0];
  if (site === undefined || identity.words.length === 0) return undefined;
  const reads = identity.words.map(({ address }, index) => `  $w${index} = *(uint64 *)${hex(address)};`);
  const wrong = identity.words.map(({ value }, index) => `($w${index} != 0 && $w${index} != ${hex(value)})`);
  const made = identity.buildId === undefined ? '' : ` (build ID ${comment(identity.buildId).replace(/["\\%]/g, '?')})`;
  return `// At the first hit: words of the build ID and of the code, which another build has differently.
${probe(context, site).replace(/\/$/, ' && @checked[0] == 0/')}
{
  @checked[0] = (uint64)1;
${reads.join('\n')}
  if (${wrong.join(' ||\n      ')}) {
    printf("! This is not the program that the script was made for${made}. Make a new one with httptrace script.\\n");
    exit();
  }
}`;
};

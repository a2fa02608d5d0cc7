import type { GoBinary, GoFunction } from '../gobinary/binary.ts';
import { callSite, everyCallSite } from './call.ts';
import { closureThatLoads } from './closure.ts';
import type { ProbeDefinition } from './definition.ts';
import { inlinedSite } from './inlined.ts';
import type { Decoded, Disassembler } from './instruction.ts';
import type { PlannedProbe, Unavailable } from './plan.ts';
import { prologueSite } from './prologue.ts';
import { hasSite, type Site, type SiteChoice } from './site.ts';

export interface Choice {
  /** One, but for a definition that asks for each call of a function. */
  readonly probes: readonly PlannedProbe[];
  readonly unavailable?: Unavailable;
}

/** Finds the function that a definition names, and the place in it where its probe stands. */
export function chooseProbe(binary: GoBinary, disassembler: Disassembler, definition: ProbeDefinition): Choice {
  const decode = (fn: GoFunction) => disassembler.decode(binary.code(fn), fn.start);
  const missing = (why: string) => ({ probes: [], unavailable: unavailable(definition, why) });

  const inlined = inlinedInHost(binary, definition);
  const fn = findFunction(binary, definition, decode);
  const symbol = inlined?.symbol ?? fn?.name;
  const host = inlined?.host ?? fn;
  if (symbol === undefined || host === undefined) return missing(`${definition.symbols[0]} is not in the binary`);

  const sites = inlined ? one(inlined.choose(decode(host))) : sitesIn(binary, host, decode(host), definition);
  if ('refused' in sites) return missing(sites.refused);
  const probes: PlannedProbe[] = [];
  for (const { instruction, kind, cost } of sites) {
    const fileOffset = binary.fileOffset(instruction.address);
    if (fileOffset === undefined) return missing(`the code of ${host.name} is not stored in the file`);
    probes.push({
      role: definition.role,
      variant: definition.variant,
      symbol,
      host: host.name,
      address: instruction.address,
      fileOffset,
      instruction: disassembler.text(binary.code(host).subarray(instruction.address - host.start), instruction.address),
      site: kind,
      cost,
      per: definition.per,
    });
  }
  return { probes, ...partly(binary, definition, symbol) };
}

type Sites = readonly Site[] | { readonly refused: string };

function one(choice: SiteChoice): Sites {
  return hasSite(choice) ? [choice.site] : choice;
}

function sitesIn(binary: GoBinary, fn: GoFunction, decoded: Decoded, { call }: ProbeDefinition): Sites {
  if (call === undefined) return one(prologueSite(binary, fn, decoded));
  if (call.which !== 'each') return one(callSite(binary, fn, decoded, call));
  const sites = everyCallSite(binary, decoded, call.callee);
  return sites.length > 0 ? sites : { refused: `${fn.name} does not call ${call.callee}` };
}

interface InlinedFunction {
  readonly symbol: string;
  readonly host: GoFunction;
  readonly choose: (decoded: Decoded) => SiteChoice;
}

/** A function can be inlined where it is hot and stand in the function table for a cold caller: the hot copy counts. */
function inlinedInHost(binary: GoBinary, { symbols, inlinedInto }: ProbeDefinition): InlinedFunction | undefined {
  const host = inlinedInto && binary.find(inlinedInto.host);
  if (inlinedInto === undefined || host === undefined) return undefined;
  const names = new Set(binary.inlined(host).map(({ name }) => name));
  const symbol = symbols.find((name) => names.has(name));
  if (symbol === undefined) return undefined;
  return { symbol, host, choose: (decoded) => inlinedSite(binary, host, decoded, symbol, inlinedInto) };
}

function findFunction(
  binary: GoBinary,
  definition: ProbeDefinition,
  decode: (fn: GoFunction) => Decoded,
): GoFunction | undefined {
  for (const symbol of definition.symbols) {
    const { deferred, closureWith } = definition;
    const fn = deferred
      ? findDeferred(binary, symbol, decode)
      : closureWith
        ? closureThatLoads(binary, symbol, closureWith)
        : binary.find(symbol);
    if (fn !== undefined) return fn;
  }
  return undefined;
}

/** The closure that recovers: it runs on return, on panic and on runtime.Goexit, and cannot be inlined. */
function findDeferred(binary: GoBinary, prefix: string, decode: (fn: GoFunction) => Decoded): GoFunction | undefined {
  const recover = binary.find('runtime.gorecover')?.start;
  if (recover === undefined) return undefined;
  return binary
    .findByPrefix(prefix)
    .filter(({ name }) => /^\d+$/.test(name.slice(prefix.length)))
    .find((fn) => decode(fn).instructions.some(({ flow, target }) => flow === 'call' && target === recover));
}

/** Callers that hold a copy of the function do not pass its probe. */
function partly(binary: GoBinary, definition: ProbeDefinition, symbol: string): Pick<Choice, 'unavailable'> {
  const holders = (definition.callers ?? []).filter((name) => {
    const caller = binary.find(name);
    return caller !== undefined && binary.inlined(caller).some((range) => range.name === symbol);
  });
  if (holders.length === 0) return {};
  const why = `${symbol} is inlined into ${holders.join(' and ')} too; for requests that pass there`;
  return { unavailable: unavailable(definition, why) };
}

export function unavailable({ role, variant, loses }: ProbeDefinition, why: string): Unavailable {
  return { what: role, variant, reason: `${why}: ${loses}` };
}

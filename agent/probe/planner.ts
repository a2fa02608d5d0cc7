import type { GoBinary } from '../gobinary/binary.ts';
import { chooseProbe, unavailable } from './choose.ts';
import type { ProbeDefinition } from './definition.ts';
import { DEFINITIONS } from './definitions.ts';
import { amd64Disassembler } from './disassembler-amd64.ts';
import { arm64Disassembler } from './disassembler-arm64.ts';
import { PlanError } from './error.ts';
import { missingFeatures } from './features.ts';
import { HTTP2_PACKAGES } from './http2.ts';
import { ADDRESSES, goNameOf, readLayout } from './layout.ts';
import type { Layout, Plan, PlannedProbe, Role, Unavailable } from './plan.ts';
import { isSpare } from './response.ts';
import { keepTogether, type Settled } from './together.ts';

/**
 * What to watch in this binary, and where. Pure: reads the binary and nothing else.
 * Throws `PlanError` where there is nothing to watch.
 * @param deep what the scheduler does, too
 */
export function planProbes(binary: GoBinary, deep = false): Plan {
  if (binary.find('net/http.(*conn).serve') === undefined) throw noServer(binary);
  const disassembler = binary.arch === 'arm64' ? arm64Disassembler() : amd64Disassembler();
  const layout = { ...readLayout(binary) };
  const probes: PlannedProbe[] = [];
  const missing: Unavailable[] = [];
  for (const definition of DEFINITIONS) {
    if (definition.deep && !deep) continue;
    if (!isLinkedIn(binary, definition) || !isWanted(binary, definition)) continue;
    const absent = absentMembers(definition, layout);
    if (absent.length > 0) {
      missing.push(unavailable(definition, `the binary does not tell the place of ${absent.map(goNameOf).join(', ')}`));
      continue;
    }
    const choice = chooseProbe(binary, disassembler, definition);
    probes.push(...choice.probes);
    if (choice.unavailable) missing.push(choice.unavailable);
    // Inlined in places: the end of a stream is then taken from its handler and the write that follows.
    if (definition.role === 'http2_close_stream' && choice.unavailable) layout[closePartial(definition)] = 1;
  }
  const settled = settleInlinedServe(keepTogether(DEFINITIONS, { probes, missing }));
  if (!settled.probes.some(({ role }) => BEGINNINGS.has(role))) throw nothing(settled.missing);
  return {
    executable: binary.path,
    goVersion: binary.version.raw,
    arch: binary.arch,
    probes: settled.probes.map((probe) => (isSpare(probe.role, layout, deep) ? { ...probe, spare: true } : probe)),
    unavailable: [...settled.missing, ...missingFeatures(binary, layout)],
    layout,
    addresses: ADDRESSES.filter((member) => layout[member] !== undefined),
  };
}

/** Without one of these nothing begins. */
const BEGINNINGS: ReadonlySet<Role> = new Set(['http1_serve', 'http1_serve_inlined', 'http2_handler']);

/**
 * Where ServeHTTP is inlined into conn.serve, `http1_serve_inlined` sees what `http1_serve` misses there. What
 * `http1_serve` still gives is HTTP/2 requests as the mux sees them.
 */
function settleInlinedServe({ probes, missing }: Settled): Settled {
  if (!probes.some(({ role }) => role === 'http1_serve_inlined')) return { probes, missing };
  return { probes, missing: missing.filter(({ what }) => what !== 'http1_serve') };
}

function isWanted(binary: GoBinary, { onlyWhere }: ProbeDefinition): boolean {
  if (onlyWhere === undefined) return true;
  const host = binary.find(onlyWhere.inlinedInto);
  return host !== undefined && binary.inlined(host).some(({ name }) => name === onlyWhere.name);
}

function closePartial({ variant }: ProbeDefinition): string {
  return `http2.${variant}.close_partial`;
}

function absentMembers({ needs }: ProbeDefinition, layout: Layout): string[] {
  // Every program needs to know which goroutine it is on.
  return ['g_goid', ...needs].filter((member) => layout[member] === undefined);
}

/** A stack that the program does not use is not a loss: HTTP/2 and TLS can be left out of a program. */
function isLinkedIn(binary: GoBinary, { role, variant }: ProbeDefinition): boolean {
  if (role.startsWith('cond_')) return binary.find('sync.(*Cond).Wait') !== undefined;
  if (role.startsWith('tls_')) return binary.find('crypto/tls.(*Conn).serverHandshake') !== undefined;
  if (!role.startsWith('http2_')) return true;
  // It defers, so it is never inlined away.
  return HTTP2_PACKAGES[variant].some(({ path, prefix }) => binary.find(`${path}.(*${prefix}serverConn).serve`));
}

function noServer(binary: GoBinary): PlanError {
  const other = binary.findByPrefix('github.com/valyala/fasthttp.(*Server).').length > 0 ? ' (it uses fasthttp)' : '';
  return new PlanError(
    'no_http_server',
    `the program has no net/http server inside${other}; choose a program that serves HTTP with net/http`,
  );
}

function nothing(missing: readonly Unavailable[]): PlanError {
  const reasons = missing.map(({ what, reason }) => `${what}: ${reason}`).join('; ');
  return new PlanError('nothing_to_watch', `no request of this program can be seen (${reasons})`);
}

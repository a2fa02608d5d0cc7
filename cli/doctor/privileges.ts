import { tryReadLink, tryReadProc } from '../../agent/target/procfs.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** include/uapi/linux/capability.h */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

type Capability = keyof typeof CAPABILITIES;

/** Why each one is needed; SYS_ADMIN stands in for BPF and PERFMON. */
const NEEDED: readonly { readonly name: Capability; readonly why: string; readonly instead?: Capability }[] = [
  { name: 'CAP_BPF', why: 'load BPF programs', instead: 'CAP_SYS_ADMIN' },
  { name: 'CAP_PERFMON', why: 'attach probes', instead: 'CAP_SYS_ADMIN' },
  { name: 'CAP_SYS_PTRACE', why: 'look at processes of other users' },
  { name: 'CAP_DAC_READ_SEARCH', why: 'read executables of other users' },
];

/** Effective capabilities, from the CapEff line of /proc/PID/status (hexadecimal). */
export function parseCapabilities(status: string): ReadonlySet<Capability> {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-fA-F]+)$/m.exec(status)?.[1] ?? '0'}`);
  const names = Object.keys(CAPABILITIES) as Capability[];
  return new Set(names.filter((name) => ((bits >> BigInt(CAPABILITIES[name])) & 1n) === 1n));
}

export function privilegeChecks(status = tryReadProc('/proc/self/status', 65_536) ?? ''): Check[] {
  const held = parseCapabilities(status);
  const capabilities = NEEDED.map(({ name, why, instead }) => {
    if (held.has(name)) return ok(name, 'held');
    if (instead !== undefined && held.has(instead)) return ok(name, `not held; ${instead} stands in for it`);
    const needed = instead !== undefined;
    const advice = `Run with sudo, or give the program ${name} (needed to ${why})`;
    return needed ? fail(name, 'missing', advice) : warn(name, 'missing', advice);
  });
  return [userCheck(), ...capabilities, seccompCheck(status), namespaceCheck()];
}

function userCheck(): Check {
  const uid = process.geteuid?.() ?? -1;
  return ok('user', uid === 0 ? 'root' : `uid ${uid}`);
}

/** seccomp(2): 0 off, 1 strict, 2 filter. */
function seccompCheck(status: string): Check {
  const mode = /^Seccomp:\s*(\d+)$/m.exec(status)?.[1];
  if (mode === undefined || mode === '0') return ok('seccomp', 'no filter on this process');
  return warn(
    'seccomp',
    'this process runs under a filter',
    'If loading fails below, allow bpf(2) and perf_event_open(2) in the seccomp profile',
  );
}

function namespaceCheck(): Check {
  // Host numbers of the initial namespaces, include/linux/proc_ns.h.
  const initialPids = tryReadLink('/proc/self/ns/pid') === 'pid:[4026531836]';
  const initialUsers = tryReadLink('/proc/self/ns/user') === 'user:[4026531837]';
  if (!initialUsers)
    return fail('namespaces', 'inside a user namespace', 'Run outside of it: BPF needs capabilities on the host');
  if (!initialPids)
    return warn(
      'namespaces',
      'inside a pid namespace',
      'Processes of the host are seen only with --pid=host (Docker) or hostPID: true (Kubernetes)',
    );
  return ok('namespaces', 'those of the host');
}

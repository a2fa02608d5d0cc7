import { accessSync, constants } from 'node:fs';
import { release } from 'node:os';
import { tryReadProc } from '../../agent/target/procfs.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** Settings of the kernel. Its version is shown, not judged: features are tried through the loader. */
export function kernelChecks(): Check[] {
  return [
    ok('kernel', release()),
    btfCheck(),
    tracefsCheck(),
    settingCheck('perf_event_paranoid', '/proc/sys/kernel/perf_event_paranoid'),
    settingCheck('unprivileged_bpf_disabled', '/proc/sys/kernel/unprivileged_bpf_disabled'),
    lockdownCheck(tryReadProc('/sys/kernel/security/lockdown', 256)),
    ptraceCheck(tryReadProc('/proc/sys/kernel/yama/ptrace_scope', 16)),
    memlockCheck(tryReadProc('/proc/self/limits', 4096) ?? ''),
    clockCheck(),
  ];
}

function btfCheck(): Check {
  try {
    accessSync('/sys/kernel/btf/vmlinux', constants.R_OK);
    return ok('btf', '/sys/kernel/btf/vmlinux');
  } catch {
    return fail(
      'btf',
      'no /sys/kernel/btf/vmlinux',
      'Use a kernel with CONFIG_DEBUG_INFO_BTF; in a container, mount /sys/kernel/btf read-only',
    );
  }
}

/** libbpf goes through perf_event_open(2), which does not need tracefs on all kernels; bpftrace needs it: so this only warns. */
function tracefsCheck(): Check {
  const mounts = tryReadProc('/proc/self/mounts', 1 << 20) ?? '';
  const at = /^\S+ (\S+) tracefs /m.exec(mounts)?.[1];
  if (at !== undefined) return ok('tracefs', at);
  return warn(
    'tracefs',
    'not mounted',
    'Needed by --backend bpftrace, which mounts it: mount -t tracefs tracefs /sys/kernel/tracing',
  );
}

/** Both settings limit users without CAP_PERFMON or CAP_BPF; those are checked on their own. */
function settingCheck(name: string, path: string): Check {
  return ok(name, tryReadProc(path, 16)?.trim() ?? 'not present');
}

/** kernel_lockdown(7): the mode in force is in brackets. */
export function lockdownCheck(text: string | undefined): Check {
  const mode = /\[(\w+)\]/.exec(text ?? '')?.[1];
  if (mode === 'confidentiality') {
    return fail('lockdown', mode, 'BPF may not read memory in this mode: boot with lockdown=integrity or none');
  }
  return ok('lockdown', mode ?? 'not present');
}

export function ptraceCheck(text: string | undefined): Check {
  const scope = text?.trim();
  if (scope === '3')
    return warn(
      'ptrace_scope',
      '3: no process may look into another one',
      'Set kernel.yama.ptrace_scope to 2 or less and reboot, if executables cannot be read',
    );
  return ok('ptrace_scope', scope ?? 'not present');
}

export function memlockCheck(limits: string): Check {
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1] ?? 'unknown';
  // From 5.11 on BPF memory is accounted to the cgroup; before, loading fails where the limit is low.
  return ok('memlock', soft === 'unlimited' ? soft : `${soft} bytes (matters below Linux 5.11 only)`);
}

/** Record times are CLOCK_MONOTONIC and joined to civil time by its distance from the real-time clock. */
function clockCheck(): Check {
  const source = tryReadProc('/sys/devices/system/clocksource/clocksource0/current_clocksource', 64)?.trim();
  if (Date.now() < Date.UTC(2024, 0, 1))
    return warn('clock', new Date().toISOString(), 'Set the time of the machine: spans carry it');
  return ok('clock', source ?? 'source not known');
}

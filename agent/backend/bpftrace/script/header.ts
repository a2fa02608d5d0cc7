import type { ScriptContext } from './context.ts';
import { comment } from './text.ts';

/** What the script is for, in comments. */
export function header(context: ScriptContext): string {
  const { target, plan, identity, toolVersion, sites } = context;
  const moved = sites.filter(({ atEntry }) => atEntry);
  const cost =
    moved.length === 0
      ? ' * All its probes stand where the kernel emulates the instruction: about 1.5 us a hit on a virtual machine.'
      : ` * ${moved.length} of its probes stand at the start of their function, where a hit costs several times as much: this
 * bpftrace takes no address inside a function that has a symbol.`;
  return `#!/usr/bin/env bpftrace
/*
 * Every HTTP request of process ${target.pid}, from accept() through WriteHeader to the last byte.
 *
 *   sudo bpftrace --unsafe -p ${target.pid} THIS_FILE        a line for each request, histograms at the end
 *   sudo bpftrace --unsafe -p ${target.pid} -f json THIS_FILE 1   all that httptrace itself takes
 *
 * Made by httptrace ${comment(toolVersion)} for this process only:
 *   executable   ${comment(target.executable)}
 *   build ID     ${comment(identity.buildId ?? 'none')}
 *   Go           ${comment(plan.goVersion)}, ${plan.arch}
 * Places and layouts are those of this very build. The path of the probes names the process and where its code is
 * mapped, so that bpftrace finds nothing when another program has the pid; the first hit compares the build ID.
 * --unsafe: bpftrace cannot see by itself that each place is the start of an instruction. httptrace has decoded them.
 * Tracepoints need tracefs: mount -t tracefs tracefs /sys/kernel/tracing
 *
${cost}
 * No return probes. State is kept by goroutine (the register R14), never by thread: a goroutine moves between them.
 */`;
}

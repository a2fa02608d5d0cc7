import type { GoroutineReport } from '../correlate/goroutines.ts';
import { Memo } from '../correlate/memo.ts';
import type { AttributeValue, Clock, Losses, LossReason, RequestSpan, SpanEvent, SpanLink } from '../correlate/span.ts';
import type { Role } from '../probe/plan.ts';
import type { AttachedTarget, ProbeCost, SessionInfo, SessionStats, SessionSummary } from '../view.ts';
import { gcJson, isOwn, lockJson, MAX_LOCKS, processJson } from './report-json.ts';
import { statusMessage } from './span-status.ts';
import { UnixTime } from './unix-time.ts';

export const NDJSON_SCHEMA = 'httptrace/1';

const MAX_QUOTED = 4096;
const MAX_QUOTED_LENGTH = 64;

/** Lines of `-o json` (docs/ndjson.md), each with its line feed. The session line comes first. */
export class NdjsonEncoder {
  readonly #time: UnixTime;
  /** Names and most values come back again and again: they are quoted once. */
  readonly #quoted = new Memo(MAX_QUOTED, (text) => JSON.stringify(text));
  /** With the comma before and the colon behind. */
  readonly #keys = new Memo(MAX_QUOTED, (name) => `,${JSON.stringify(name)}:`);
  /** What is watched in one target at least. */
  readonly #roles = new Set<Role>();

  constructor(clock: Clock) {
    this.#time = new UnixTime(clock.baseUnixNano);
  }

  session(info: SessionInfo): string {
    for (const target of info.targets) this.#noteRoles(target);
    const data = {
      version: info.toolVersion,
      backend: info.backend,
      transport: info.transport,
      start_unix_nano: info.clock.baseUnixNano.toString(),
      host: { name: info.host.name, kernel: info.host.kernel, cpus: info.host.cpus },
      targets: info.targets.map(targetJson),
      sample_ratio: info.sampleRatio,
      min_duration_ns: info.minDurationNs,
      export_endpoint: info.exportEndpoint,
    };
    return `${JSON.stringify({ type: 'session', schema: NDJSON_SCHEMA, data })}\n`;
  }

  /** A target that was attached after the session line. */
  target(target: AttachedTarget): string {
    this.#noteRoles(target);
    return `${JSON.stringify({ type: 'target', data: targetJson(target) })}\n`;
  }

  span(span: RequestSpan): string {
    const message = span.error === undefined ? undefined : statusMessage(span);
    let line = `{"type":"span","data":{"trace_id":"${span.traceId}","span_id":"${span.spanId}"`;
    if (span.parentSpanId !== undefined) line += `,"parent_span_id":"${span.parentSpanId}"`;
    if (span.traceState !== undefined) line += `,"trace_state":${JSON.stringify(span.traceState)}`;
    line += `,"trace_flags":${span.sampled ? 1 : 0},"name":${this.#quoted.get(span.name)},"kind":"SERVER"`;
    line += `,"start_unix_nano":"${this.#time.decimal(span.start)}","end_unix_nano":"${this.#time.decimal(span.end)}"`;
    line += `,"duration_ns":${span.end - span.start},"pid":${span.pid},"attributes":${this.#attributes(span.attributes)}`;
    line += `,"events":[${span.events.length === 0 ? '' : span.events.map((event) => this.#event(event)).join(',')}]`;
    if (span.links.length > 0) line += `,"links":[${span.links.map((link) => this.#link(link)).join(',')}]`;
    if (span.cause !== undefined) {
      const { time, text, isEstimate } = span.cause;
      line += `,"cause":{"time_ns":${time},"text":${JSON.stringify(text)}${isEstimate ? ',"sampled":true' : ''}}`;
    }
    line += `,"status":{"code":"${span.error === undefined ? 'UNSET' : 'ERROR'}"`;
    if (message !== undefined) line += `,"message":${JSON.stringify(message)}`;
    return `${line}}}}\n`;
  }

  goroutines({ pid, time, total, complete, byStatus, sites }: GoroutineReport): string {
    const data = {
      pid,
      time_unix_nano: this.#time.decimal(time),
      total,
      complete,
      by_status: byStatus,
      sites: sites.map(({ ofRequests, ...site }) => ({ ...site, of_requests: ofRequests })),
    };
    return `${JSON.stringify({ type: 'goroutines', data })}\n`;
  }

  /** @param total losses for this reason since the start of the session */
  lost(reason: LossReason, count: number, total: number): string {
    return `${JSON.stringify({ type: 'lost', data: { reason, count, total } })}\n`;
  }

  warning(text: string): string {
    return `${JSON.stringify({ type: 'warning', data: { text } })}\n`;
  }

  /** What requests waited for altogether: a line each for locks, the garbage collector and the process. */
  reports({ waits, process }: SessionStats): string {
    const locks = this.#roles.has('sem_woken') || this.#roles.has('cond_woken') ? waits.locks : undefined;
    const lines = [
      {
        type: 'locks',
        data:
          locks && [...locks.filter(isOwn), ...locks.filter((lock) => !isOwn(lock))].slice(0, MAX_LOCKS).map(lockJson),
      },
      { type: 'gc', data: this.#roles.has('stw_end') ? gcJson(waits.gc) : undefined },
      { type: 'process', data: processJson(process, this.#roles) },
    ];
    return lines
      .filter(({ data }) => data !== undefined)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  }

  /** @param mean the cost over the whole session */
  summary(summary: SessionSummary, mean: Pick<ProbeCost, 'coreShare' | 'serverCpuShare'>): string {
    const stats = summary.stats;
    const data = {
      reason: summary.reason,
      error: summary.error,
      duration_ns: summary.durationNs,
      detach_ns: summary.detachNs,
      requests: stats && {
        finished: stats.totals.finished,
        shown: stats.totals.shown,
        exported: stats.totals.exported,
      },
      lost: summary.losses satisfies Losses,
      unflushed: summary.unflushed,
      cost: stats && {
        unit_ns: stats.cost.unitNs,
        stepped_ns: stats.cost.steppedNs,
        core_share: mean.coreShare,
        server_cpu_share: mean.serverCpuShare,
        agent_cpu_share: stats.agent.cpuShare,
        agent_resident_bytes: stats.agent.residentBytes,
        map_bytes: stats.agent.mapBytes,
      },
    };
    return `${JSON.stringify({ type: 'summary', data })}\n`;
  }

  #noteRoles({ probes }: AttachedTarget): void {
    for (const { role } of probes) this.#roles.add(role);
  }

  #event(event: SpanEvent): string {
    const time = this.#time.decimal(event.time);
    return `{"name":${this.#quoted.get(event.name)},"time_unix_nano":"${time}","attributes":${this.#attributes(event.attributes)}}`;
  }

  #link(link: SpanLink): string {
    return `{"trace_id":"${link.traceId}","span_id":"${link.spanId}","attributes":${this.#attributes(link.attributes)}}`;
  }

  #attributes(attributes: ReadonlyMap<string, AttributeValue>): string {
    let json = '';
    for (const [name, value] of attributes) json += this.#keys.get(name) + this.#value(value);
    return json === '' ? '{}' : `{${json.slice(1)}}`;
  }

  #value(value: AttributeValue): string {
    if (typeof value === 'number') return `${value}`;
    if (typeof value === 'string' && value.length <= MAX_QUOTED_LENGTH) return this.#quoted.get(value);
    return JSON.stringify(value);
  }
}

function targetJson(target: AttachedTarget): object {
  return {
    pid: target.process.pid,
    executable: target.process.executable,
    container_id: target.process.containerId,
    service_name: target.serviceName,
    go_version: target.goVersion,
    build: target.build,
    probes: target.probes.map(({ role, variant, symbol, address, cost }) => ({
      role,
      variant,
      symbol,
      address: `0x${address.toString(16)}`,
      cost,
    })),
    unavailable: target.unavailable,
  };
}

import type { ProbeCost, SessionStats } from '../../agent/view.ts';

/** What a summary says of the cost: means over the whole session, by time. Absent: never measured. */
export type MeanCost = Pick<ProbeCost, 'hitsPerSecond' | 'unitNs' | 'syscallShare' | 'coreShare' | 'serverCpuShare'>;

/** Means of rates that are each given over an interval. */
export class CostMeter {
  readonly #hits = new Mean();
  readonly #syscalls = new Mean();
  readonly #core = new Mean();
  readonly #server = new Mean();
  #unitNs: number | undefined;

  add({ cost, intervalNs }: SessionStats): void {
    this.#hits.add(cost.hitsPerSecond, intervalNs);
    this.#syscalls.add(cost.syscallShare, intervalNs);
    this.#core.add(cost.coreShare, intervalNs);
    this.#server.add(cost.serverCpuShare, intervalNs);
    this.#unitNs = cost.unitNs ?? this.#unitNs;
  }

  get mean(): MeanCost {
    return {
      hitsPerSecond: this.#hits.value ?? 0,
      unitNs: this.#unitNs,
      syscallShare: this.#syscalls.value,
      coreShare: this.#core.value,
      serverCpuShare: this.#server.value,
    };
  }
}

class Mean {
  #sum = 0;
  #weight = 0;

  get value(): number | undefined {
    return this.#weight > 0 ? this.#sum / this.#weight : undefined;
  }

  add(value: number | undefined, weight: number): void {
    if (value === undefined) return;
    this.#sum += value * weight;
    this.#weight += weight;
  }
}

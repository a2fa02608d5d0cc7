import { type Backend, BackendError, type BackendEvents } from '../backend/backend.ts';
import { startBpftrace } from '../backend/bpftrace/bpftrace.ts';
import { startLibbpf } from '../backend/libbpf/libbpf.ts';
import type { SessionOptions } from '../options.ts';

/**
 * Starts the backend that was asked for. `auto` is libbpf, and bpftrace where that cannot be: the reason is logged.
 * @param loader path of httptrace-loader
 * @throws BackendError; for `auto` that of libbpf, which is the better one
 */
export async function startBackend(options: SessionOptions, loader: string, events: BackendEvents): Promise<Backend> {
  const libbpf = () =>
    startLibbpf(
      {
        loader,
        version: options.toolVersion,
        transport: options.transport,
        uprobes: 'auto',
        follow: options.follow !== undefined,
        deep: options.deep,
        maxRequestsInFlight: options.maxRequestsInFlight,
        maxRate: options.maxRate,
        exactRate: options.exactRate,
        goroutineSampleHz: options.goroutineSampleHz,
      },
      events,
    );
  const bpftrace = () =>
    startBpftrace(
      {
        bpftrace: options.bpftrace,
        toolVersion: options.toolVersion,
        maxRequestsInFlight: options.maxRequestsInFlight,
      },
      events,
    );
  // bpftrace could follow the scheduler, at a price that nobody would pay.
  if (options.deep && options.backend === 'bpftrace') {
    throw new BackendError('feature', '--deep needs the libbpf backend', 'Leave out --deep or --backend bpftrace');
  }
  if (options.backend === 'libbpf' || options.deep) return libbpf();
  if (options.backend === 'bpftrace') return bpftrace();
  try {
    return await libbpf();
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const backend = await bpftrace().catch(() => {
      throw error;
    });
    events.log(`bpftrace is used instead of libbpf: ${error.message}.`);
    return backend;
  }
}

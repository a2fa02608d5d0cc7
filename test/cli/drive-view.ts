/**
 * Feeds a view with synthetic requests, to look at it by hand: `node test/cli/drive-view.ts [live|lines|json] [rate]`.
 * Ends on q or Ctrl-C.
 */
import { Interrupt } from '../../cli/attach/interrupt.ts';
import { createView } from '../../cli/attach/view.ts';
import type { AttachFlags } from '../../cli/commands/attach-options.ts';
import { INFO, span, stats, summary } from './synthetic.ts';

const output = (process.argv[2] ?? 'live') as AttachFlags['output'];
const rate = Number(process.argv[3] ?? 200);
const { stdin, stdout, stderr, env } = process;
const interrupt = new Interrupt(() => process.exit(130));
const context = { stdin, stdout, stderr, env, color: stdout.isTTY, setExitCode: () => undefined };
const view = createView({ output } as AttachFlags, context, () => interrupt.request());

const started = performance.now();
const elapsedNs = (): number => (performance.now() - started) * 1e6;
let sent = 0;
view.start(INFO);
const feed = setInterval(() => {
  const due = (elapsedNs() / 1e9) * rate;
  for (; sent < due; sent++) {
    const made = span(sent);
    const end = elapsedNs();
    view.span({ ...made, start: end - (made.end - made.start), end });
  }
}, 20);
const measure = setInterval(() => {
  const seconds = elapsedNs() / 1e9;
  const losses = seconds > 10 ? { output_full: 12, not_sampled: 40 } : {};
  const { residentBytes, cpuShare } = {
    residentBytes: process.memoryUsage.rss(),
    cpuShare: process.cpuUsage().user / 1e6 / seconds,
  };
  const base = stats(seconds);
  view.stats({
    ...base,
    losses,
    totals: { ...base.totals, finished: sent, shown: sent },
    agent: { ...base.agent, residentBytes, cpuShare },
  });
}, 1000);

interrupt.signal.addEventListener('abort', async () => {
  clearInterval(feed);
  clearInterval(measure);
  await view.finish(summary({ durationNs: elapsedNs() }));
  view.close();
  interrupt.close();
});

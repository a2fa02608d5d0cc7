import type { GoroutineReport, GoroutineSite } from '../../agent/correlate/goroutines.ts';
import type { Style } from '../color.ts';
import { formatCount } from '../format.ts';
import { formatTable } from '../table.ts';
import { truncate } from '../text.ts';
import { fullPlaceText } from './lock-words.ts';
import type { SessionState } from './session-state.ts';
import { wrapWords } from './wrap.ts';

const SITES_SHOWN = 12;
const LEAKS_SHOWN = 10;
/** More than so many in a minute, most of them left behind by their requests. */
const LEAK_GROWTH = 10;

interface Site extends GoroutineSite {
  readonly pid: number;
}

/** How many there are, and by the `go` statement that started them: a leak is a line that grows. */
export function renderGoroutines(reports: readonly GoroutineReport[], columns: number, style: Style): string[] {
  const title = style('bold', 'goroutines');
  if (reports.length === 0) {
    return [
      title,
      ...wrapWords('  not read: that comes with samples, and neither --deep nor --sample-hz 0 takes any', columns, 4),
    ];
  }
  const sites = sitesOf(reports);
  const more =
    sites.length > SITES_SHOWN ? [`  and ${formatCount(sites.length - SITES_SHOWN)} more go statements`] : [];
  const [head = '', ...rows] = formatTable(
    ['  growth↓', 'alive', 'of requests', 'left behind', 'started at'],
    sites.slice(0, SITES_SHOWN).map((site) => siteRow(site, reports.length > 1)),
  );
  return [
    title,
    ...reports.flatMap((report) => wrapWords(`  ${totalText(report, reports.length > 1)}`, columns, 4)),
    ...(rows.length === 0 ? [] : [style('inverse', truncate(head.padEnd(columns), columns))]),
    ...rows.map((row, index) => {
      const cut = truncate(row, columns);
      const site = sites[index];
      return site !== undefined && isLeak(site) ? style('yellow', cut) : cut;
    }),
    ...more,
  ];
}

/** What is printed at the end: goroutines of ended requests that became more and more. */
export function leakLines({ goroutines }: SessionState, style: Style): string[] {
  const leaks = sitesOf([...goroutines.values()]).filter(isLeak);
  if (leaks.length === 0) return [];
  const shown = leaks
    .slice(0, LEAKS_SHOWN)
    .map(
      (site) =>
        `goroutines left behind by requests grow: ${formatCount(site.outlived ?? 0)} of ${formatCount(site.alive)} alive, ${growthText(site)} in the last minute, pid ${site.pid}, started at ${fullPlaceText(site)}`,
    );
  const more = leaks.length > LEAKS_SHOWN ? [`and ${formatCount(leaks.length - LEAKS_SHOWN)} more`] : [];
  return [...shown.map((line) => style('yellow', line)), ...more, ''];
}

function sitesOf(reports: readonly GoroutineReport[]): Site[] {
  return reports
    .flatMap(({ pid, sites }) => sites.map((site) => ({ ...site, pid })))
    .sort((a, b) => b.growth - a.growth || b.alive - a.alive);
}

function isLeak({ growth, outlived }: GoroutineSite): boolean {
  return growth > LEAK_GROWTH && (outlived ?? 0) > growth / 2;
}

function totalText({ pid, total, complete, byStatus }: GoroutineReport, withPid: boolean): string {
  const { running, runnable, waiting, syscall } = byStatus;
  const states = [
    `${formatCount(running)} running`,
    `${formatCount(runnable)} runnable`,
    `${formatCount(waiting)} waiting`,
    `${formatCount(syscall)} in a system call`,
  ].join(', ');
  const whose = withPid ? `pid ${pid}: ` : '';
  return `${whose}${formatCount(total)}${complete ? '' : ' at least (there were too many to look at all)'} alive; with those of the runtime ${states}`;
}

function siteRow(site: Site, withPid: boolean): string[] {
  const of = (count: number | undefined): string => (count === undefined ? '?' : formatCount(count));
  return [
    `  ${growthText(site).padStart(7)}`,
    formatCount(site.alive).padStart(5),
    of(site.ofRequests).padStart(11),
    of(site.outlived).padStart(11),
    `${fullPlaceText(site)}${withPid ? ` (pid ${site.pid})` : ''}`,
  ];
}

function growthText({ growth }: GoroutineSite): string {
  return growth > 0 ? `+${formatCount(growth)}` : growth === 0 ? '0' : `-${formatCount(-growth)}`;
}

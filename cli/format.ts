/** A duration in at most six characters: `850ns`, `12.3µs`, `4.56ms`, `1.23s`, `2m03s`. */
export function formatDuration(ns: number): string {
  if (ns < 0) return `-${formatDuration(-ns)}`;
  if (ns < 999.5) return `${Math.round(ns)}ns`;
  if (ns < 999_500) return `${threeDigits(ns / 1e3)}µs`;
  if (ns < 999.5e6) return `${threeDigits(ns / 1e6)}ms`;
  if (ns < 59.95e9) return `${threeDigits(ns / 1e9)}s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad2(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${pad2(Math.floor((seconds % 3600) / 60))}m`;
}

/** Per second: `0.4`, `12.3`, `4,560`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 99.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond));
}

export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `0.03 %`, `2.1 %`, `34 %`; zero is `0 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0%';
  if (percent < 0.005) return '<0.01%';
  if (percent < 0.995) return `${percent.toFixed(2)}%`;
  return `${percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)}%`;
}

/** Binary multiples: `512 B`, `1.5 KiB`, `93 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : threeDigits(value)} ${units[unit]}`;
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

function pad2(value: number): string {
  return String(value).padStart(2, '0');
}

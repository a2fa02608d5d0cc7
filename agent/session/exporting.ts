import { hostname } from 'node:os';
import type { SpanExporter } from '../export/exporter.ts';
import type { MetricsExporter } from '../export/metrics.ts';
import { otlpExporter } from '../export/otlp/exporter.ts';
import { metricsConfig } from '../export/otlp/metrics-config.ts';
import { otlpMetricsExporter } from '../export/otlp/metrics-exporter.ts';
import { agentResource } from '../export/otlp/resource.ts';
import { tracesConfig } from '../export/otlp/traces-config.ts';
import type { SessionOptions } from '../options.ts';
import type { SessionClock } from './clock.ts';

/** What is exported; undefined: not that. */
export interface Exporting {
  readonly spans: SpanExporter | undefined;
  readonly metrics: MetricsExporter | undefined;
  /** Where spans are sent to, for people. */
  readonly endpoint: string | undefined;
}

/** Throws OtlpConfigError. */
export function startExporting(
  options: SessionOptions,
  clock: SessionClock,
  onWarning: (text: string) => void,
): Exporting {
  const { otlp, toolVersion } = options;
  const traces = otlp?.traces ? tracesConfig(otlp, process.env) : undefined;
  const metrics = otlp?.metrics ? metricsConfig(otlp, process.env) : undefined;
  // A general variable that is wrong is wrong for both.
  for (const warning of new Set([...(traces?.warnings ?? []), ...(metrics?.warnings ?? [])])) onWarning(warning);
  return {
    spans: traces?.config.enabled
      ? otlpExporter({ config: traces.config, clock: clock.clock, toolVersion, onWarning })
      : undefined,
    metrics: metrics?.config.enabled
      ? otlpMetricsExporter({
          config: metrics.config,
          clock: clock.clock,
          now: clock.now,
          toolVersion,
          agentResource: agentResource(process.env, hostname(), toolVersion),
          requestsAreWhole: options.minDurationNs === 0,
          onWarning,
        })
      : undefined,
    endpoint: traces?.config.enabled ? traces.config.endpoint.url : undefined,
  };
}

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { cleanLine } from '../../correlate/clean.ts';
import type { AttributeValue } from '../../correlate/span.ts';
import { parseResourceAttributes, type TargetEnvironment } from '../../target/environ.ts';
import type { TargetProcess } from '../../target/process.ts';
import { instanceId } from './instance-id.ts';

/** Resource attributes of a target (OpenTelemetry resource semantic conventions). */
export type Resource = ReadonlyMap<string, AttributeValue>;

export interface ResourceInput {
  readonly process: TargetProcess;
  /** What the target's own environment says. */
  readonly environment: TargetEnvironment;
  /** The agent's environment. */
  readonly ownEnvironment: Readonly<Record<string, string | undefined>>;
  /** From the command line; wins over everything else. */
  readonly serviceName: string | undefined;
  /** E.g. `go1.26.8`. */
  readonly goVersion: string;
  readonly arch: 'amd64' | 'arm64';
  /** Path of the main module (build info). */
  readonly mainModule: string | undefined;
  readonly hostName: string;
  readonly toolVersion: string;
}

/**
 * The command line's arguments are left out: they may hold secrets. What the environment sets wins over what was
 * found, the agent's own over the target's.
 */
export function resourceOf(input: ResourceInput): Resource {
  const { process } = input;
  const own = parseResourceAttributes(input.ownEnvironment['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const given = new Map([...input.environment.resourceAttributes, ...own]);
  const resource = new Map<string, AttributeValue>([
    ['service.name', serviceName(input)],
    ['service.instance.id', instanceId(input.hostName, process.pid, process.startTicks)],
    ['process.pid', process.pid],
    ['process.executable.name', basename(process.executable)],
    ['process.executable.path', process.executable],
    ['process.runtime.name', 'go'],
    ['process.runtime.version', input.goVersion],
    ['host.name', input.hostName],
    ['host.arch', input.arch],
    ['os.type', 'linux'],
    ['telemetry.sdk.name', 'httptrace'],
    ['telemetry.sdk.language', 'go'],
    ['telemetry.sdk.version', input.toolVersion],
    ['telemetry.distro.name', 'httptrace'],
    ['telemetry.distro.version', input.toolVersion],
  ]);
  if (process.containerId !== undefined) resource.set('container.id', process.containerId);
  for (const [name, value] of given) {
    if (name !== 'service.name') resource.set(name, value);
  }
  return new Map([...resource].map(([name, value]) => [cleanLine(name), clean(value)]));
}

/**
 * From the command line; OTEL_SERVICE_NAME or `service.name` of the agent's environment, then of the target's; the
 * last element of the main module's path; `unknown_service:` and the executable's name.
 */
export function serviceName(input: ResourceInput): string {
  const { environment, ownEnvironment } = input;
  const own = parseResourceAttributes(ownEnvironment['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const candidates = [
    input.serviceName,
    ownEnvironment['OTEL_SERVICE_NAME'],
    own.get('service.name'),
    environment.serviceName,
    environment.resourceAttributes.get('service.name'),
    moduleName(input.mainModule),
  ];
  const name = candidates.find((candidate) => candidate !== undefined && candidate !== '');
  return cleanLine(name ?? `unknown_service:${basename(input.process.executable)}`);
}

/** Of the agent itself: what its own losses and costs belong to. */
export function agentResource(
  ownEnvironment: ResourceInput['ownEnvironment'],
  hostName: string,
  toolVersion: string,
): Resource {
  const own = parseResourceAttributes(ownEnvironment['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const resource = new Map<string, AttributeValue>([
    ['service.name', 'httptrace'],
    ['service.instance.id', randomUUID()],
    ['service.version', toolVersion],
    ['process.pid', process.pid],
    ['host.name', hostName],
    ['os.type', 'linux'],
    ['telemetry.sdk.name', 'httptrace'],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.version', toolVersion],
  ]);
  // The name that the environment gives is that of the targets.
  for (const [name, value] of own) if (name !== 'service.name') resource.set(name, value);
  return new Map([...resource].map(([name, value]) => [cleanLine(name), clean(value)]));
}

/** `example.com/shop/v2` is `shop`. `go run` and `go build x.go` name no module. */
function moduleName(path: string | undefined): string | undefined {
  if (path === undefined || path === 'command-line-arguments') return undefined;
  return basename(path.replace(/\/v[0-9]+$/, ''));
}

function clean(value: AttributeValue): AttributeValue {
  return typeof value === 'string' ? cleanLine(value) : value;
}

import { expect, test } from 'vitest';
import { agentResource, type ResourceInput, resourceOf } from '../../../agent/export/otlp/resource.ts';

const INPUT: ResourceInput = {
  process: {
    pid: 4242,
    startTicks: 1,
    executable: '/srv/shop-server',
    exePath: '/proc/4242/exe',
    command: ['/srv/shop-server', '--password=s3cr3t'],
    containerId: 'c0ffee',
    loadBias: 0,
  },
  environment: { serviceName: undefined, resourceAttributes: new Map() },
  ownEnvironment: {},
  serviceName: undefined,
  goVersion: 'go1.26.8',
  arch: 'amd64',
  mainModule: 'example.com/shop/v2',
  hostName: 'node-1',
  toolVersion: '0.1.0',
};

const nameOf = (changes: Partial<ResourceInput>) => resourceOf({ ...INPUT, ...changes }).get('service.name');

test('all of it', () => {
  expect(Object.fromEntries(resourceOf(INPUT))).toEqual({
    'service.name': 'shop',
    // uuid.uuid5(namespace, 'node-1/4242/1') of Python.
    'service.instance.id': 'f9577e0c-5210-5e1a-a43f-98e9173b73fa',
    'process.pid': 4242,
    'process.executable.name': 'shop-server',
    'process.executable.path': '/srv/shop-server',
    'process.runtime.name': 'go',
    'process.runtime.version': 'go1.26.8',
    'host.name': 'node-1',
    'host.arch': 'amd64',
    'os.type': 'linux',
    'container.id': 'c0ffee',
    'telemetry.sdk.name': 'httptrace',
    'telemetry.sdk.language': 'go',
    'telemetry.sdk.version': '0.1.0',
    'telemetry.distro.name': 'httptrace',
    'telemetry.distro.version': '0.1.0',
  });
});

test('each process has an id of its own, which its environment may give', () => {
  const idOf = (changes: Partial<ResourceInput>) => resourceOf({ ...INPUT, ...changes }).get('service.instance.id');
  expect(idOf({ process: { ...INPUT.process, startTicks: 2 } })).not.toBe(idOf({}));
  const resourceAttributes = new Map([['service.instance.id', 'pod-7']]);
  expect(idOf({ environment: { serviceName: undefined, resourceAttributes } })).toBe('pod-7');
});

test('who names the service', () => {
  const ofTarget = { serviceName: 'target', resourceAttributes: new Map([['service.name', 'attribute']]) };
  const ownEnvironment = { OTEL_SERVICE_NAME: 'own' };
  expect(nameOf({ serviceName: 'flag', ownEnvironment, environment: ofTarget })).toBe('flag');
  expect(nameOf({ ownEnvironment, environment: ofTarget })).toBe('own');
  expect(nameOf({ environment: ofTarget })).toBe('target');
  expect(nameOf({ environment: { ...ofTarget, serviceName: undefined } })).toBe('attribute');
  expect(nameOf({ mainModule: undefined })).toBe('unknown_service:shop-server');
  expect(nameOf({ mainModule: 'command-line-arguments' })).toBe('unknown_service:shop-server');
});

test('attributes of both environments, the agent’s own win, all cleaned', () => {
  const resource = resourceOf({
    ...INPUT,
    ownEnvironment: { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,zone=a' },
    environment: {
      serviceName: undefined,
      resourceAttributes: new Map([
        ['zone', 'b'],
        ['note', 'x\x1b[2J'],
      ]),
    },
  });
  expect([resource.get('deployment.environment.name'), resource.get('zone'), resource.get('note')]).toEqual([
    'prod',
    'a',
    'x\ufffd[2J',
  ]);
});

test('the agent has a name of its own, and takes the rest from its environment', () => {
  const env = { OTEL_SERVICE_NAME: 'shop', OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,zone=a' };
  const resource = agentResource(env, 'node-1', '0.1.0');
  expect(Object.fromEntries(resource)).toMatchObject({
    'service.name': 'httptrace',
    'service.version': '0.1.0',
    'process.pid': process.pid,
    'host.name': 'node-1',
    zone: 'a',
  });
});

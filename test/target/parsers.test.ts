import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerIdFromCgroup } from '../../agent/target/cgroup.ts';
import { parseEnvironment, parseResourceAttributes } from '../../agent/target/environ.ts';
import { loadBias } from '../../agent/target/load-bias.ts';
import { editDistance } from '../../agent/target/near-misses.ts';
import { programNames } from '../../agent/target/program.ts';
import { parseTcpTable } from '../../agent/target/sockets.ts';
import { parseStat } from '../../agent/target/stat.ts';

const ID = '3f2a1b9c0d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8';

describe('parseStat', () => {
  const rest = 'S 1 77 77 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 5 0 987654 1000 200';

  it('reads state, parent, CPU time and start', () => {
    expect(parseStat(`77 (checkout) ${rest}`)).toEqual({
      state: 'S',
      parentPid: 1,
      kernelThread: false,
      cpuTicks: 42,
      startTicks: 987654,
    });
  });

  it('is not misled by a name with parentheses and blanks', () => {
    expect(parseStat(`77 (a) Z 9 (b)) ${rest}`)?.startTicks).toBe(987654);
  });

  it('knows kernel threads', () => {
    expect(parseStat('2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0')?.kernelThread).toBe(true);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseStat(text)));
    expect(parseStat('')).toBeUndefined();
  });
});

describe('containerIdFromCgroup', () => {
  it.each([
    ['Docker, version 1', `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}`],
    ['Docker, version 2 with systemd', `0::/system.slice/docker-${ID}.scope`],
    [
      'containerd under Kubernetes',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope`,
    ],
    ['cgroupfs driver', `11:cpu:/kubepods/besteffort/pod0c2f/${ID}`],
    ['CRI-O', `0::/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope`],
    ['Podman with a cgroup inside', `0::/machine.slice/libpod-${ID}.scope/container/init.scope`],
    ['containerd without systemd', `0::/kubepods-burstable-pod1.slice:cri-containerd:${ID}`],
    ['seen from another cgroup namespace', `0::/../${ID}`],
  ])('%s', (_what, text) => {
    expect(containerIdFromCgroup(text)).toBe(ID);
  });

  it.each([
    ['no container', '0::/user.slice/user-1000.slice/session-2.scope'],
    ["CRI-O's monitor", `0::/kubepods.slice/crio-conmon-${ID}.scope`],
    ['nothing', ''],
  ])('none for %s', (_what, text) => {
    expect(containerIdFromCgroup(text)).toBeUndefined();
  });
});

describe('loadBias', () => {
  const maps = [
    '55d0c0000000-55d0c0400000 r--p 00000000 08:01 42 /srv/other',
    '55d0d0000000-55d0d0400000 r--p 00000000 08:01 43 /srv/check out (deleted)',
    '55d0d0400000-55d0d0800000 r-xp 00400000 08:01 43 /srv/check out (deleted)',
  ].join('\n');
  const load = { relocatable: true, fileOffset: 0, virtualAddress: 0 };

  it('takes the first segment of the executable', () => {
    expect(loadBias(maps, '/srv/check out (deleted)', load)).toBe(0x55d0d0000000);
  });

  it('subtracts the link-time address', () => {
    expect(
      loadBias(maps, '/srv/check out (deleted)', { ...load, fileOffset: 0x400000, virtualAddress: 0x401000 }),
    ).toBe(0x55d0d0400000 - 0x401000);
  });

  it('is 0 for a fixed address and unknown where nothing is mapped', () => {
    expect(loadBias('', '/srv/checkout', { ...load, relocatable: false })).toBe(0);
    expect(loadBias(maps, '/srv/missing', load)).toBeUndefined();
  });
});

describe('parseTcpTable', () => {
  it('keeps listening sockets of both families', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0
   2: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0`;
    expect(parseTcpTable(table)).toEqual([
      { port: 8080, inode: 12345 },
      { port: 443, inode: 777 },
    ]);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTcpTable(text)));
  });
});

describe('the environment of a target', () => {
  it('yields the two variables and nothing else', () => {
    const text =
      'PASSWORD=secret\0OTEL_SERVICE_NAME=shop\0XOTEL_SERVICE_NAME=no\0OTEL_RESOURCE_ATTRIBUTES=a=1,b=x%20y\0';
    const environment = parseEnvironment(text);
    expect(environment).toEqual({
      serviceName: 'shop',
      resourceAttributes: new Map([
        ['a', '1'],
        ['b', 'x y'],
      ]),
    });
    expect(JSON.stringify(environment)).not.toContain('secret');
  });

  it('treats an empty variable as unset and leaves malformed items out', () => {
    expect(parseEnvironment('OTEL_SERVICE_NAME=\0').serviceName).toBeUndefined();
    expect(parseResourceAttributes('novalue,=x,bad=%zz,good=1')).toEqual(new Map([['good', '1']]));
  });
});

describe('names', () => {
  it('are those of the executable, the main package and the module', () => {
    const program = { mainPackage: 'example.com/shop/cmd/checkout', mainModule: 'example.com/shop/v2' };
    expect(programNames('/srv/app', program)).toEqual(['app', 'checkout', 'shop']);
    expect(programNames('', undefined)).toEqual([]);
  });

  it.each([
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['same', 'same', 0],
  ])('distance of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });
});

import { describe, expect, test } from 'vitest';
import { lockPlace, SEMAPHORES } from '../../../agent/correlate/waits/place.ts';
import type { GoBinary } from '../../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../../agent/gobinary/open.ts';
import { amd64Disassembler } from '../../../agent/probe/disassembler-amd64.ts';
import { buildFixture, PLAIN, STRIPPED } from '../../gobinary/fixture.ts';
import { type Toolchain, toolchains } from '../../probe/toolchains.ts';

const BUILD_MS = 300_000;
const DEFAULT: Toolchain = { version: 'default', go: 'go', minor: 26 };

// What type descriptors and code say is read from real binaries; HTTPTRACE_GO_VERSIONS sweeps over more of them.
describe.each([DEFAULT, ...toolchains()])('package sync of go$version', ({ go, version, minor }) => {
  const label = version === 'default' ? version : `go${version}`;
  const open = (variant = STRIPPED) => openGoBinary(buildFixture(variant, go, label));

  test('has its semaphores where we take them to be', { timeout: BUILD_MS }, () => {
    const binary = open();
    const offset = (pkg: string, type: string, field: string) => binary.struct(pkg, type)?.fields.get(field)?.offset;
    expect({
      mutex: offset(minor < 24 ? 'sync' : 'internal/sync', 'Mutex', 'sema'),
      writer: offset('sync', 'RWMutex', 'writerSem'),
      reader: offset('sync', 'RWMutex', 'readerSem'),
      waitGroup: offset('sync', 'WaitGroup', minor < 20 ? 'state2' : 'sema'),
      cond: offset('sync', 'Cond', 'notify'),
    }).toEqual(SEMAPHORES);
    // What lets a writer's wait for writers, and a Mutex of package sync, go by the lock's own address.
    expect(offset('sync', 'RWMutex', 'w')).toBe(0);
    if (minor >= 24) expect(offset('sync', 'Mutex', 'mu')).toBe(0);
    binary.close();
  });

  test('calls the runtime from functions that we know', { timeout: BUILD_MS }, () => {
    const binary = open(PLAIN);
    const mutex = minor < 24 ? 'sync' : 'internal/sync';
    const reads = minor < 20 ? 'Mutex' : 'RWMutexR';
    const writes = minor < 20 ? 'Mutex' : 'RWMutex';
    const group = binary.find('sync.runtime_SemacquireWaitGroup') ? 'WaitGroup' : '';
    const kindOf = (caller: string, entry: string) => {
      const { kind, offset } = lockPlace(stackAt(binary, caller, entry), {
        typeAt: () => undefined,
        frames: (at) => binary.frames(at),
      });
      return [kind, offset];
    };
    expect(kindOf(`${mutex}.(*Mutex).lockSlow`, `${mutex}.runtime_SemacquireMutex`)).toEqual([
      'mutex',
      SEMAPHORES.mutex,
    ]);
    expect(kindOf(`${mutex}.(*Mutex).unlockSlow`, `${mutex}.runtime_Semrelease`)).toEqual(['mutex', SEMAPHORES.mutex]);
    // Inlined wherever it is called: no function of its own is left.
    expect(kindOf('net/http.(*ServeMux).', `sync.runtime_Semacquire${reads}`)).toEqual([
      'rwmutex_read',
      SEMAPHORES.reader,
    ]);
    expect(kindOf('sync.(*RWMutex).Lock', `sync.runtime_Semacquire${writes}`)).toEqual([
      'rwmutex_write',
      SEMAPHORES.writer,
    ]);
    expect(kindOf('sync.(*RWMutex).Unlock', 'sync.runtime_Semrelease')).toEqual(['rwmutex_write', SEMAPHORES.reader]);
    expect(kindOf('sync.(*RWMutex).rUnlockSlow', 'sync.runtime_Semrelease')).toEqual([
      'rwmutex_read',
      SEMAPHORES.writer,
    ]);
    expect(kindOf('sync.(*WaitGroup).Wait', `sync.runtime_Semacquire${group}`)).toEqual([
      'wait_group',
      SEMAPHORES.waitGroup,
    ]);
    expect(kindOf('sync.(*WaitGroup).Add', 'sync.runtime_Semrelease')).toEqual(['wait_group', SEMAPHORES.waitGroup]);
    expect(kindOf('sync.(*Cond).Wait', 'sync.runtime_notifyListWait')).toEqual(['cond', SEMAPHORES.cond]);
    binary.close();
  });
});

/**
 * The stack of a goroutine that has called `entry` in `caller`, or in the first that begins with this name and calls
 * it: real addresses of this binary.
 */
function stackAt(binary: GoBinary, caller: string, entry: string): number[] {
  const target = binary.find(entry)?.start;
  const exact = binary.find(caller);
  for (const fn of exact ? [exact] : binary.findByPrefix(caller)) {
    const { instructions } = amd64Disassembler().decode(binary.code(fn), fn.start);
    const at = instructions.findIndex((instruction) => instruction.flow === 'call' && instruction.target === target);
    const next = instructions[at + 1];
    if (target !== undefined && at !== -1 && next) return [target, next.address];
  }
  throw new Error(`${caller} does not call ${entry}`);
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLock, type LockKind, lockPlace, SEMAPHORES, shortPlace } from '../../../agent/correlate/waits/place.ts';
import { LockPlaces } from '../../../agent/correlate/waits/places.ts';
import { type CallPath, program } from './program.ts';

const placeOf = (...path: readonly CallPath[]) => {
  const { resolver, stack } = program();
  return lockPlace(stack(...path), resolver);
};

const { mutex, reader, writer, waitGroup, cond } = SEMAPHORES;
const USER = 'main.(*store).get';

type Row = readonly [string, readonly CallPath[], LockKind, number];

/** Stacks as Go 1.19 has them: one package, one way in. */
const OLD: readonly Row[] = [
  ['Mutex', ['sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', ['sync.(*Mutex).Lock', USER]], 'mutex', mutex],
  ['RWMutex, read', ['sync.runtime_SemacquireMutex', ['sync.(*RWMutex).RLock', USER]], 'rwmutex_read', reader],
  ['RWMutex, write', ['sync.runtime_SemacquireMutex', 'sync.(*RWMutex).Lock', USER], 'rwmutex_write', writer],
  [
    'RWMutex, behind another writer',
    ['sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', ['sync.(*Mutex).Lock', 'sync.(*RWMutex).Lock'], USER],
    'rwmutex_write',
    mutex,
  ],
  ['WaitGroup', ['sync.runtime_Semacquire', 'sync.(*WaitGroup).Wait', USER], 'wait_group', waitGroup],
];

/** Stacks as Go 1.27 has them. */
const NEW: readonly Row[] = [
  [
    'Mutex',
    [
      'internal/sync.runtime_SemacquireMutex',
      'internal/sync.(*Mutex).lockSlow',
      ['internal/sync.(*Mutex).Lock', 'sync.(*Mutex).Lock', USER],
    ],
    'mutex',
    mutex,
  ],
  ['RWMutex, read', ['sync.runtime_SemacquireRWMutexR', ['sync.(*RWMutex).RLock', USER]], 'rwmutex_read', reader],
  [
    'RLocker',
    ['sync.runtime_SemacquireRWMutexR', ['sync.(*RWMutex).RLock', 'sync.(*rlocker).Lock'], USER],
    'rwmutex_read',
    reader,
  ],
  ['RWMutex, write', ['sync.runtime_SemacquireRWMutex', 'sync.(*RWMutex).Lock', USER], 'rwmutex_write', writer],
  [
    'RWMutex, behind another writer',
    [
      'internal/sync.runtime_SemacquireMutex',
      'internal/sync.(*Mutex).lockSlow',
      ['internal/sync.(*Mutex).Lock', 'sync.(*Mutex).Lock', 'sync.(*RWMutex).Lock'],
      USER,
    ],
    'rwmutex_write',
    mutex,
  ],
  ['WaitGroup', ['sync.runtime_SemacquireWaitGroup', 'sync.(*WaitGroup).Wait', USER], 'wait_group', waitGroup],
  [
    'Once',
    [
      'internal/sync.runtime_SemacquireMutex',
      'internal/sync.(*Mutex).lockSlow',
      ['internal/sync.(*Mutex).Lock', 'sync.(*Mutex).Lock', 'sync.(*Once).doSlow'],
      ['sync.(*Once).Do', USER],
    ],
    'mutex',
    mutex,
  ],
  [
    'a sync.Map, whose type arguments hold slashes',
    [
      'internal/sync.runtime_SemacquireMutex',
      ['internal/sync.(*Mutex).lockSlow', 'internal/sync.(*Mutex).Lock'],
      'internal/sync.(*HashTrieMap[go.shape.interface {},example.com/x.T]).LoadOrStore',
      ['sync.(*Map).LoadOrStore', USER],
    ],
    'mutex',
    mutex,
  ],
];

describe.each([
  ['Go 1.19', OLD],
  ['Go 1.27', NEW],
])('a wait in %s', (_, rows) => {
  test.each(rows)('%s', (_name, path, kind, offset) => {
    const place = { function: USER, file: `/src/${USER}.go`, line: USER.length };
    expect(placeOf('runtime.semacquire1', ...path)).toEqual({ kind, offset, place });
  });

  test('a condition', () => {
    const { kind, offset, place } = placeOf('sync.runtime_notifyListWait', 'sync.(*Cond).Wait', USER);
    expect([kind, offset, place?.function]).toEqual(['cond', cond, USER]);
  });
});

describe('a release', () => {
  test.each<Row>([
    ['Mutex to 1.23', ['sync.(*Mutex).unlockSlow', ['sync.(*Mutex).Unlock', USER]], 'mutex', mutex],
    [
      'Mutex from 1.24 on',
      ['internal/sync.(*Mutex).unlockSlow', ['internal/sync.(*Mutex).Unlock', 'sync.(*Mutex).Unlock', USER]],
      'mutex',
      mutex,
    ],
    [
      'the last reader',
      ['sync.runtime_Semrelease', 'sync.(*RWMutex).rUnlockSlow', ['sync.(*RWMutex).RUnlock', USER]],
      'rwmutex_read',
      writer,
    ],
    ['a writer, to readers', ['sync.runtime_Semrelease', 'sync.(*RWMutex).Unlock', USER], 'rwmutex_write', reader],
    [
      'a writer, to writers',
      [
        'internal/sync.(*Mutex).unlockSlow',
        ['internal/sync.(*Mutex).Unlock', 'sync.(*Mutex).Unlock', 'sync.(*RWMutex).Unlock'],
        USER,
      ],
      'rwmutex_write',
      mutex,
    ],
    [
      'the last of a group',
      ['sync.runtime_Semrelease', 'sync.(*WaitGroup).Add', ['sync.(*WaitGroup).Done', USER]],
      'wait_group',
      waitGroup,
    ],
  ])('%s', (_, path, kind, offset) => {
    const found = placeOf(...path);
    expect([found.kind, found.offset, found.place?.function]).toEqual([kind, offset, USER]);
  });

  test('both sides of an RWMutex come to one address', () => {
    const rw = 0xc000_1000;
    const sites: readonly (readonly [number, readonly CallPath[]])[] = [
      [rw + reader, ['sync.runtime_SemacquireRWMutexR', 'sync.(*RWMutex).RLock', USER]],
      [rw + writer, ['sync.runtime_SemacquireRWMutex', 'sync.(*RWMutex).Lock', USER]],
      [rw + reader, ['sync.runtime_Semrelease', 'sync.(*RWMutex).Unlock', USER]],
      [rw + writer, ['sync.runtime_Semrelease', 'sync.(*RWMutex).rUnlockSlow', USER]],
      [rw + mutex, ['sync.(*Mutex).unlockSlow', 'sync.(*RWMutex).Unlock', USER]],
      [rw + mutex, ['sync.(*Mutex).lockSlow', 'sync.(*RWMutex).Lock', USER]],
    ];
    expect(sites.map(([semaphore, path]) => semaphore - placeOf(...path).offset)).toEqual(sites.map(() => rw));
  });
});

describe('stacks that are cut or strange', () => {
  test.each<readonly [string, readonly CallPath[], LockKind, string | undefined]>([
    ['none', [], 'other', undefined],
    ['the runtime alone', ['runtime.semacquire1', 'runtime.gcStart'], 'other', undefined],
    ['the runtime, on behalf of the program', ['runtime.semacquire', 'runtime.GC', USER], 'other', USER],
    [
      'no user frames',
      ['runtime.semacquire1', 'sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow'],
      'mutex',
      undefined,
    ],
    [
      'another package’s semaphore',
      ['runtime.semacquire1', 'internal/poll.runtime_Semacquire', 'internal/poll.(*fdMutex).rwlock'],
      'other',
      'internal/poll.runtime_Semacquire',
    ],
    [
      'a Mutex of the program’s own',
      ['runtime.semacquire1', 'main.(*Mutex).Lock', USER],
      'other',
      'main.(*Mutex).Lock',
    ],
    [
      'a module whose path begins like package sync',
      ['sync.(*Mutex).lockSlow', 'sync.io/x.(*RWMutex).Lock', USER],
      'mutex',
      'sync.io/x.(*RWMutex).Lock',
    ],
    [
      'one that begins like the runtime',
      ['runtime.semacquire1', 'runtime.dev/x.Run', USER],
      'other',
      'runtime.dev/x.Run',
    ],
    [
      'a package that ends like sync',
      ['runtime.semacquire1', 'golang.org/x/sync.(*Mutex).Lock'],
      'other',
      'golang.org/x/sync.(*Mutex).Lock',
    ],
  ])('%s', (_, path, kind, name) => {
    const found = placeOf(...path);
    expect([found.kind, found.place?.function]).toEqual([kind, name]);
  });

  test('addresses that are no Go code', () => {
    const { resolver } = program();
    expect(lockPlace([0, 1, 2 ** 60], resolver)).toEqual({ kind: 'other', offset: 0, place: undefined });
  });

  test('names cannot write to a terminal', () => {
    const { place } = placeOf('sync.(*Mutex).lockSlow', 'main.\u001b[2J\r\n\u202e');
    expect(place).toMatchObject({ function: 'main.\ufffd[2J\ufffd\ufffd\ufffd' });
    expect(`${place?.function}${place?.file}`).not.toMatch(/\p{C}/u);
  });

  test('any names: a place outside of package sync, or none', () => {
    const part = fc.constantFrom(
      'sync.',
      'internal/sync.',
      'runtime.',
      '(*RWMutex).',
      '(*Mutex).',
      'Lock',
      '[',
      '/',
      'x',
      '\u0007',
    );
    const name = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), (names) => {
        const { kind, offset, place } = placeOf(...names);
        expect(offset).toBeLessThanOrEqual(cond);
        if (kind === 'other') expect(offset).toBe(0);
        expect(place?.function ?? '').not.toMatch(/\p{Cc}/u);
        expect(place?.function ?? '').not.toMatch(/^(internal\/)?sync\.[^/[]*$/);
      }),
    );
  });

  test('a name that is long is looked at in time that does not explode', () => {
    const began = performance.now();
    for (const name of ['sync.'.repeat(20_000), `sync.${'[/'.repeat(50_000)}`, `runtime.${'('.repeat(100_000)}`]) {
      placeOf(name, `${name}/`, USER);
    }
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

test('who can be blamed', () => {
  const kinds: readonly LockKind[] = ['mutex', 'rwmutex_read', 'rwmutex_write', 'wait_group', 'cond', 'other'];
  expect(kinds.filter(isLock)).toEqual(['mutex', 'rwmutex_read', 'rwmutex_write']);
});

test('a short place', () => {
  expect(shortPlace({ function: 'f', file: '/a/b/store.go', line: 88 })).toBe('store.go:88');
  expect(shortPlace({ function: 'f', file: 'store.go', line: 1 })).toBe('store.go:1');
});

describe('the memory of places', () => {
  test('each stack is looked up once, for each process', () => {
    const { resolver, stack } = program();
    let asked = 0;
    const places = new LockPlaces((tgid) => {
      asked++;
      return tgid === 1 ? resolver : undefined;
    });
    const addresses = stack('sync.(*Mutex).lockSlow', USER);
    const [known, unknown] = [places.of(1, addresses), places.of(2, addresses)];
    expect([known.kind, unknown.kind]).toEqual(['mutex', 'other']);
    expect(places.of(1, [...addresses])).toBe(known);
    expect(asked).toBe(2);
    places.forget(1);
    expect(places.of(2, addresses)).toBe(unknown);
    places.of(1, addresses);
    expect(asked).toBe(3);
  });
});

import { expect, test } from 'vitest';
import { chooseProbe } from '../../agent/probe/choose.ts';
import type { CallInside, ProbeDefinition } from '../../agent/probe/definition.ts';
import { amd64Disassembler } from '../../agent/probe/disassembler-amd64.ts';
import { type Assembled, assemble } from './assembled.ts';

/** At 0x2000, from code in which `A` stands for a call of p.callee and `B` for one of p.other. */
function watched(code: string): Assembled {
  let at = 0x2000;
  const bytes = code.split(' ').map((part) => {
    const target = TARGETS[part];
    at += target === undefined ? part.length / 2 : 5;
    if (target === undefined) return part;
    const call = Buffer.from([0xe8, 0, 0, 0, 0]);
    call.writeInt32LE(target - at, 1);
    return call.toString('hex');
  });
  return { name: 'p.watched', start: 0x2000, code: bytes.join('') };
}

const TARGETS: Readonly<Record<string, number>> = { A: 0x3000, B: 0x4000 };
const CALLEE: Assembled = { name: 'p.callee', start: 0x3000, code: 'c3' };
const OTHER: Assembled = { name: 'p.other', start: 0x4000, code: 'c3' };

function choose(code: string, which: CallInside['which'], functions: readonly Assembled[] = [CALLEE, OTHER]) {
  const definition: ProbeDefinition = {
    role: 'sem_woken',
    variant: 0,
    per: 'rare',
    symbols: ['p.watched'],
    call: { callee: 'p.callee', which },
    needs: [],
    loses: 'something',
  };
  return chooseProbe(assemble([watched(code), ...functions]), amd64Disassembler(), definition);
}

const reason = (why: string) => ({ what: 'sem_woken', variant: 0, reason: `${why}: something` });

test('the only call of the callee, among calls of others', () => {
  expect(choose('55 B 90 A B 5d c3', 'only')).toEqual({
    probes: [
      {
        role: 'sem_woken',
        variant: 0,
        symbol: 'p.watched',
        host: 'p.watched',
        address: 0x2007,
        fileOffset: 0x1007,
        instruction: expect.stringMatching(/^call /),
        site: 'call',
        cost: 'emulated',
        per: 'rare',
      },
    ],
  });
});

test('each: a probe at every call', () => {
  expect(choose('55 A B A 5d c3', 'each').probes.map(({ address }) => address)).toEqual([0x2001, 0x200b]);
  expect(choose('55 B 5d c3', 'each')).toEqual({ probes: [], unavailable: reason('p.watched does not call p.callee') });
});

test('the first and the last of two', () => {
  expect(choose('55 A B A 5d c3', 'first').probes[0]?.address).toBe(0x2001);
  expect(choose('55 A B A 5d c3', 'last').probes[0]?.address).toBe(0x200b);
});

test.each([
  ['only', '55 A A c3', 2],
  ['only', '55 A A A c3', 3],
  ['first', '55 A c3', 1],
  ['first', '55 A A A c3', 3],
  ['last', '55 A c3', 1],
  ['last', '55 A A A c3', 3],
] as const)('%s, but the code is %s: another number of calls than is known', (which, code, count) => {
  const {
    probes: [probe],
    unavailable,
  } = choose(code, which);
  expect(probe).toBeUndefined();
  expect(unavailable).toEqual(reason(`p.watched calls p.callee ${count} times`));
});

test.each([
  ['no call', '55 90 c3'],
  ['calls of others alone', '55 B B c3'],
  ['a tail call, which is a jump', '55 5d e9f90f0000'],
  ['a call through a register', '55 ffd0 c3'],
])('%s', (_, code) => {
  for (const which of ['only', 'first', 'last'] as const) {
    expect(choose(code, which)).toEqual({ probes: [], unavailable: reason('p.watched does not call p.callee') });
  }
});

test('a callee that the binary does not name is not guessed from a call through a register', () => {
  expect(choose('55 ffd0 A c3', 'only', [OTHER])).toEqual({
    probes: [],
    unavailable: reason('p.watched does not call p.callee'),
  });
});

test('code that cannot be decoded is refused, even if the call stands before it', () => {
  expect(choose('55 A 06 c3', 'only')).toEqual({
    probes: [],
    unavailable: reason('p.watched could not be decoded at 0x2006'),
  });
});

test('a call that the kernel does not emulate is refused', () => {
  // With an operand-size prefix: what processors make of it differs.
  const prefixed = choose('55 66e8f90f0000 c3', 'only');
  expect(prefixed.probes[0]).toBeUndefined();
  expect(prefixed.unavailable).toBeDefined();
});

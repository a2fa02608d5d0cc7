import { expect, test } from 'vitest';
import { chooseProbe } from '../../agent/probe/choose.ts';
import type { ProbeDefinition } from '../../agent/probe/definition.ts';
import { amd64Disassembler } from '../../agent/probe/disassembler-amd64.ts';
import { type Assembled, assemble } from './assembled.ts';

const WATCHED: ProbeDefinition = {
  role: 'http1_finish',
  variant: 0,
  per: 'request',
  symbols: ['p.watched'],
  inlinedInto: { host: 'p.host', between: 'p.serve', before: 'p.flush' },
  needs: [],
  loses: 'something',
};

const choose = (functions: readonly Assembled[], definition = WATCHED) =>
  chooseProbe(assemble(functions), amd64Disassembler(), definition);

const MORESTACK: Assembled = { name: 'runtime.morestack_noctxt', start: 0x9000, code: 'c3' };
const watched = (code: string): Assembled => ({ name: 'p.watched', start: 0x2000, code });
const CHECK = '49 3b 66 10  76 05'; // cmp rsp, [r14+16]; jbe +5: to behind five bytes

test('push after the stack check', () => {
  const code = `${CHECK} 55 90 90 90 c3 e8 f0 6f 00 00 eb ee`; // push; nops; ret; call morestack; jmp entry
  expect(choose([watched(code), MORESTACK]).probes[0]).toMatchObject({
    site: 'push',
    address: 0x2006,
    fileOffset: 0x1006,
  });
});

test('the branch of the stack check where nothing is pushed', () => {
  const code = `${CHECK} 48 83 ec 18 c3 e8 f0 6f 00 00 eb ee`;
  expect(choose([watched(code), MORESTACK]).probes[0]).toMatchObject({
    site: 'stack-check',
    instruction: 'jbe 0x200b',
  });
});

test('the stack check of a huge frame', () => {
  // mov r12, rsp; sub r12, 0x20000; jb; cmp r12, [r14+16]; jbe; push rbp; ret
  const code = '49 89 e4  49 81 ec 00 00 02 00  72 08  4d 3b 66 10  76 02  55 c3';
  expect(choose([watched(code)]).probes[0]).toMatchObject({ site: 'push', address: 0x2012 });
});

test('a function without a stack check that begins with a push', () => {
  expect(choose([watched('55 48 89 e5 5d c3')]).probes[0]).toMatchObject({ site: 'push', address: 0x2000 });
});

test('the first instruction where nothing else is left, marked as stepped', () => {
  expect(choose([watched('48 89 d8 c3')]).probes[0]).toMatchObject({ site: 'entry', cost: 'stepped', address: 0x2000 });
});

test.each([
  ['to the push', `${CHECK} 55 eb fd c3 90 90`],
  ['between the entry and the push', `${CHECK} 55 eb fb c3 90 90`],
  ['to the entry without growing the stack', `${CHECK} 55 eb f7 c3 90 90`],
])('a function that jumps back %s is refused', (_, code) => {
  const {
    probes: [probe],
    unavailable,
  } = choose([watched(code), MORESTACK]);
  expect(probe).toBeUndefined();
  expect(unavailable).toEqual({ what: 'http1_finish', variant: 0, reason: expect.stringContaining('jumps back') });
});

test('a function that cannot be decoded is refused', () => {
  expect(choose([watched(`${CHECK} 06 55 c3`)]).unavailable?.reason).toContain('could not be decoded at 0x2006');
});

test('a function that is not there is named', () => {
  expect(choose([]).unavailable?.reason).toBe('p.watched is not in the binary: something');
});

const SERVE: Assembled = { name: 'p.serve', start: 0x3000, code: 'c3' };
const FLUSH: Assembled = { name: 'p.flush', start: 0x4000, code: 'c3' };

/** call serve; then the body, which begins 5 bytes behind the start; then a jump back to the call, or a return. */
function host(body: string, start = 5, end = 5 + body.replaceAll(' ', '').length / 2): Assembled[] {
  const inlined = [{ name: 'p.watched', start: 0x1000 + start, end: 0x1000 + end }];
  return [{ name: 'p.host', start: 0x1000, code: `e8 fb 1f 00 00 ${body} c3`, inlined }, SERVE, FLUSH];
}

test('inlined: a call on every path', () => {
  const {
    probes: [probe],
  } = choose(host('e8 f6 2f 00 00 eb f4'));
  expect(probe).toMatchObject({ site: 'inlined-call', symbol: 'p.watched', host: 'p.host', address: 0x1005 });
});

test('inlined: the branch before a call that is not on every path', () => {
  // test al, al; je +5; call flush; jmp to the call of serve
  const {
    probes: [probe],
  } = choose(host('84 c0  74 05  e8 f2 2f 00 00  eb f0'));
  expect(probe).toMatchObject({ site: 'inlined', instruction: 'je 0x100e', address: 0x1007 });
});

test('inlined: a body with a path around every cheap instruction is refused', () => {
  // The branch lies before the body (which starts at +9): the call can be passed by.
  const {
    probes: [probe],
    unavailable,
  } = choose(host('84 c0  74 05  e8 f2 2f 00 00  eb f0', 9, 14));
  expect(probe).toBeUndefined();
  expect(unavailable?.reason).toContain('no cheap instruction is on every path');
});

test('inlined: a loop inside the body would fire twice', () => {
  // call flush; test al, al; jne back to the call; the body is the loop alone
  const {
    probes: [probe],
  } = choose(host('e8 f6 2f 00 00  84 c0  75 f7  eb f0', 5, 14));
  expect(probe).toBeUndefined();
});

test('inlined: a jump to an unknown place is refused', () => {
  expect(choose(host('e8 f6 2f 00 00 ff e0')).unavailable?.reason).toContain('jumps to unknown places');
});

test('inlined: the copy counts even if the function itself is there', () => {
  const {
    probes: [probe],
  } = choose([...host('e8 f6 2f 00 00 eb f4'), watched('55 c3')]);
  expect(probe).toMatchObject({ host: 'p.host' });
});

test('callers that hold a copy are named', () => {
  const { inlinedInto: _, ...alone } = WATCHED;
  const {
    probes: [probe],
    unavailable,
  } = choose([...host('e8 f6 2f 00 00 eb f4'), watched('55 c3')], {
    ...alone,
    callers: ['p.host'],
  });
  expect(probe).toMatchObject({ host: 'p.watched' });
  expect(unavailable?.reason).toContain('p.watched is inlined into p.host too');
});

test('the deferred closure is the one that recovers', () => {
  const recover: Assembled = { name: 'runtime.gorecover', start: 0x8000, code: 'c3' };
  const { inlinedInto: _, ...alone } = WATCHED;
  const closures: Assembled[] = [
    { name: 'p.watched.func1', start: 0x2000, code: '55 c3' },
    { name: 'p.watched.func2', start: 0x2010, code: '55 e8 ea 5f 00 00 c3' },
    { name: 'p.watched.func2.1', start: 0x2020, code: '55 e8 da 5f 00 00 c3' },
  ];
  const definition: ProbeDefinition = { ...alone, symbols: ['p.watched.func'], deferred: true };
  expect(choose([...closures, recover], definition).probes[0]).toMatchObject({ symbol: 'p.watched.func2' });
});

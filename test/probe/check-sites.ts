import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { expect } from 'vitest';
import type { Plan, PlannedProbe } from '../../agent/probe/plan.ts';

/** The bytes of the file where a probe will be put are the instruction that the plan names. */
export function checkBytes(path: string, plan: Plan): void {
  const fd = openSync(path, 'r');
  try {
    for (const probe of plan.probes) {
      const bytes = Buffer.alloc(8);
      readSync(fd, bytes, 0, bytes.length, probe.fileOffset);
      const fits = plan.arch === 'amd64' ? fitsAmd64(probe, bytes) : fitsArm64(probe, bytes);
      expect(fits, `${probe.role} ${probe.instruction} ${bytes.toString('hex')}`).toBe(true);
    }
  } finally {
    closeSync(fd);
  }
}

function fitsAmd64({ instruction, site }: PlannedProbe, bytes: Buffer): boolean {
  if (site === 'push') return bytes[0] === 0x55 && instruction === 'push rbp';
  if (site === 'stack-check')
    return (bytes[0] === 0x76 || bytes.readUInt16BE() === 0x0f86) && /^jbe 0x/.test(instruction);
  if (instruction === 'nop') return bytes[0] === 0x90;
  if (instruction.startsWith('call ')) return bytes[0] === 0xe8;
  return /^j\w+ 0x/.test(instruction);
}

function fitsArm64({ instruction, site }: PlannedProbe, bytes: Buffer): boolean {
  if (site === 'call') return bytes.readUInt32LE() >>> 26 === 0b100101 && /^bl 0x/.test(instruction);
  const isLowerOrSame = (bytes.readUInt32LE() & 0xff00001f) >>> 0 === 0x54000009;
  return site === 'stack-check' && isLowerOrSame && /^b\.ls 0x/.test(instruction);
}

const MNEMONIC: Readonly<Record<string, RegExp>> = {
  push: /^PUSHQ BP/,
  jbe: /^JBE /,
  'b.ls': /^BLS /,
  nop: /^NOPL?\s*$/,
  call: /^CALL /,
  bl: /^CALL /,
};

/** Go's own disassembler (another decoder than ours) has the same instruction at the same address. Needs symbols. */
export function checkAgainstObjdump(go: string, path: string, plan: Plan): void {
  const hosts = plan.probes.map(({ host }) => host.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const listing = execFileSync(go, ['tool', 'objdump', '-s', `^(${hosts.join('|')})$`, path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const instructions = new Map<number, string>();
  for (const line of listing.split('\n')) {
    const [, address, , text] = line.trim().split(/\t+/);
    if (address !== undefined && text !== undefined) instructions.set(Number(address.trim()), text.trim());
  }
  for (const { role, address, instruction } of plan.probes) {
    const mnemonic = instruction.split(' ')[0] ?? '';
    expect(instructions.get(address), `${role} at 0x${address.toString(16)}`).toMatch(MNEMONIC[mnemonic] ?? /^J/);
  }
}

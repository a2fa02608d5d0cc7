import { createHash } from 'node:crypto';

/** Given by the semantic conventions for `service.instance.id`. */
const NAMESPACE = Buffer.from('4d63009a8d0f11eeaad74c796ed8e320', 'hex');

/**
 * Tells processes of one service apart: without it, metric stores take the figures of two replicas on a host for
 * one series. The same for a process whenever the agent looks at it: a UUID of version 5 (RFC 9562).
 */
export function instanceId(hostName: string, pid: number, startTicks: number): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${hostName}/${pid}/${startTicks}`).digest();
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

import { readdirSync } from 'node:fs';
import { tryReadLink, tryReadProc } from './procfs.ts';

/** A listening TCP socket as /proc/net/tcp and tcp6 show it. */
export interface ListeningSocket {
  readonly port: number;
  readonly inode: number;
}

/** The kernel lists listening sockets before all others, so this is enough for some thousands of them. */
const TABLE_BYTES = 4 << 20;
const MAX_DESCRIPTORS = 65_536;
const LISTEN = '0A';

/**
 * Rows of /proc/net/tcp that are in the state LISTEN
 * (columns: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode).
 */
export function parseTcpTable(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/, 10);
    if (columns[3] !== LISTEN) continue;
    const port = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16);
    const inode = Number(columns[9]);
    if (port > 0 && inode > 0) sockets.push({ port, inode });
  }
  return sockets;
}

/** All listening TCP sockets of the network namespace that the process is in. */
export function listeningSockets(pid: number): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => parseTcpTable(tryReadProc(`/proc/${pid}/net/${table}`, TABLE_BYTES) ?? ''));
}

/** Inodes of the sockets that the process has open; empty where it may not be inspected. */
export function openSockets(pid: number): ReadonlySet<number> {
  const inodes = new Set<number>();
  for (const name of descriptors(pid)) {
    const inode = /^socket:\[(\d+)\]$/.exec(tryReadLink(`/proc/${pid}/fd/${name}`) ?? '')?.[1];
    if (inode !== undefined) inodes.add(Number(inode));
  }
  return inodes;
}

/**
 * TCP ports on which a process listens, ascending. Tables are read once for each network namespace, so make
 * one for a whole pass over the processes and then drop it.
 */
export class PortTable {
  readonly #byNamespace = new Map<string, readonly ListeningSocket[]>();

  ports(pid: number): number[] {
    const listening = this.#listening(pid);
    if (listening.length === 0) return [];
    const open = openSockets(pid);
    const ports = listening.filter((socket) => open.has(socket.inode)).map((socket) => socket.port);
    return [...new Set(ports)].sort((a, b) => a - b);
  }

  /** Whether somebody in the network namespace of the process listens on the port: cheap, asks no descriptors. */
  mayListen(pid: number, port: number): boolean {
    return this.#listening(pid).some((socket) => socket.port === port);
  }

  #listening(pid: number): readonly ListeningSocket[] {
    const namespace = tryReadLink(`/proc/${pid}/ns/net`);
    if (namespace === undefined) return [];
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const sockets = listeningSockets(pid);
    this.#byNamespace.set(namespace, sockets);
    return sockets;
  }
}

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).slice(0, MAX_DESCRIPTORS);
  } catch {
    return [];
  }
}

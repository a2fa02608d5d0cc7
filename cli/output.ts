import type { Writable } from 'node:stream';

/** Writes a line. */
export function writeLine(stream: Writable, text: string): void {
  stream.write(`${text}\n`);
}

/** Writes one NDJSON object. */
export function writeJson(stream: Writable, type: string, data: unknown): void {
  stream.write(`${JSON.stringify({ type, data })}\n`);
}

/** Resolves when everything that was written has left the process, or can no longer. */
export function flush(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.write('', () => resolve());
  });
}

/** A reader that went away (`| head`) is no failure: the command ends quietly. */
export function endQuietlyOnClosedPipe(stream: Writable, end: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') end();
    else throw error;
  });
}

/**
 * The stream of records is not what bpf/record.h describes: the loader and the agent are of different builds, or
 * the stream was damaged. Nothing after it can be trusted; restart the loader.
 */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

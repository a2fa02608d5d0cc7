import type { Role } from '../../probe/plan.ts';
import { RequestFlag, Tag, WaitWord } from '../../record/layout.ts';
import { histogramIndex } from './histogram.ts';
import type { Emit } from './in-order.ts';
import { isHex, isLine, isNumber } from './numbers.ts';
import { type FieldValue, type RecordWriter, writeU64 } from './record-writer.ts';
import { WaitLines } from './wait-lines.ts';

export interface AssemblerOptions {
  readonly tgid: number;
  readonly weight: number;
  /** Added to the script's times: its clock may be another one than ours. */
  readonly clockOffset: bigint;
  readonly writer: RecordWriter;
  readonly emit: Emit;
}

/** What was read of one request so far. */
interface Pending {
  readonly key: string;
  readonly request: string;
  /** Numbers of its first line. */
  begin: readonly string[] | undefined;
  /** Strings by tag: the first piece, and those that came behind it by their offset. */
  readonly texts: Map<number, Text>;
  /** All of its strings have come. */
  whole: boolean;
  /** Numbers of the line that tells of it ahead of its end, until its strings have come. */
  preview: { readonly numbers: readonly string[]; readonly pattern: string } | undefined;
  /** Numbers of its last line, where that came before the first: lines of two CPUs can change places. */
  end: { readonly numbers: readonly string[]; readonly pattern: string } | undefined;
}

interface Text {
  length: number;
  /** By offset. */
  readonly pieces: Map<number, string>;
}

interface PendingPanic {
  readonly numbers: readonly string[];
  stack: string[];
  data: string[];
  text: string;
  textLength: number;
}

/** Requests that are waited for; older ones are given up and counted. */
const MAX_PENDING = 16_384;
const MAX_ENDED = 1024;
const MAX_PANICS = 256;

/** Bytes of a string that are kept, as bpf/request.h and bpf/headers.h cut them. */
const MAX_BYTES: ReadonlyMap<number, number> = new Map([
  [Tag.method, 15],
  [Tag.uri, 511],
  [Tag.host, 127],
  [Tag.peer, 63],
  [Tag.pattern, 126],
  [Tag.panicText, 511],
]);
const MAX_HEADER_BYTES = 255;

/**
 * Makes records of the lines that a script prints (agent/backend/bpftrace/script/): the same as the kernel side of
 * libbpf sends. Lines of one request are joined by the address of its http.Request and its start.
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  readonly #waits: WaitLines;
  /** By address and start. */
  readonly #pending = new Map<string, Pending>();
  /** By address: lines of strings follow the first line of their request, on the same CPU. */
  readonly #newest = new Map<string, Pending>();
  /** Keys of requests that ended lately. */
  readonly #ended = new Set<string>();
  readonly #panics = new Map<string, PendingPanic>();
  /** Lines that were not understood. */
  malformed = 0;
  /** Requests whose lines did not all come. */
  incomplete = 0;
  /** Strings that could not be read in full. */
  unread = 0;
  requests = 0;
  /** Hits that led to a request's record; those of probes that no request has are not known. */
  readonly hits = new Map<Role, number>();
  /** Durations of the requests that came, as rec_stats.hist counts them. */
  readonly histogram: number[] = [];

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#waits = new WaitLines(options, (role) => this.#hit(role, 1));
  }

  /** Waits of goroutines that ended, and how long they were together, ns. */
  get waits(): { readonly count: number; readonly ns: number } {
    return this.#waits;
  }

  /** bpftrace says that lines were lost: who gave back which lock before is in doubt. */
  lost(): void {
    this.#waits.lost();
  }

  /** @param text what one printf wrote: a line of numbers, then lines of text */
  take(text: string): void {
    const lines = text.split('\n');
    const [kind, ...numbers] = (lines[0] ?? '').split(' ');
    const values = lines.slice(1, -1);
    if (!this.#taken(kind ?? '', numbers, values)) this.malformed++;
  }

  #taken(kind: string, numbers: readonly string[], values: readonly string[]): boolean {
    switch (kind) {
      case '>':
        return isLine(numbers, values, BEGIN_NUMBERS, 3) && this.#begin(numbers, values);
      case '<':
        return isLine(numbers, values, END_NUMBERS, 2) && this.#end(numbers, values.join(''));
      case 'h':
        return this.#firstHeaders(numbers, values);
      case 'e':
        return this.#stringsDone(numbers[0] ?? '');
      case '@':
        return this.#more(numbers, values);
      case 'v':
        return isLine(numbers, values, PREVIEW_NUMBERS, 2) && this.#preview(numbers, values.join(''));
      case 's':
      case 'w':
      case 'r':
        return this.#waits.take(kind, numbers, values);
      case 'x':
        return this.#dropped(numbers);
      case 'p':
      case 'd':
      case 'f':
      case 't':
      case 'q':
        return this.#panic(kind, numbers, values);
      default:
        return false;
    }
  }

  /** Requests that still run, as the end of the session finds them. `now` in the script's own clock. */
  unfinished(now: bigint): void {
    for (const pending of this.#pending.values()) {
      const { begin, end, request } = pending;
      if (begin === undefined || end !== undefined) this.#giveUp(pending);
      else
        this.#write(
          begin,
          pending,
          [request, begin[B.start] ?? '0', begin[B.start] ?? '0', ...UNSEEN_END],
          RequestFlag.unfinished,
          `${now}`,
        );
    }
    this.#pending.clear();
  }

  /** Left out by a filter of the script. */
  #dropped([request = '', start = '']: readonly string[]): boolean {
    const pending = this.#pending.get(`${request} ${start}`);
    if (pending !== undefined) this.#forget(pending);
    return isNumber(request) && isNumber(start);
  }

  #begin(numbers: readonly string[], [method = '', uri = '', host = '']: readonly string[]): boolean {
    const pending = this.#of(numbers[B.request] ?? '', numbers[B.start] ?? '');
    pending.begin = numbers;
    this.#newest.set(pending.request, pending);
    addPiece(pending, Tag.method, method.length, 0, method);
    addPiece(pending, Tag.uri, Number(numbers[B.uriLength]), 0, uri);
    addPiece(pending, Tag.host, Number(numbers[B.hostLength]), 0, host);
    return true;
  }

  #firstHeaders(
    [request = '', more = '', peerLength = '0', ...lengths]: readonly string[],
    values: readonly string[],
  ): boolean {
    if (lengths.length !== 2 * (values.length - 1) || !isNumber(request)) return false;
    const pending = this.#newest.get(request);
    if (pending === undefined) return true;
    addPiece(pending, Tag.peer, Number(peerLength), 0, values[0] ?? '');
    // Pairs of a header's number and its length; -1: the request does not have it.
    for (let at = 0; at < lengths.length; at += 2) {
      const length = Number(lengths[at + 1]);
      if (length >= 0) addPiece(pending, Tag.header + Number(lengths[at]), length, 0, values[at / 2 + 1] ?? '');
    }
    return more !== '0' || this.#stringsDone(request);
  }

  #stringsDone(request: string): boolean {
    const pending = this.#newest.get(request);
    if (pending === undefined) return isNumber(request);
    pending.whole = true;
    this.#previewIfWhole(pending);
    this.#finishIfWhole(pending);
    return true;
  }

  /** The bytes of a string from an offset on. */
  #more([request = '', tag = '', length = '', offset = '']: readonly string[], values: readonly string[]): boolean {
    if (![request, tag, length, offset].every(isNumber)) return false;
    const pending = this.#newest.get(request);
    if (pending !== undefined) addPiece(pending, Number(tag), Number(length), Number(offset), values.join(''));
    return true;
  }

  /** Others wait for what it holds. */
  #preview(numbers: readonly string[], pattern: string): boolean {
    // From another processor it can come behind the request's own end.
    if (this.#ended.has(`${numbers[0]} ${numbers[1]}`)) return true;
    const pending = this.#of(numbers[0] ?? '', numbers[1] ?? '');
    pending.preview = { numbers, pattern };
    this.#previewIfWhole(pending);
    return true;
  }

  #previewIfWhole(pending: Pending): void {
    const { begin, preview } = pending;
    if (begin === undefined || preview === undefined || !pending.whole) return;
    pending.preview = undefined;
    const [request = '0', begun = '0', start = '0', length = '0'] = preview.numbers;
    if (Number(length) > 0) addPiece(pending, Tag.pattern, Number(length), 0, preview.pattern);
    this.#write(begin, pending, [request, begun, start, ...UNSEEN_END], RequestFlag.preview, '0');
  }

  #end(numbers: readonly string[], pattern: string): boolean {
    // A stream that is closed while its handler returns is ended by both: the second one tells the same, or zeros.
    if (numbers[E.request] === '0' || numbers[E.begun] === '0') return true;
    if (this.#ended.has(`${numbers[E.request]} ${numbers[E.begun]}`)) return true;
    const pending = this.#of(numbers[E.request] ?? '', numbers[E.begun] ?? '');
    pending.end = { numbers, pattern };
    this.#finishIfWhole(pending);
    return true;
  }

  /** Its last line may come before the others: they are waited for. */
  #finishIfWhole(pending: Pending): void {
    const { begin, end } = pending;
    if (begin === undefined || end === undefined || !pending.whole) return;
    this.#forget(pending);
    this.#remember(pending.key);
    this.#finish(pending, begin, end.numbers, end.pattern);
  }

  #finish(pending: Pending, begin: readonly string[], end: readonly string[], pattern: string): void {
    const length = Number(end[E.patternLength]);
    if (length > 0) addPiece(pending, Tag.pattern, length, 0, pattern);
    this.#write(begin, pending, end);
  }

  /** @param runs it has not ended: a preview, or the session ends; then `now` is where its time ends */
  #write(begin: readonly string[], pending: Pending, end: readonly string[], runs = 0, now?: string): void {
    const { tgid, weight, writer, clockOffset } = this.#options;
    const at = (text: string | undefined): string => {
      if (text === undefined || text === '0') return '0';
      return clockOffset === 0n ? text : `${BigInt(text) + clockOffset}`;
    };
    const lastWrite = end[E.lastWrite] ?? '0';
    const handlerEnd = end[E.handlerEnd] ?? '0';
    const last = Number(lastWrite) > Number(handlerEnd) ? lastWrite : handlerEnd;
    const flags = runs === 0 ? Number(end[E.flags]) : Number(begin[B.flags]) | runs;
    const body = begin[B.contentLength] ?? '-1';
    if (runs === 0) this.#count(begin, end, Number(last));
    const record = writer.request(
      {
        tgid,
        fd: begin[B.fd] ?? '-1',
        goid: begin[B.goid] ?? '0',
        established: at(begin[B.established]),
        accepted: at(begin[B.accepted]),
        tlsStart: at(begin[B.tlsStart]),
        tlsEnd: at(begin[B.tlsEnd]),
        firstRead: at(begin[B.firstRead]),
        handlerStart: at(end[E.start]),
        writeHeader: at(end[E.writeHeader]),
        firstWrite: at(end[E.firstWrite]),
        lastWrite: at(lastWrite),
        handlerEnd: at(handlerEnd),
        end: at(now ?? last),
        requestBody: Number(body) < 0 ? (end[E.requestBody] ?? '-1') : body,
        responseBody: end[E.body] ?? '-1',
        wireIn: end[E.wireIn] ?? '0',
        wireOut: end[E.wireOut] ?? '0',
        status: end[E.status] ?? '0',
        wireStatus: end[E.wireStatus] ?? '0',
        informational: end[E.informational] ?? '0',
        superfluous: end[E.superfluous] ?? '0',
        flags,
        protoMajor: begin[B.major] ?? '0',
        protoMinor: begin[B.minor] ?? '0',
        streamId: begin[B.stream] ?? '0',
        weight,
      },
      [
        ...[...pending.texts].flatMap(([tag, text]) => this.#field(tag, wholeText(text), text.length)),
        ...waitFields(at(end[E.stoppedSince]), end[E.assisted] ?? '0'),
      ],
    );
    const goroutine = `${begin[B.goid]} ${end[E.start]}`;
    this.#options.emit(record.bytes, record.end, {
      time: Number(now ?? end[E.printed]),
      ...(runs === 0 && { waits: Number(end[E.waits]), goroutine }),
    });
  }

  #count(begin: readonly string[], end: readonly string[], last: number): void {
    this.requests++;
    const http2 = begin[B.stream] !== '0';
    const headers = Number(end[E.writeHeader] !== '0') + Number(end[E.informational]) + Number(end[E.superfluous]);
    this.#hit(http2 ? 'http2_handler' : 'http1_serve', 1);
    this.#hit(http2 ? 'http2_write_header' : 'http1_write_header', headers);
    this.#hit(http2 ? 'http2_handler_done' : 'http1_finish', 1);
    const silent = Number(end[E.flags]) & RequestFlag.finishNoHeader;
    const status = Number(end[E.status]) || (silent ? 200 : Number(end[E.wireStatus]));
    const index = histogramIndex(status, last - (Number(begin[B.firstRead]) || Number(end[E.start])));
    this.histogram[index] = (this.histogram[index] ?? 0) + 1;
  }

  #hit(role: Role, count: number): void {
    if (count > 0) this.hits.set(role, (this.hits.get(role) ?? 0) + count);
  }

  #panic(kind: string, numbers: readonly string[], values: readonly string[]): boolean {
    const goid = numbers[0] ?? '';
    if (!isNumber(goid)) return false;
    if (kind === 'p') {
      if (numbers.length !== 4 || !numbers.every(isNumber)) return false;
      if (this.#panics.size >= MAX_PANICS) this.#panics.clear();
      this.#panics.set(goid, { numbers, stack: [], data: [], text: '', textLength: 0 });
      return true;
    }
    const panic = this.#panics.get(goid);
    if (panic === undefined) return true;
    if (kind === 'f' && panic.stack.length < 64) panic.stack.push(...numbers.slice(1, 2).filter(isHex));
    if (kind === 'd') panic.data = numbers.slice(1).filter(isHex);
    if (kind === 't' && panic.text.length === Number(numbers[2])) {
      panic.text += values.join('');
      panic.textLength = Number(numbers[1]);
    }
    if (kind === 'q') {
      this.#panics.delete(goid);
      this.#writePanic(panic);
    }
    return true;
  }

  #writePanic({ numbers, stack, data, text, textLength }: PendingPanic): void {
    const { tgid, writer, clockOffset } = this.#options;
    const [goid = '0', start = '0', time = '0', type = '0'] = numbers;
    const at = (value: string) => (value === '0' ? value : `${BigInt(value) + clockOffset}`);
    const bytes = text.slice(0, Math.min(textLength, MAX_BYTES.get(Tag.panicText) ?? 0));
    const fields = bytes === '' ? [] : [{ tag: Tag.panicText, bytes, fullLength: textLength }];
    const record = writer.panic({ tgid, goid, handlerStart: at(start), time: at(time), type }, fields, stack, data);
    this.#options.emit(record.bytes, record.end, { time: Number(time) });
  }

  /** None: it could not be read, which is not the same as empty. */
  #field(tag: number, bytes: string, fullLength: number): FieldValue[] {
    const max = MAX_BYTES.get(tag) ?? MAX_HEADER_BYTES;
    const kept = bytes.length > Math.min(max, fullLength) ? bytes.slice(0, Math.min(max, fullLength)) : bytes;
    if (kept.length > 0 || fullLength === 0) return [{ tag, bytes: kept, fullLength }];
    this.unread++;
    return [];
  }

  /** The request at an address that began at a time: addresses come back. */
  #of(request: string, start: string): Pending {
    const key = `${request} ${start}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const pending: Pending = {
      key,
      request,
      begin: undefined,
      texts: new Map(),
      whole: false,
      preview: undefined,
      end: undefined,
    };
    this.#pending.set(key, pending);
    if (this.#pending.size > MAX_PENDING) {
      const [oldest] = this.#pending.values();
      if (oldest !== undefined) this.#giveUp(oldest);
    }
    return pending;
  }

  /** One of its lines was lost. */
  #giveUp(pending: Pending): void {
    this.#forget(pending);
    this.incomplete++;
    const { begin, end } = pending;
    if (begin !== undefined && end !== undefined) this.#finish(pending, begin, end.numbers, end.pattern);
  }

  #remember(key: string): void {
    this.#ended.add(key);
    if (this.#ended.size <= MAX_ENDED) return;
    for (const oldest of this.#ended) return void this.#ended.delete(oldest);
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.key);
    if (this.#newest.get(pending.request) === pending) this.#newest.delete(pending.request);
  }
}

/** Where each number stands in a line that begins a request (script/request.ts, beginRequest). */
const B = {
  request: 0,
  start: 1,
  goid: 2,
  fd: 3,
  flags: 4,
  major: 5,
  minor: 6,
  contentLength: 7,
  firstRead: 8,
  established: 9,
  accepted: 10,
  tlsStart: 11,
  tlsEnd: 12,
  stream: 13,
  uriLength: 14,
  hostLength: 15,
} as const;
const BEGIN_NUMBERS = 16;

/** And in one that ends it (endRequest). */
const E = {
  request: 0,
  begun: 1,
  start: 2,
  handlerEnd: 3,
  writeHeader: 4,
  firstWrite: 5,
  lastWrite: 6,
  status: 7,
  wireStatus: 8,
  informational: 9,
  superfluous: 10,
  body: 11,
  requestBody: 12,
  wireIn: 13,
  wireOut: 14,
  flags: 15,
  patternLength: 16,
  stoppedSince: 17,
  assisted: 18,
  waits: 19,
  printed: 20,
} as const;
const END_NUMBERS = 21;
/** Request, its start as a key, its start, length of its pattern (script/locks.ts, released). */
const PREVIEW_NUMBERS = 4;
/** Behind request and starts. */
const UNSEEN_END = ['0', '0', '0', '0', '0', '0', '0', '0', '-1', '-1', '0', '0', '0', '0', '0', '0', '0', '0'];

function addPiece({ texts }: Pending, tag: number, length: number, offset: number, piece: string): void {
  const known = texts.get(tag);
  if (known !== undefined) known.pieces.set(offset, piece);
  else texts.set(tag, { length, pieces: new Map([[offset, piece]]) });
}

/** The pieces that follow one another without a gap. */
function wholeText({ pieces }: Text): string {
  let text = pieces.get(0) ?? '';
  for (
    let next = pieces.get(text.length);
    next !== undefined && next !== '' && text !== '';
    next = pieces.get(text.length)
  ) {
    text += next;
  }
  return text;
}

/** What the kernel side of libbpf adds to a request that the collector held up. Nothing of it is zero. */
function waitFields(stoppedSince: string, assisted: string): FieldValue[] {
  const fields: FieldValue[] = [];
  if (assisted !== '0') fields.push(wordsField(Tag.waits, WaitWord.max, WaitWord.gcAssist, assisted));
  if (stoppedSince !== '0') fields.push(wordsField(Tag.pauseOpen, 1, 0, stoppedSince));
  return fields;
}

function wordsField(tag: number, count: number, index: number, value: string): FieldValue {
  const bytes = Buffer.alloc(count * 8);
  writeU64(bytes, index * 8, value);
  return { tag, bytes: bytes.toString('latin1'), fullLength: bytes.length };
}

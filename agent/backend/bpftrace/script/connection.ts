import type { Concern, ScriptContext } from './context.ts';
import { flushed } from './http2.ts';
import { CONNECTION_MAPS } from './maps.ts';
import { CONN, endRequest } from './request.ts';
import { indent, join, now } from './text.ts';

/** A connection that nothing is known of but its descriptor. */
export function newConnection(fd: string): string {
  return CONNECTION_MAPS.map(({ name }) => `@${name}[${fd}] = (uint64)0;`).join('\n');
}

export function forgetConnection(fd: string): string {
  return CONNECTION_MAPS.map(({ name }) => `delete(@${name}[${fd}]);`).join('\n');
}

/** The connection's part of a finished HTTP/1 request: takes $id and $fd. */
export function takeTransfer(): string {
  return `$first_write = (uint64)0;
$last_write = (uint64)0;
$wire_status = (uint64)0;
$wire_in = (uint64)0;
$wire_out = (uint64)0;
if ($fd >= 0 && @serving[$fd] == $id) {
  $first_write = @first_write[$fd];
  if ($first_write > 0) { $last_write = @last_write[$fd]; }
  $wire_status = @wire_status[$fd];
  if ((@conn[$fd] & ${CONN.tls}) == 0) { // under TLS they are not the message's
    if ((@conn[$fd] & ${CONN.pipelined}) == 0) { $wire_in = @bytes_in[$fd]; }
    $wire_out = @bytes_out[$fd];
  }
  // What net/http read ahead while the handler ran is the next request's.
  @bytes_in[$fd] = (uint64)(@read_ahead[$fd] > 0 ? 1 : 0);
  @bytes_out[$fd] = (uint64)0;
  @first_read[$fd] = @read_ahead[$fd];
  @read_ahead[$fd] = (uint64)0;
  @serving[$fd] = (uint64)0;
  @waiting[$fd] = (uint64)0;
  if ((@conn[$fd] & ${CONN.closed}) != 0) {
${indent(forgetConnection('$fd'), 4)}
  }
}`;
}

/** What system calls tell of a connection: when it was accepted, when bytes came and went, when the last one was out. */
export const connection: Concern = (context) =>
  [established(context), accepted(context), read(context), written(context), over(context)].join('\n\n');

function established(context: ScriptContext): string {
  return `// A connection is ready in the kernel: from here it waits for accept(). Those of all processes pass here.
tracepoint:sock:inet_sock_set_state
/args->protocol == 6/
{
  if (args->oldstate == 3 && args->newstate == 1) { // TCP_SYN_RECV to TCP_ESTABLISHED
    @established[(uint64)args->skaddr] = ${now(context)};
  } else if (args->newstate == 7 && @established[(uint64)args->skaddr] > 0) { // TCP_CLOSE: nobody accepted it
    delete(@established[(uint64)args->skaddr]);
  }
}`;
}

/** Takes $fd; sets $file, a struct file of the kernel. */
const FILE_OF_FD = `$fdt = ((struct task_struct *)curtask)->files->fdt;
$file = (struct file *)*(uint64 *)kptr($fdt->fd + $fd);`;

function accepted(context: ScriptContext): string {
  return `// accept() returns the descriptor of a new connection.
tracepoint:syscalls:sys_exit_accept4
/pid == ${context.pid} && args->ret >= 0/
{
  $fd = (int64)args->ret;
${indent(newConnection('$fd'), 2)}
  @conn[$fd] = (uint64)${CONN.socket};
  @accepted_at[$fd] = ${now(context)};
${indent(FILE_OF_FD, 2)}
  $sock = (uint64)((struct socket *)$file->private_data)->sk;
  if (@established[$sock] > 0) {
    @established_at[$fd] = @established[$sock];
    delete(@established[$sock]);
  }
}`;
}

function read(context: ScriptContext): string {
  return `// The descriptor of a system call, from its entry to its return: a thread is in one at a time.
tracepoint:syscalls:sys_enter_read
/pid == ${context.pid}/
{
  @calling[tid] = (uint64)args->fd;
  @asked[tid] = (uint64)args->count;
}

tracepoint:syscalls:sys_exit_read
/pid == ${context.pid} && args->ret > 0/
{
  $fd = (int64)@calling[tid];
  $conn = @conn[$fd];
  if ($conn == 0) { // older than this script: is it a socket?
${indent(newConnection('$fd'), 4)}
${indent(FILE_OF_FD, 4)}
    $conn = (uint64)(($file->f_inode->i_mode & 0xf000) == 0xc000 ? ${CONN.socket} : ${CONN.other});
    @conn[$fd] = $conn;
  }
  if (($conn & ${CONN.other}) == 0) {
    $now = ${now(context)};
    @last_read[$fd] = $now;
    @bytes_in[$fd] += (uint64)args->ret;
    if (@serving[$fd] == 0) {
      if (@first_read[$fd] == 0) { @first_read[$fd] = $now; }
    } else if (@asked[tid] == 1) { // net/http reads one byte ahead while a handler runs
      @read_ahead[$fd] = $now;
    }
  }
}`;
}

/** Calls that hand bytes to the kernel, with the name of their argument that is the connection. */
const WRITES = [
  ['write', 'fd'],
  ['writev', 'fd'],
  ['sendfile64', 'out_fd'],
  ['splice', 'fd_out'],
] as const;

function written(context: ScriptContext): string {
  const others = WRITES.slice(1).map(
    ([call, fd]) => `tracepoint:syscalls:sys_enter_${call}
/pid == ${context.pid}/
{
  @calling[tid] = (uint64)args->${fd};
  if (@serving[(int64)args->${fd}] > 0 && @first_write[(int64)args->${fd}] == 0) {
    @first_write[(int64)args->${fd}] = ${now(context)};
  }
}`,
  );
  return `tracepoint:syscalls:sys_enter_write
/pid == ${context.pid}/
{
  $fd = (int64)args->fd;
  @calling[tid] = (uint64)$fd;
  if (@serving[$fd] > 0 && @first_write[$fd] == 0) {
    $status = (uint64)0;
    if ((@conn[$fd] & ${CONN.tls}) == 0) { // "HTTP/1.x NNN"
      $line = *(uint64 *)uptr(args->buf);
      $digits = (uint64)*(uint32 *)uptr(args->buf + 8);
      if (($line & 0xffffffffffff) == 0x312f50545448 && ($digits & 0xff) == 0x20) {
        $status = (($digits >> 8) & 0xf) * 100 + (($digits >> 16) & 0xf) * 10 + (($digits >> 24) & 0xf);
      }
    }
    if ($status < 100 || $status >= 200 || $status == 101) { // an interim one is not the response
      @wire_status[$fd] = $status;
      @first_write[$fd] = ${now(context)};
    }
  }
}

${others.join('\n\n')}

${WRITES.map(([call]) => `tracepoint:syscalls:sys_exit_${call}`).join(',\n')}
/pid == ${context.pid}/
{
  $fd = (int64)@calling[tid];
  if (@conn[$fd] > 0) {
${indent(
  join([
    `if (args->ret > 0) {
  @last_write[$fd] = ${now(context)};
  @bytes_out[$fd] += (uint64)args->ret;
}`,
    flushed(context),
  ]),
  4,
)}
  }
}`;
}

/** The next read of the connection's goroutine, a shutdown or a close proves that the response is out. */
function over(context: ScriptContext): string {
  const end = `${takeTransfer()}\n${endRequest(context)}`;
  return `// conn.serve reads again when the response is out. The goroutine that reads one byte ahead is another one.
tracepoint:syscalls:sys_enter_read
/pid == ${context.pid} && @waiting[(int64)args->fd] > 0 && @first_write[(int64)args->fd] > 0/
{
  $fd = (int64)args->fd;
  $id = @serving[$fd];
  $over = args->count != 1;
  if ((@conn[$fd] & ${CONN.tls}) != 0) {
    $over = *(uint64 *)uptr(((struct task_struct *)curtask)->thread.fsbase - ${-(context.offset('tls_g') ?? -8)}) == $id;
  }
  if ($over) {
${indent(end, 4)}
  }
}

tracepoint:syscalls:sys_enter_shutdown
/pid == ${context.pid} && @waiting[(int64)args->fd] > 0/
{
  $fd = (int64)args->fd;
  $id = @serving[$fd];
${indent(end, 2)}
}

tracepoint:syscalls:sys_enter_close
/pid == ${context.pid} && @conn[(int64)args->fd] > 0/
{
  $fd = (int64)args->fd;
  @conn[$fd] = @conn[$fd] | ${CONN.closed};
${indent(join([flushed(context), '$id = @serving[$fd];']), 2)}
  if (@waiting[$fd] > 0) {
${indent(end, 4)}
  } else if ($id == 0) {
${indent(forgetConnection('$fd'), 4)}
  }
}`;
}

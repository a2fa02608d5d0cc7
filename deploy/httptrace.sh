#!/bin/sh
# The command: the pinned Node.js beside it runs the bundle beside it.
self=$(readlink -f "$0")
here=${self%/*}
# A small young generation: spans die at once, and the agent is a guest on the machine.
# One arena of the C library's allocator: one for each thread holds 10 MB more that nobody uses.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
exec "$here/node" --max-semi-space-size=4 "$here/httptrace.mjs" "$@"

#!/bin/sh
# The command: the pinned Node.js beside it runs the bundle beside it.
self=$(readlink -f "$0")
here=${self%/*}
# The agent is a guest on the machine. A small young generation: spans die at once. A limit for the old one: V8 lets a
# heap grow the further between collections the more it may have (Heap::MaxHeapGrowingFactor), and that took 30 MB.
# One arena of the C library's allocator: one for each thread holds 10 MB more that nobody uses.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
exec "$here/node" --max-semi-space-size=8 --max-old-space-size=512 "$here/httptrace.mjs" "$@"

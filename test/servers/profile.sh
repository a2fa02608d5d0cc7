#!/usr/bin/env bash
# A CPU profile of probe-me under load, for PGO builds: test/servers/profile.sh GO LOAD OUT.pgo
# GO is a toolchain's go command, LOAD the built load client.
set -euo pipefail

go=$1 load=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
server=

(cd "$here/probe-me" && GOTOOLCHAIN=local "$go" build -tags cpuprofile -o "$work/probe-me" .)
PROBE_ME_CPUPROFILE=$work/cpu.pgo "$work/probe-me" -tcp 127.0.0.1:0 -tls 127.0.0.1:0 >"$work/ready" 2>/dev/null &
server=$!
for _ in $(seq 200); do [ -s "$work/ready" ] && break; sleep 0.05; done
address() { sed "s/.*\"kind\":\"$1\",\"address\":\"\\([^\"]*\\)\".*/\\1/" "$work/ready"; }

"$load" -protocol h11 -address "$(address tcp)" -mix fast -duration 8s -connections 8 2>/dev/null
"$load" -protocol h2 -address "$(address tls)" -mix fast -duration 5s -connections 8 2>/dev/null
kill -TERM "$server"
wait "$server"
mv "$work/cpu.pgo" "$out"

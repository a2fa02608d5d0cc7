#!/usr/bin/env bash
# `make demo`: a small Go shop, stripped, under load; then `httptrace attach` on it: test/demo.sh [seconds]
# Everything is on loopback and ends with the script.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
httptrace=$root/dist/httptrace
seconds=${1:-20}

fail() {
  echo "demo: $1" >&2
  exit 1
}

case $seconds in '' | *[!0-9]*) fail "how many seconds? usage: test/demo.sh [seconds]" ;; esac
[ -x "$httptrace" ] || fail "$httptrace is missing: run make build"

# Only attaching needs root. The password is asked for now, not in the middle.
sudo=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "attaching needs root and there is no sudo here: run make demo as root"
  sudo=(sudo)
  sudo -v || fail "attaching needs root: run make demo as root, or as a user who may use sudo"
fi

# The load client needs Go 1.24. Where the machine's own is older (Debian 12: 1.19), a newer one is unpacked under build/.
find_go() {
  local minor
  minor=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -ge 24 ]; then
    command -v go
    return
  fi
  "$here/toolchains.sh" 1.27 || return
  echo "$root/build/toolchains/go1.27/bin/go"
}

work=$(mktemp -d)
started=()
cleanup() {
  local pid
  trap '' INT TERM HUP
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

build() { # directory, flags...
  local from=$1
  shift
  (cd "$here/$from" && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=0 "$go" build "$@" .) ||
    fail "cannot build test/$from with $go"
}

# In a session of its own, so that a Ctrl-C in the terminal ends the view alone.
start() { # log, command...
  local log=$1
  shift
  setsid "$@" </dev/null >"$work/$log" 2>&1 &
  started+=($!)
}

go=$(find_go) || fail "no Go 1.24 or later: install one, or see what test/toolchains.sh said above"
echo "demo: building a small shop with $("$go" env GOVERSION), stripped" >&2
build servers/shop -trimpath -ldflags='-s -w' -o "$work/shop"
build load -o "$work/load"

start shop.log "$work/shop" -listen 127.0.0.1:0
shop=${started[0]}
address=
for _ in $(seq 100); do
  address=$(sed -n 's#^shop listens on http://##p' "$work/shop.log")
  [ -z "$address" ] || break
  kill -0 "$shop" 2>/dev/null || break
  sleep 0.05
done
[ -n "$address" ] || fail "the shop did not start: $(tail -n 1 "$work/shop.log")"

# It ends by itself if this script is killed.
start load.log "$work/load" -address "$address" -mix shop -connections 16 -rate 250 -duration "$((seconds + 30))s"

echo "demo: the shop is pid $shop on $address, under load. httptrace attach $shop --duration ${seconds}s" >&2
# A log does not want thousands of lines: there, of each route and status the first request is shown, then one in a hundred.
some() {
  awk '!/^[0-9:.]+ .* route=/ { print; next }
    { match($0, / route=[^ ]+/); if (!seen[$3 $4 substr($0, RSTART, RLENGTH)]++ || ++n % 100 == 0) print }'
}
attach() { "${sudo[@]}" "$httptrace" attach "$shop" --duration "${seconds}s"; }
status=0
if [ -t 1 ]; then attach || status=$?; else attach | some || status=$?; fi

kill -0 "$shop" 2>/dev/null || fail "the shop has ended, which it should not: $(tail -n 1 "$work/shop.log")"
[ "$status" = 0 ] || {
  echo "demo: attach ended with $status. What this machine can and cannot do:" >&2
  "${sudo[@]}" "$httptrace" doctor >&2 || true
  exit "$status"
}
cat >&2 <<END

The shop ran on untouched and is stopped now. To look at a service of your own:
  dist/httptrace ps                       the Go programs here, attachable or not
  sudo dist/httptrace attach <pid>        (q or Ctrl-C detaches; nothing of it stays behind)
END

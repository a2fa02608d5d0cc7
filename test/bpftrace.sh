#!/usr/bin/env bash
# bpftrace for tests: Debian 12's 0.17 and a current one: test/bpftrace.sh [bookworm trixie]
# Afterwards build/bpftrace/SUITE/bpftrace runs. They are Debian's packages with all that they need, unpacked and run
# in place: nothing is installed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/../build/bpftrace
mkdir -p "$out"
out=$(cd "$out" && pwd)
. "$here/debian.sh"

works() {
  "$out/$1/bpftrace" --version >/dev/null 2>&1
}

# Names of the packages that an installation on an empty system would bring.
closure() {
  private_apt "$1" apt-get -o Dir::State::status=/dev/null -s --no-install-recommends install "${@:2}" 2>/dev/null |
    sed -n 's/^Inst \([^ ]*\).*/\1/p'
}

# bpftrace looks for its own symbols in /proc/self/exe, so it cannot be started through another loader: the path of
# its loader is written into it.
provide() {
  local suite=$1 root=$out/$1/root packages loader libraries
  debian_update "bpftrace-$suite" "$suite" || return
  packages=$(closure "bpftrace-$suite" bpftrace patchelf)
  [ -n "$packages" ] || debian_fail "no bpftrace in Debian $suite" || return
  # shellcheck disable=SC2086
  debian_unpack "bpftrace-$suite" "$root" $packages || return
  loader=$(find "$root" -name 'ld-linux-*.so.*' | head -n 1)
  libraries=$(find "$root" -name '*.so*' -printf '%h\n' | sort -u | grep -E '/lib(/[a-z0-9_]+-linux-gnu)?(/[a-z-]+)?$' |
    paste -sd:)
  cp "$(find "$root" -path '*/bin/bpftrace')" "$out/$suite/bpftrace.new"
  "$loader" --library-path "$libraries" "$(find "$root" -path '*/bin/patchelf')" \
    --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$out/$suite/bpftrace.new"
  mv "$out/$suite/bpftrace.new" "$out/$suite/bpftrace"
  works "$suite" || { echo "bpftrace.sh: bpftrace of $suite was unpacked but does not run" >&2; return 1; }
}

suites=("$@")
[ $# -gt 0 ] || suites=(bookworm trixie)
exec 9>"$out/.lock"
flock 9
for suite in "${suites[@]}"; do
  works "$suite" && continue
  mkdir -p "$out/$suite"
  echo "bpftrace of Debian $suite" >&2
  provide "$suite"
done

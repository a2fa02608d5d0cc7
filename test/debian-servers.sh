#!/usr/bin/env bash
# Go servers that nobody here wrote: test/debian-servers.sh SUITE PACKAGE...
# Each is unpacked into build/debian/SUITE/PACKAGE and can be run in place. Nothing is installed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/debian.sh"
[ $# -ge 2 ] || { echo 'usage: test/debian-servers.sh SUITE PACKAGE...' >&2; exit 2; }
suite=$1
shift
out=$here/../build/debian/$suite
mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 9>"$out/.lock"
flock 9
for package; do
  [ ! -d "$out/$package" ] || continue
  debian_update "suite-$suite" "$suite"
  debian_unpack "suite-$suite" "$out/.unpack" "$package"
  mv "$out/.unpack" "$out/$package"
done

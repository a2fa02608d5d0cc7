#!/usr/bin/env bash
# Go toolchains for tests: test/toolchains.sh [1.19 1.21 ...]
# Afterwards build/toolchains/go1.NN/bin/go runs. They are Debian's packages, unpacked and run in place.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
toolchains=$here/../build/toolchains
mkdir -p "$toolchains"
toolchains=$(cd "$toolchains" && pwd)
. "$here/debian.sh"

works() {
  [ "$(GOTOOLCHAIN=local "$toolchains/go$1/bin/go" env GOROOT 2>/dev/null)" = "$toolchains/go$1" ]
}

# /usr/lib/go-1.NN links to /usr/share/go-1.NN; GOROOT must be one tree that can be moved.
provide() {
  local version=$1 unpacked=$toolchains/.unpack-$1 goroot link target
  debian_unpack toolchains "$unpacked" "golang-$version-go" "golang-$version-src" ||
    { echo "toolchains.sh: no Go $version; known: ${all[*]}" >&2; return 1; }
  goroot=$unpacked/usr/lib/go-$version
  find "$goroot" -type l | while read -r link; do
    target=$(readlink -f "$link" || true)
    rm "$link"
    case $target in "$unpacked"/*) if [ -e "$target" ]; then mv "$target" "$link"; fi ;; esac
  done
  rm -rf "$toolchains/go$version"
  mv "$goroot" "$toolchains/go$version"
  rm -rf "$unpacked"
  works "$version" || { echo "toolchains.sh: Go $version was unpacked but does not run" >&2; return 1; }
}

all=(1.19 1.21 1.22 1.23 1.24 1.25 1.26 1.27)
wanted=("$@")
[ $# -gt 0 ] || wanted=("${all[@]}")

missing=()
for version in "${wanted[@]}"; do
  [[ $version =~ ^1\.[0-9]+$ ]] || { echo "usage: test/toolchains.sh [1.19 1.27 ...]" >&2; exit 2; }
  works "$version" || missing+=("$version")
done
[ ${#missing[@]} -gt 0 ] || exit 0

exec 9>"$toolchains/.lock"
flock 9
debian_update toolchains bookworm bookworm-backports trixie trixie-backports
for version in "${missing[@]}"; do
  works "$version" && continue
  echo "go$version" >&2
  provide "$version"
done

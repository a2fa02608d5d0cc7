#!/usr/bin/env bash
# Installs what building needs and this machine lacks: deploy/setup.sh [demo|test|bench]
# Debian and Ubuntu. Does nothing where everything is there.
set -euo pipefail

packages=()
need() { # command or file, package
  command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || packages+=("$2")
}

multiarch=$(uname -m)-linux-gnu
need cc gcc
need clang clang
need /usr/include/bpf/libbpf.h libbpf-dev
need "/usr/lib/$multiarch/libelf.a" libelf-dev
need "/usr/lib/$multiarch/libz.a" zlib1g-dev
# libelf.a of newer distributions decompresses with zstd.
if [ ! -e "/usr/lib/$multiarch/libelf.a" ] || grep -q ZSTD_decompress "/usr/lib/$multiarch/libelf.a"; then
  need "/usr/lib/$multiarch/libzstd.a" libzstd-dev
fi
need "/usr/lib/$multiarch/libc.a" libc6-dev
need npm npm
need /etc/ssl/certs/ca-certificates.crt ca-certificates
# Go comes from test/toolchains.sh: tests use the versions they name, the demo one that is new enough.
case ${1:-} in
  bench) need git git; need curl curl; need xz xz-utils; need wrk wrk; need h2load nghttp2-client ;;
  test) need git git; need curl curl; need openssl openssl; need tmux tmux; need man man-db; need xz xz-utils ;;
esac

[ ${#packages[@]} -gt 0 ] || exit 0
fail() {
  echo "httptrace: building needs ${packages[*]}. $1" >&2
  exit 1
}
command -v apt-get >/dev/null || fail "There is no apt-get here: install what your distribution calls them."
sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "There is no sudo here: run apt-get install ${packages[*]} as root."
  sudo=sudo
fi
echo "httptrace: installing ${packages[*]}" >&2
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null || fail "apt-get could not install them; see above."

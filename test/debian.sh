# Debian packages for tests, unpacked and run in place: nothing is installed and the machine's apt is not changed.
# To be sourced by bash. The mirror is the machine's own; all of apt's state lives under $HTTPTRACE_APT (build/apt).

HTTPTRACE_APT=${HTTPTRACE_APT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/apt}

debian_fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  return 1
}

# private_apt NAME COMMAND ARGUMENTS...: an apt command with the sources list and the state of $HTTPTRACE_APT/NAME.
private_apt() {
  local name=$1 command=$2
  shift 2
  local dir=$HTTPTRACE_APT/$name
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  "$command" -q \
    -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
    -o Dir::State="$dir" -o Dir::State::lists=lists/ -o Dir::Cache="$dir/cache" \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@"
}

# The address of a mirror that this machine already takes packages of the distribution from.
# `update --print-uris` only prints; it also understands every form in which sources are written.
machine_mirror() {
  local codename=$1
  apt-get update --print-uris 2>/dev/null |
    sed -n "s#^'\\([^']*\\)/dists/$codename/\\(In\\)\\{0,1\\}Release'.*#\\1#p" | head -n 1
}

# A Debian package out of another distribution's own archive (Ubuntu has Debian's keys and a list of its mirrors).
from_machine_archive() {
  local package=$1 dir=$HTTPTRACE_APT/machine
  if [ ! -s "$dir/sources.list" ]; then
    mkdir -p "$dir"
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } >"$dir/sources.list"
    cp /etc/apt/sources.list.d/*.sources "$dir/" 2>/dev/null || true
    private_apt machine apt-get -o Dir::Etc::sourceparts="$dir" update >"$dir/update.log" 2>&1 ||
      debian_fail "apt-get update failed; see $dir/update.log" || return
  fi
  (cd "$dir" && private_apt machine apt-get -o Dir::Etc::sourceparts="$dir" download "$package" >/dev/null &&
    dpkg -x "$package"_*.deb root) ||
    debian_fail "cannot get $package from this machine's archive: enable its 'universe' component"
}

# Sets debian_mirror and debian_keyring.
find_debian() {
  local os codename
  os=$(. /etc/os-release && echo "${ID:-}")
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
    debian_fail 'apt-get and dpkg are needed: run this on Debian or Ubuntu' || return
  debian_mirror=${HTTPTRACE_DEBIAN_MIRROR:-}
  debian_keyring=$(ls /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp \
    2>/dev/null | head -n 1)
  if [ "$os" = debian ] && [ -z "$debian_mirror" ]; then debian_mirror=$(machine_mirror "$codename"); fi
  if [ -z "$debian_keyring" ]; then
    from_machine_archive debian-archive-keyring || return
    debian_keyring=$(ls "$HTTPTRACE_APT"/machine/root/usr/share/keyrings/debian-archive-keyring.* | head -n 1)
  fi
  if [ "$os" != debian ] && [ -z "$debian_mirror" ]; then
    from_machine_archive python-apt-common || return
    debian_mirror=$(sed -n 's/^BaseURI: *//p' "$HTTPTRACE_APT"/machine/root/usr/share/python-apt/templates/Debian.info |
      head -n 1)
  fi
  [ -n "$debian_mirror" ] ||
    debian_fail 'no Debian mirror in the apt sources of this machine: set HTTPTRACE_DEBIAN_MIRROR to one' || return
  debian_mirror=${debian_mirror%/}
}

# debian_update NAME SUITE...: package lists of these suites, at most a week old (FORCE=1: fresh).
debian_update() {
  local name=$1 dir=$HTTPTRACE_APT/$1 suite
  shift
  if [ "${FORCE:-}" != 1 ] && [ -n "$(find "$dir/updated" -mtime -7 2>/dev/null)" ]; then return; fi
  find_debian || return
  mkdir -p "$dir"
  for suite in "$@"; do
    echo "deb [signed-by=$debian_keyring target=Packages lang=none] $debian_mirror $suite main"
  done >"$dir/sources.list"
  private_apt "$name" apt-get update >"$dir/update.log" 2>&1 && ! grep -q '^E:' "$dir/update.log" ||
    debian_fail "apt-get update of $* from $debian_mirror failed; see $dir/update.log" || return
  touch "$dir/updated"
}

# debian_unpack NAME DIRECTORY PACKAGE...: the newest versions of these packages, unpacked into a new directory.
debian_unpack() {
  local name=$1 directory=$2 debs=$HTTPTRACE_APT/$1/debs.$$
  shift 2
  rm -rf "$directory" "$debs"
  mkdir -p "$directory" "$debs"
  (cd "$debs" && private_apt "$name" apt-get download "$@" >"../download.log" 2>&1) ||
    { rm -rf "$directory" "$debs"; debian_fail "cannot download $*; see $HTTPTRACE_APT/$name/download.log" || return; }
  local deb
  for deb in "$debs"/*.deb; do dpkg -x "$deb" "$directory" || return; done
  rm -rf "$debs"
}

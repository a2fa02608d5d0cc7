#!/bin/sh
# Builds the collector that test/collector/*.collector.test.ts starts, once, as build/collector/otelcol.
# Needs a Go toolchain of 1.26 or newer: the machine's own, or one of build/toolchains.
set -eu
cd "$(dirname "$0")/../.."

builder=go.opentelemetry.io/collector/cmd/builder@v0.165.0
out=build/collector
wanted="$builder $(cksum <test/collector/builder.yaml)"

if [ -x "$out/otelcol" ] && [ "$(cat "$out/built-from" 2>/dev/null)" = "$wanted" ]; then
	exit 0
fi

go=
for candidate in build/toolchains/go1.27/bin/go build/toolchains/go1.26/bin/go "$(command -v go || true)"; do
	[ -x "$candidate" ] || continue
	minor=$("$candidate" env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
	if [ "${minor:-0}" -ge 26 ]; then
		go=$(realpath "$candidate")
		break
	fi
done
if [ -z "$go" ]; then
	echo "build.sh: the collector needs Go 1.26 or newer; run test/toolchains.sh first" >&2
	exit 1
fi

mkdir -p "$out"
cp test/collector/builder.yaml "$out/builder.yaml"
cd "$out"
PATH="$(dirname "$go"):$PATH"
export PATH GOTOOLCHAIN=local CGO_ENABLED=0
nice go run "$builder" --config builder.yaml >build.log 2>&1 || {
	tail -n 30 build.log >&2
	exit 1
}
echo "$wanted" >built-from

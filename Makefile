# SPDX-License-Identifier: Apache-2.0
#
#   make demo          a real Go server under load, watched live
#   make test          everything that can be tested here; installs what is missing
#   make build         the command, at dist/httptrace
#   make install       puts it on the PATH (PREFIX=/usr/local); make uninstall removes it
#   make check         types, lint, format, direction of imports
#   make bench         what it costs, side by side with what else there is
#   make test-matrix   every Go version by every kind of build by every protocol

PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
NODE := $(CURDIR)/node_modules/node/bin
SOURCES := $(shell find agent cli -name '*.ts') package.json deploy/bundle.mjs
BPF := $(shell find bpf -name '*.[chS]' -o -name Makefile)

NPM_INSTALL := npm install --no-save --no-audit --no-fund --loglevel=error

# Node 24 from the registry, whatever the machine's own is; tests and tools run under it.
# Tests build with one known Go, not with what the machine has.
GO := $(CURDIR)/build/toolchains/go1.26/bin
export PATH := $(NODE):$(GO):$(PATH)

.PHONY: build install uninstall demo test test-unit test-kernel test-matrix check bench clean setup
build: dist/httptrace

setup:
	@deploy/setup.sh

node_modules/.stamp: package.json package-lock.json
	@deploy/setup.sh
	$(NPM_INSTALL)
	@# Under an older Node (Debian 12: 18) npm leaves out binaries of packages that ask for a newer one. Now it has that.
	@NODE_NO_WARNINGS=1 $(NPM_INSTALL) >/dev/null
	touch $@

build/httptrace-loader: $(BPF) package.json
	@deploy/setup.sh
	@mkdir -p build
	$(MAKE) --no-print-directory -C bpf OUT=$(CURDIR)/build VERSION=$(VERSION)

dist/httptrace.mjs: node_modules/.stamp $(SOURCES)
	rm -rf dist/lib
	node deploy/bundle.mjs dist

dist/httptrace: dist/httptrace.mjs build/httptrace-loader deploy/httptrace.sh
	cp -f build/httptrace-loader dist/httptrace-loader
	ln -f $(NODE)/node dist/node 2>/dev/null || cp -f $(NODE)/node dist/node
	install -m 755 deploy/httptrace.sh $@
	touch $@

LIB := $(DESTDIR)$(PREFIX)/lib/httptrace
SHARE := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := bash-completion/completions/httptrace zsh/site-functions/_httptrace fish/vendor_completions.d/httptrace.fish

# An older one is removed first: its files may be running, and its chunks have other names.
install: build uninstall
	install -d $(LIB) $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(dir $(addprefix $(SHARE)/,$(COMPLETIONS)))
	cp -R dist/. $(LIB)/
	ln -sfn ../lib/httptrace/httptrace $(DESTDIR)$(PREFIX)/bin/httptrace
	install -m 644 docs/httptrace.1 $(SHARE)/man/man1/httptrace.1
	for shell in bash:$(word 1,$(COMPLETIONS)) zsh:$(word 2,$(COMPLETIONS)) fish:$(word 3,$(COMPLETIONS)); do \
		dist/httptrace completion $${shell%%:*} > $(SHARE)/$${shell#*:} || exit; \
	done

uninstall:
	rm -rf $(LIB)
	rm -f $(DESTDIR)$(PREFIX)/bin/httptrace $(SHARE)/man/man1/httptrace.1 $(addprefix $(SHARE)/,$(COMPLETIONS))

demo:
	@deploy/setup.sh demo
	@$(MAKE) --no-print-directory build
	@test/demo.sh

test:
	@deploy/setup.sh test
	@$(MAKE) --no-print-directory build check
	@test/toolchains.sh
	@test/bpftrace.sh
	@test/collector/build.sh
	HTTPTRACE_GO_VERSIONS=all npx vitest run

test-unit: build
	@test/toolchains.sh 1.26
	npx vitest run --project unit

test-kernel: build
	@test/toolchains.sh 1.26
	@test/bpftrace.sh
	npx vitest run --project kernel

test-matrix: build
	@test/toolchains.sh
	HTTPTRACE_MATRIX=full npx vitest run --project kernel test/e2e

check: node_modules/.stamp
	npx tsc --noEmit
	npx biome ci .
	npm run --silent lint:deps

bench: build
	@deploy/setup.sh bench
	@test/toolchains.sh 1.26
	@test/bpftrace.sh
	node test/bench/cost.bench.ts
	node test/bench/contention.bench.ts
	node test/bench/sampling.bench.ts
	node test/bench/limits.bench.ts
	node test/bench/cause.bench.ts
	node test/bench/otlp.bench.ts

clean:
	rm -rf dist build/httptrace-loader build/*.bpf.o

# Every target works from a fresh clone on a machine with Node 20, make, gcc and python3, and brings the rest:
# npm ci, and apt-get or dnf where a system tool is missing.
#
#   make demo      from nothing to an answered query, offline: a demo Koji hub, the daemon, lookups
#   make run       the daemon: KOJI_HUB and KOJI_TOPURL choose the Koji, default Fedora's public one
#   make test      every test; JEST='test/daemon/koji' runs some of them
#   make check     types, lint, format, layer rules, dead code
#   make bench     how fast it is, here; BENCH='index memory' measures some of it
#   make scale     the same up to BENCH_ROWS rows (50 million): a quarter of an hour, 6 GB under TMPDIR
#   make bench-corpus   3 GB of RPMs to measure with, in .bench/corpus, half an hour (Debian)
#   make fuzz      a million mutated inputs for all parsers: FUZZ_RUNS, FUZZ_SEED, FUZZ_JOBS, FUZZ_TARGETS
#   make soak      the long form of test/soak: SOAK_BUILDS (10000), SOAK_KILLS (200), SOAK_SEED; an hour or less
#   make fixtures  the RPMs under test/fixtures/rpms, made anew with rpmbuild
#   make build     dist/
#   make install   under PREFIX (/usr/local), in DESTDIR where one is given
#   make rpm       packages of the last commit, in .rpm/RPMS; the sources in .rpm/SOURCES build without a network
#   make clean     away with what build, test and demo made; node_modules, what `make run` indexed and the
#                  RPMs of `make bench-corpus` stay

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := build

KOJI_HUB ?= https://koji.fedoraproject.org/kojihub
KOJI_TOPURL ?= https://kojipkgs.fedoraproject.org
LISTEN ?= 127.0.0.1:8080
DATABASE ?= .run/darkserver.db
PREFIX ?= /usr/local

NEED := .ci/need
# What unpacks payloads while the program runs.
RUNTIME_TOOLS := zstd xz bzip2

SOURCES := $(shell find shared daemon client -name '*.ts' 2> /dev/null)
NODE_MODULES := node_modules/.package-lock.json
DIST := dist/daemon/main.js
DECODER_SOURCES := daemon/indexer/first-bytes/wasm
DECODERS := daemon/indexer/first-bytes/decoders.wasm
TYPESCRIPT := node --no-warnings --enable-source-maps --import ./test/support/typescript.mjs

# npm writes its own lock file last, so it is as new as the installation. better-sqlite3 is compiled here.
$(NODE_MODULES): package-lock.json
	@$(NEED) g++ make python3
	npm ci --no-audit --no-fund
	@touch $@

# One file of what would be hundreds: to find and to load so many would be most of what a short command takes; and one
# for each thread. A command runs no more of it than it needs, and what V8 has compiled for the shortest is
# kept beside it. CommonJS, since Node starts faster with it than with ES modules. Packages that are loaded by
# createRequire, and better-sqlite3's machine code, stay in node_modules. esbuild takes types as comments:
# `make check` is what reads them. Away with the old first: what is no longer made must not linger.
ESBUILD := node node_modules/esbuild-wasm/bin/esbuild --log-level=warning
$(DIST): $(SOURCES) $(DECODERS) tsconfig.json $(NODE_MODULES)
	@rm -rf dist
	$(ESBUILD) --bundle --format=cjs --platform=node --target=node20 --supported:dynamic-import=false \
	  --minify-whitespace --line-limit=160 --legal-comments=external --define:import.meta.url=thisUrl \
	  --banner:js='"use strict"; const thisUrl = require("node:url").pathToFileURL(__filename).href;' \
	  --outdir=dist/daemon --entry-names=[name] \
	  daemon/main.ts daemon/cli/program.ts daemon/indexing-main.ts \
	  daemon/indexer/scan-thread-main.ts daemon/main-code-cache.ts
	@cp $(DECODERS) $(dir $@)
	@echo '{ "type": "commonjs" }' > dist/package.json
	@env -i "PATH=$$PATH" node dist/daemon/main-code-cache.js test/fixtures/rpms/*.rpm
	@rm dist/daemon/main-code-cache.js
	@chmod +x $@

# Without assertions and a garbage collector: what it holds is there from its start, and memory of its own bounds it.
$(DECODERS): $(wildcard $(DECODER_SOURCES)/*.ts) $(NODE_MODULES)
	node node_modules/assemblyscript/bin/asc.js $(DECODER_SOURCES)/index.ts --outFile $@ -O3 --noAssert \
	  --runtime stub --use abort=

.PHONY: build
build: $(DIST)

.PHONY: demo
demo: build
	@$(NEED) $(RUNTIME_TOOLS) python3
	@$(TYPESCRIPT) test/demo/demo.ts

.PHONY: run
run: build
	@$(NEED) $(RUNTIME_TOOLS)
	@mkdir -p $(dir $(DATABASE))
	@exec $(DIST) --database $(DATABASE) serve --listen $(LISTEN) \
	  --koji-hub $(KOJI_HUB) --koji-topurl $(KOJI_TOPURL)

.PHONY: test
test: build
	@$(NEED) $(RUNTIME_TOOLS) python3 systemd-notify systemd-analyze createrepo_c chromium curl
	@node .ci/test.mjs $(JEST)

.PHONY: check
check: $(NODE_MODULES)
	@$(NEED) python3
	@node .ci/check.mjs

.PHONY: bench
bench: build
	@$(NEED) $(RUNTIME_TOOLS)
	@$(NEED) --wanted wrk debuginfod rpm2cpio
	@$(TYPESCRIPT) test/bench/bench.ts $(BENCH)

.PHONY: scale
scale: $(NODE_MODULES)
	@$(TYPESCRIPT) test/bench/scale.ts

.PHONY: bench-corpus
bench-corpus: $(NODE_MODULES)
	@$(NEED) apt-get dpkg-deb rpmbuild xz zstd
	@$(TYPESCRIPT) test/bench/corpus/make-corpus.ts $(BENCH_CORPUS)

.PHONY: fuzz
fuzz: build
	@$(NEED) $(RUNTIME_TOOLS)
	@$(TYPESCRIPT) test/fuzz/fuzz.ts

SOAK_BUILDS ?= 10000
SOAK_KILLS ?= 200
SOAK_SEED ?= 1
.PHONY: soak
soak: build
	@$(NEED) $(RUNTIME_TOOLS) python3
	@SOAK_BUILDS=$(SOAK_BUILDS) SOAK_KILLS=$(SOAK_KILLS) SOAK_SEED=$(SOAK_SEED) npm run --silent jest -- test/soak

.PHONY: fixtures
fixtures:
	@$(NEED) gcc rpmbuild rpm2archive debugedit dwz eu-unstrip readelf cpio xz zstd bzip2 python3 \
	  s390x-linux-gnu-as powerpc64-linux-gnu-as
	$(MAKE) -C test/fixtures/rpms

LIB := $(DESTDIR)$(PREFIX)/lib/darkserver
SHARE := $(DESTDIR)$(PREFIX)/share/darkserver
DOC := $(DESTDIR)$(PREFIX)/share/doc/darkserver
SYSTEMD := $(DESTDIR)$(PREFIX)/lib
UNITS := darkserver.service darkserver-worker@.service

# The hub plugin goes to the hub's machine, so it is laid down to be copied, beside the configurations. What bare-*
# packages bring compiled, for six architectures, is for another program than Node.
.PHONY: install
install: build
	install -d $(LIB) $(SHARE) $(DOC) $(DESTDIR)$(PREFIX)/bin $(addprefix $(SYSTEMD)/,systemd/system sysusers.d tmpfiles.d)
	rm -rf $(LIB)/dist $(LIB)/node_modules
	cp -r dist node_modules $(LIB)
	install -m 644 package.json package-lock.json schema.sql LICENSE README.md $(LIB)
	npm prune --prefix $(LIB) --omit=dev --ignore-scripts --no-audit --no-fund
	find $(LIB)/node_modules/better-sqlite3 \( -path '*/build/Release/obj*' -o -path '*/deps/*' \) -delete
	rm -rf $(LIB)/node_modules/bare-*/prebuilds
	ln -sfn ../lib/darkserver/dist/daemon/main.js $(DESTDIR)$(PREFIX)/bin/darkserver
	install -m 644 plugin/darkserver_hub.py plugin/darkserver.conf daemon/config/darkserver.toml $(SHARE)
	install -m 644 README.md docs/*.md docs/*.yml $(DOC)
	for unit in $(UNITS); do \
	  sed 's,@BINDIR@,$(PREFIX)/bin,; s,@DOCDIR@,$(PREFIX)/share/doc/darkserver,' daemon/systemd/$$unit \
	    > $(SYSTEMD)/systemd/system/$$unit; \
	done
	install -m 644 daemon/systemd/darkserver.sysusers $(SYSTEMD)/sysusers.d/darkserver.conf
	install -m 644 daemon/systemd/darkserver.tmpfiles $(SYSTEMD)/tmpfiles.d/darkserver.conf
	@echo "Needs at run time: node 20.19 or later, $(RUNTIME_TOOLS). Under systemd: systemd-sysusers,"
	@echo "systemd-tmpfiles --create, systemctl daemon-reload, systemctl enable --now darkserver."

VERSION := $(shell sed -n 's/^ *"version": "\(.*\)",$$/\1/p' package.json)
RPM_SOURCES := .rpm/SOURCES

# As a Koji would: from the archive of a commit and npm's packages, unpacked in a directory of its own. --nodeps:
# rpmbuild knows nothing of what apt-get has installed; a Koji installs the BuildRequires.
.PHONY: rpm
rpm:
	@$(NEED) rpmbuild g++ make python3
	rm -rf .rpm
	mkdir -p $(RPM_SOURCES) .rpm/npm
	git archive --prefix=darkserver-$(VERSION)/ -o $(RPM_SOURCES)/darkserver-$(VERSION).tar.gz HEAD
	cp package.json package-lock.json .rpm/npm
	npm ci --prefix .rpm/npm --ignore-scripts --no-audit --no-fund
	tar -czf $(RPM_SOURCES)/darkserver-$(VERSION)-node-modules.tar.gz -C .rpm/npm node_modules
	rpmbuild -ba --nodeps --define "_topdir $(CURDIR)/.rpm" .ci/rpm/darkserver.spec
	rm -rf .rpm/npm .rpm/BUILD .rpm/BUILDROOT

.PHONY: clean
clean:
	rm -rf dist $(DECODERS) .tmp .demo .rpm coverage
	find plugin test -name __pycache__ -prune -exec rm -rf {} +

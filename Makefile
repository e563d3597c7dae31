# SPDX-License-Identifier: Apache-2.0
# make demo, make check; make help lists the rest.

TOOLS := \
	ddb-list \
	ddb-record \
	lambda-rt \
	s3check \
	s3check-file \
	s3ev-doctor \
	s3ev-env \
	s3ev-listen \
	s3ev-missing \
	s3ev-report \
	s3ev-split \
	s3ev-sqs \
	s3ev-stat \
	s3fetch \
	s3ls \
	s3rm \
	s3route

# Those of pipelines/, as they are called when they are installed
SCRIPTS := s3ev-audit s3ev-backfill s3ev-process s3ev-redo s3ev-try

# With it, cd may go elsewhere, and says where.
unexport CDPATH
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOC = $(DESTDIR)$(PREFIX)/share/doc/s3ev
DATA = $(DESTDIR)$(PREFIX)/share/s3ev
COMPLETIONS_BASH = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
COMPLETIONS_ZSH = $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions
# With -g1 a backtrace has names and lines. For variables: CFLAGS='-Og -g'.
CFLAGS ?= -O2 -g1
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
# glibc's checks of lengths want an optimiser.
HARDENING ?= -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(findstring x86_64,$(MACHINE)),-fcf-protection) \
	$(if $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS)))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
B ?= build
# What is built before tests is built on all processors, and one job more: npm
# waits for the network half of its time.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j $(shell expr $$(nproc) + 1))
# The bundle for Lambda
NATIVE := $(if $(filter aarch64,$(shell uname -m)),arm64,x86_64)
ARCH ?= $(NATIVE)
INTERPRETER ?= provided.al2023
PROCESSOR ?= pipelines/processor
# In the environment this would be for zip(1).
ZIP = build/lambda.zip
FROM =
# A recipe that names MAKE itself is run by make -n too.
LAMBDA_MAKE := $(MAKE)
STAGE ?= dev
MODULES := tests/servers/node_modules/.installed-lock
# These, and what a browser and servers of other makes need: seven times as much
ALL_MODULES := tests/servers/node_modules/.installed-all
OSLS := pipelines/lambda/node_modules/.bin/osls
SLS = cd pipelines/lambda && SLS_AWS_SDK_V3=1 $(OSLS:pipelines/lambda/%=%)
SLS_OPTIONS = --stage $(STAGE) --region $(or $(REGION),$(AWS_REGION),$(AWS_DEFAULT_REGION),$(error \
	no region: REGION=eu-west-1 or the like, or AWS_REGION in the environment)) --param architecture=$(ARCH) --param interpreter=$(INTERPRETER) --param zip=$(abspath $(ZIP)) $(DEPLOY)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wconversion
ALL_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -Ilib $(CPPFLAGS)
# Unit tests are compiled without the optimiser, which takes half the time.
UNIT_CFLAGS = -O0 -U_FORTIFY_SOURCE
ALL_CFLAGS = -std=c11 $(WARNINGS) $(HARDENING) $(CFLAGS)
RELRO = -Wl,-z,relro,-z,now
ALL_LDFLAGS = $(if $(strip $(HARDENING)),-pie $(RELRO)) $(LDFLAGS)
LIBS = -lcurl -lssl -lcrypto -lyajl -lexpat -lz

# The rooms of s3ev-listen, which alone needs libmicrohttpd, are a library of
# their own: neither the bundle for Lambda nor other programs get them.
LISTEN_OBJECTS := $(patsubst lib/%.c,$B/lib/%.o,$(wildcard lib/listen/*.c lib/serve/*.c))
LIB_OBJECTS := $(filter-out $(LISTEN_OBJECTS),$(patsubst lib/%.c,$B/lib/%.o,$(wildcard lib/*/*.c))) $B/lib/report/page_files.o
# The library for other programs is made of the rooms of what is promised, and
# of those that they may know. The same objects go into it and into the tools.
# They run as fast as with -fPIE, since nobody may replace a function of theirs.
PROMISED := sign filter
PROMISED_ROOMS := $(shell tac lib/ROOMS | awk -v is='$(PROMISED)' '{ is = " " is " " } \
	index(is, " " $$1 " ") { print $$1; is = is $$0 }')
PROMISED_OBJECTS := $(patsubst lib/%.c,$B/lib/%.o,$(wildcard $(PROMISED_ROOMS:%=lib/%/*.c)))
PIC = -fPIC -fno-semantic-interposition
# The first two numbers are the layout's: a program that knows another layout
# is refused by the loader.
VERSION := $(shell sed -n 's/^\#define S3EV_VERSION "\(.*\)"/\1/p' lib/base/version.h)
SONAME := libs3ev.so.$(firstword $(subst ., ,$(VERSION)))
SHARED := libs3ev.so.$(VERSION)
# What is promised, and what that includes.
HEADERS = $(sort $(filter lib/%,$(shell $(CC) -Ilib -MM include/s3ev/*.h)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/*.c))
BATS := $(wildcard tests/*/*.bats)
# They have targets of their own.
LAMBDA_BATS := tests/lambda/bundle.bats tests/lambda/deploy.bats
DEB_BATS := tests/packages/deb.bats
IMAGE_BATS := tests/packages/image.bats
LISTS_BATS := tests/topics/lists.bats
EXAMPLES_BATS := tests/topics/examples.bats tests/topics/from-python.bats
PEERS_BATS := tests/topics/servers.bats tests/topics/peers.bats tests/topics/moto.bats
HEAVY_BATS := $(LAMBDA_BATS) $(DEB_BATS) $(IMAGE_BATS) $(LISTS_BATS) $(EXAMPLES_BATS) $(PEERS_BATS)
SHELL_SCRIPTS := \
	.ci/run \
	pipelines/audit \
	pipelines/backfill \
	pipelines/process \
	pipelines/processor \
	pipelines/redo \
	pipelines/shims \
	pipelines/try \
	pipelines/debian/build \
	pipelines/debian/tests/smoke \
	pipelines/image/build \
	pipelines/image/entry \
	pipelines/lambda/bootstrap \
	pipelines/lambda/build \
	pipelines/lambda/fits \
	pipelines/lambda/invoke \
	pipelines/lambda/outdated \
	pipelines/lambda/ready \
	pipelines/lambda/redrive \
	tests/bench/as-aws \
	tests/bench/audit \
	pipelines/lambda/release \
	tests/bench/check \
	tests/bench/growth \
	tests/bench/lambda \
	tests/bench/list \
	tests/bench/listen \
	tests/bench/processor \
	tests/bench/requests \
	tests/bench/ledger \
	tests/bench/redo \
	tests/bench/split \
	tests/bench/sqs \
	tests/bin/day \
	tests/bin/demo \
	tests/fuzz/run \
	tests/fuzz/minimise \
	tests/model/run \
	tests/bin/need \
	tests/bin/run \
	tests/servers/up \
	tests/servers/down \
	tests/servers/keeper \
	tests/servers/race
MAN := $(TOOLS:%=cmd/%.1) $(wildcard man/*.[17])

.PHONY: all announce asan bench bench-growth bench-lambda bench-requests bench-split \
	check check-browser check-deb check-examples check-image check-lambda check-lists check-peers clean completions deb demo deploy \
	deps deps-image deps-lambda dist flags fuzz help image install lambda lambda-outdated lambda-release lib \
	lint model picture redrive servers torture torture-listen torture-sqs uninstall unit
.DELETE_ON_ERROR:

all: $(TOOLS:%=$B/%)	## build the tools (default)

demo: deps		## run the main job on local servers; PROCESSOR=... FILES=... BUNDLE=ZIP takes yours
	@$(MAKE) all
	$(if $(filter command environment,$(origin PROCESSOR)),PROCESSOR=$(abspath $(PROCESSOR)) )$(BUNDLE:%=BUNDLE=% )tests/bin/demo $(FILES)

check: deps		## run all tests
	@$(MAKE) $(PARALLEL) $(MODULES) all lib unit
	tests/bin/run $B $(filter-out $(HEAVY_BATS),$(BATS))

lib: $B/promised/libs3ev.a $B/$(SHARED)	## build the library for other programs

flags:			## what sources are compiled with, and libraries
	@:$(info $(ALL_CPPFLAGS) $(ALL_CFLAGS))$(info $(LIBS))

unit: $(UNIT_TESTS)	## build the unit tests

deps:			## install what building and testing need
	tests/bin/need build test

# Its programs are slow: fewer files at a time, or tests wait too long. What is
# installed is not made with its flags; pages are none of them. Files lie on the
# disk, where those of check lie in memory.
NOT_ASAN = tests/topics/install.bats tests/topics/pages.bats
asan:			## run all tests under ASan and UBSan
	@tests/bin/need build test
	@$(MAKE) $(PARALLEL) B=build-asan HARDENING= CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" $(MODULES) all unit
	JOBS=$${JOBS:-4} TMPDIR=$${TMPDIR:-/tmp} tests/bin/run build-asan $(filter-out $(HEAVY_BATS) $(NOT_ASAN),$(BATS))

lint:			## warnings as errors, clang-tidy, cppcheck, shellcheck, mandoc
	@tests/bin/need build lint
	@$(MAKE) $(PARALLEL) B=build-gcc CC=gcc CFLAGS="-O2 -Werror" UNIT_CFLAGS= all unit
	printf '%s\n' cmd/*.c lib/*/*.c tests/unit/*.c | xargs -n 8 -P 2 \
		clang $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Werror -fsyntax-only
	awk -f tests/lint/rooms.awk lib/ROOMS lib/*/*.[ch]
	printf '%s\n' cmd/*.c lib/*/*.c | xargs -n 8 -P 2 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 $(ALL_CPPFLAGS) 2>/dev/null' sh
	cppcheck --quiet --std=c11 --enable=warning,portability,performance \
		--inline-suppr --error-exitcode=1 -Ilib cmd lib
	shellcheck $(SHELL_SCRIPTS)
	shellcheck --shell=bats --severity=warning --exclude=SC2154 $(BATS)
	! mandoc -T lint -W style $(MAN) 2>/dev/null | grep -v "referenced manual not found"

completions: $B/completions/s3ev.bash $B/completions/_s3ev

$B/completions/s3ev.bash: SHELL_OF = bash
$B/completions/_s3ev: SHELL_OF = zsh
$B/completions/s3ev.bash $B/completions/_s3ev: man/completions.awk $(filter %.1,$(MAN))
	@mkdir -p $(@D)
	awk -v shell=$(SHELL_OF) -f $^ >$@

install: all lib completions	## install tools, library, headers and pages below PREFIX
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig \
		$(INCLUDEDIR)/s3ev $(MANDIR)/man1 $(MANDIR)/man7) $(DOC)/examples
	install $(TOOLS:%=$B/%) $(DESTDIR)$(BINDIR)
	for script in $(SCRIPTS); do \
		install pipelines/$${script#s3ev-} $(DESTDIR)$(BINDIR)/$$script || exit; done
	install pipelines/processor $(DOC)/examples
	install -m 644 LICENSE README.md NEWS.md SECURITY.md $(DOC)
	install -D -m 644 $B/completions/s3ev.bash $(COMPLETIONS_BASH)/s3ev-split
	for tool in $(filter-out s3ev-split,$(TOOLS)) $(SCRIPTS); do \
		ln -sf s3ev-split $(COMPLETIONS_BASH)/$$tool || exit; done
	install -D -m 644 -t $(COMPLETIONS_ZSH) $B/completions/_s3ev
	install -m 644 pipelines/service/*.env $(DOC)/examples
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(notdir $(wildcard pipelines/service/*@.*)); do sed 's,/usr/local/bin,$(BINDIR),g' \
		pipelines/service/$$unit >$(DESTDIR)$(UNITDIR)/$$unit && chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit; done
	install -D -m 644 -t $(DATA) pipelines/shims
	install -D -t $(DATA)/python pipelines/python/s3ev_processor.py
	install -D -t $(DATA)/node pipelines/node/s3ev-processor.mjs
	install -m 644 $(filter %.1,$(MAN)) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(filter %.7,$(MAN)) $(DESTDIR)$(MANDIR)/man7
	install -m 644 $B/promised/libs3ev.a $B/$(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libs3ev.so
	install -m 644 include/s3ev/*.h $(DESTDIR)$(INCLUDEDIR)/s3ev
	for header in $(HEADERS:lib/%=%); do install -D -m 644 lib/$$header \
		$(DESTDIR)$(INCLUDEDIR)/s3ev/$$header || exit; done
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@LIBDIR@,$(LIBDIR:$(PREFIX)/%=$${prefix}/%),' \
		-e 's,@INCLUDEDIR@,$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%),' \
		-e 's,@VERSION@,$(VERSION),' -e 's,@LIBS@,$(LIBS),' \
		include/s3ev.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/s3ev.pc

uninstall:		## remove them
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(TOOLS) $(SCRIPTS)) \
		$(patsubst %.1,$(DESTDIR)$(MANDIR)/man1/%.1,$(notdir $(filter %.1,$(MAN)))) \
		$(patsubst %.7,$(DESTDIR)$(MANDIR)/man7/%.7,$(notdir $(filter %.7,$(MAN)))) \
		$(COMPLETIONS_ZSH)/_s3ev $(addprefix $(COMPLETIONS_BASH)/,$(TOOLS) $(SCRIPTS)) \
		$(addprefix $(DESTDIR)$(LIBDIR)/,libs3ev.a libs3ev.so libs3ev.so.* pkgconfig/s3ev.pc)
	rm -f $(patsubst pipelines/service/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard pipelines/service/*@.*))
	rm -rf $(DESTDIR)$(INCLUDEDIR)/s3ev $(DOC) $(DATA)

# What is committed, by the version that --version prints. A tag on it has to say
# the same.
dist:			## a source archive that builds without git
	@tags=$$(git tag --points-at HEAD 'v[0-9]*'); case " $$(echo $$tags) " in \
	'  ' | *' v$(VERSION) '*) ;; \
	*) echo "dist: the tag is $$tags, and lib/base/version.h says $(VERSION)" >&2; exit 65 ;; esac
	@mkdir -p $B/dist
	git archive --format=tar --prefix=s3ev-$(VERSION)/ HEAD | gzip -9n >$B/dist/s3ev-$(VERSION).tar.gz
	@echo $B/dist/s3ev-$(VERSION).tar.gz

deb: dist		## Debian packages, from what is committed
	@tests/bin/need build deb
	pipelines/debian/build $B/dist s3ev $(VERSION)

check-deb:		## test the packages and completions
	@tests/bin/need build deb
	@$(MAKE) all
	BUILD=$(abspath $B) bats $(DEB_BATS)

bench: bench-split bench-requests	## s3ev-split, s3check, requests, s3ls and the receivers beside what is bare
	tests/bench/check
	tests/bench/list
	tests/bench/listen
	tests/bench/processor
	tests/bench/sqs
	tests/bench/ledger
	tests/bench/audit
	tests/bench/redo

bench-split:		## s3ev-split beside the bare parser
	@tests/bin/need build bench
	@$(MAKE) all
	tests/bench/split

bench-requests: lambda	## a record's instructions and system calls, beside bare libcurl
	@tests/bin/need bench-requests
	tests/bench/requests

bench-growth: lambda	## memory and speed over RECORDS=1000000
	@tests/bin/need bench-requests
	tests/bench/growth $(RECORDS)

bench-lambda: lambda	## the bundle beside the same job in Python with boto3
	@tests/bin/need test bench-lambda
	tests/bench/lambda

fuzz:			## each fuzzer for a minute; with SEED=... RUNS=... the same is done again
	@tests/bin/need build fuzz
	tests/fuzz/run $(if $(SEED),-s $(SEED)) $(if $(RUNS),-r $(RUNS),60)

torture:		## kill pipelines N times, with SEED=... BARE=1, see that nothing is lost
	@tests/bin/need build test
	@$(MAKE) all
	tests/bin/torture $(or $N,200) --rate 0.02 $(if $(SEED),--seed $(SEED)) $(if $(BARE),--bare)

torture-sqs:		## the same with workers of a queue; and a day of messages in a minute
	@tests/bin/need build test
	@$(MAKE) all
	tests/bin/torture $(or $N,100) --queue $(if $(SEED),--seed $(SEED)) $(if $(BARE),--bare)
	tests/bin/day

torture-listen:		## the same with a listener that Ceph pushes to; and a crowd of slow senders
	@tests/bin/need build test
	@$(MAKE) all
	tests/bin/torture-listen $(or $N,40) $(if $(SEED),--seed $(SEED))
	tests/bin/torture-listen $(or $N,40) $(if $(SEED),--seed $(SEED)) --no-journal
	tests/bin/crowd

servers:		## what other servers keep of S3's promises, into a table
	@tests/bin/need build test servers
	@$(MAKE) all $(ALL_MODULES)
	tests/servers/promises >$B/PROMISES.md
	mv $B/PROMISES.md tests/servers/PROMISES.md

model:			## check the protocol with spin
	@tests/bin/need model
	tests/model/run

# Nobody connects to a function, so it needs no HTTP server; a container may be one.
BUNDLED = $(filter-out s3ev-listen,$(TOOLS))
# Nothing is installed but by deps-lambda; what is there already is older at worst.
LAMBDA_NEEDS = lambda $(if $(filter-out $(NATIVE),$(ARCH)),lambda-$(ARCH))

lambda:			## the bundle for AWS Lambda; ARCH=x86_64|arm64 INTERPRETER=python3.13|nodejs22.x PROCESSOR=FILE|DIR FROM=ZIP
	@tests/bin/need -n $(if $(FROM),lambda-from,$(LAMBDA_NEEDS)) || { echo "make deps-lambda$(ARCH:%= ARCH=%) installs them, as root$(if $(FROM),,; FROM=ZIP builds without them)" >&2; exit 69; }
	MAKE="$(LAMBDA_MAKE)" FROM="$(FROM)" pipelines/lambda/build $(ARCH) $(INTERPRETER) $(ZIP) $(PROCESSOR) $(BUNDLED)

deps-image: deps-lambda	## the same for make image
	tests/bin/need image

deps-lambda:		## install what make lambda needs, the newest of what it links; ARCH=arm64 adds that architecture
	tests/bin/need $(LAMBDA_NEEDS)

lambda-release:		## both bundles, layers, sums and what is in them, in build/release
	pipelines/lambda/release build/release $(BUNDLED)

IMAGE ?= build/s3ev-image-$(ARCH).tar

image:			## an OCI image of a worker for a queue, for podman and the like; ARCH=x86_64|arm64 IMAGE=FILE FROM=ZIP
	@tests/bin/need -n image $(if $(FROM),lambda-from,$(LAMBDA_NEEDS)) || { echo "make deps-image$(ARCH:%= ARCH=%) installs them, as root" >&2; exit 69; }
	MAKE="$(LAMBDA_MAKE)" FROM="$(FROM)" pipelines/image/build $(ARCH) $(IMAGE) $(TOOLS)

# A bundle that is named and is there, with no word of what is to be in it.
READY = $(if $(filter command,$(origin ZIP)),$(if $(FROM)$(filter command environment,$(firstword $(origin PROCESSOR))),,$(wildcard $(ZIP))))

TAKE_READY = pipelines/lambda/ready $(ARCH) $(ZIP) && \
	echo "$(ZIP) is there, and is deployed as it is; make lambda ZIP=$(ZIP) builds it anew"

# The region and the settings come first: what is wrong with them is said before
# anything is built.
deploy: $(OSLS)		## the stack; STAGE=dev REGION=... DEPLOY='--param NAME=VALUE ...'
	$(SLS) existing $(SLS_OPTIONS)
	$(if $(READY),@$(TAKE_READY),@$(MAKE) lambda)
	$(SLS) deploy $(SLS_OPTIONS)
	$(SLS) info --verbose $(SLS_OPTIONS)

lambda-outdated:	## what in the bundle ZIP is older than what Debian has now
	pipelines/lambda/outdated $(ZIP)

announce: $(OSLS)	## let the incoming bucket of DEPLOY='--param incomingBucket=NAME' tell EventBridge what arrives
	$(SLS) announce $(SLS_OPTIONS)

redrive:		## put the stack's dead letters back into its queue
	$(REGION:%=AWS_REGION=%) pipelines/lambda/redrive s3ev-$(STAGE)

check-browser: deps	## test the page of s3ev-report in Chromium, and what else needs more packages; SHOTS=DIR keeps pictures
	@tests/bin/need browser
	@$(MAKE) $(PARALLEL) all
	@$(MAKE) $(ALL_MODULES)
	BUILD=$(abspath $B) node --test tests/browser/*.test.mjs
	tests/bin/run $B --only tests/tools/s3ev-report.bats tests/tools/s3ev-stat.bats

picture:		## make man/s3ev-report.png, which README.md shows
	@tests/bin/need build browser
	@$(MAKE) all $(ALL_MODULES)
	BUILD=$(abspath $B) node tests/browser/picture man/s3ev-report.png

check-lambda:		## test the bundle and the stack, and the flow with 1000 objects
	@tests/bin/need build test lambda lambda-arm64 lambda-test
	@$(MAKE) all
	LAMBDA_OBJECTS=1000 tests/bin/run $B --only $(LAMBDA_BATS) tests/lambda/lambda.bats

check-image:		## test the image: what is in it, and a worker that runs in it
	@tests/bin/need build test lambda lambda-arm64 image image-test
	@$(MAKE) all
	tests/bin/run $B --only $(IMAGE_BATS)

check-peers: deps	## test the servers of the tests, race, which judges them, and metrics for a collector
	@tests/bin/need servers
	@$(MAKE) $(PARALLEL) all $(ALL_MODULES)
	tests/bin/run $B --only $(PEERS_BATS)

check-examples: deps	## run every example of README and the pages
	@tests/bin/need examples
	@$(MAKE) $(PARALLEL) all lib
	tests/bin/run $B --only $(EXAMPLES_BATS)

check-lists: deps	## list and move 12,000 objects
	@tests/bin/need lists
	@$(MAKE) all
	tests/bin/run $B --only $(LISTS_BATS)

.PHONY: compile_commands.json format
compile_commands.json:	## how each source is compiled, for clangd
	@printf '%s\n' cmd/*.c lib/*/*.c tests/unit/*.c | dir='$(CURDIR)' command='$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c' awk ' \
		function json(s) { gsub(/[\\"]/, "\\\\&", s); return "\"" s "\"" } \
		{ printf "%s{\"directory\": %s, \"file\": %s, \"command\": %s}", (NR > 1 ? ",\n" : "[\n"), \
			json(ENVIRON["dir"]), json($$0), json(ENVIRON["command"] " " $$0) } \
		END { print "\n]" }' >$@

format:			## clang-format on the lines that differ from BASE=HEAD
	git clang-format --force --extensions c,h $(or $(BASE),HEAD)

clean:			## remove what was built
	rm -rf build build-* compile_commands.json

help:			## this list
	@sed -n 's/^\([a-z_.-]*\):[^#]*##/\1 -/p' Makefile

$(OSLS): pipelines/lambda/package-lock.json
	@tests/bin/need -n deploy || { echo "nodejs and npm are for the Serverless Framework; pipelines/lambda/template.yml needs neither" >&2; exit 69; }
	@echo "osls, the Serverless Framework: 270 MB from npm's registry, once, a quarter of a minute" >&2
	cd pipelines/lambda && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# As tests/servers/up has them, too.
$(MODULES): tests/servers/package-lock.json
	cd tests/servers && npm ci --omit=dev --no-audit --no-fund && cp package-lock.json node_modules/.installed-lock

$(ALL_MODULES): tests/servers/package-lock.json
	cd tests/servers && npm ci --no-audit --no-fund && cp package-lock.json node_modules/.installed-lock
	touch $@

# The flags are in the Makefile.
$(LIB_OBJECTS) $(LISTEN_OBJECTS): Makefile

# Each line of a file becomes a string: "int page_css[]" and so on.
$B/page_files.c: lib/report/page.html lib/report/page.css lib/report/page.js Makefile
	@mkdir -p $(@D)
	awk 'BEGIN { print "#include \"report/page_files.h\"" } \
		FNR == 1 { name = FILENAME; gsub(/.*\/|\..*/, "", name); kind = FILENAME; sub(/.*\./, "", kind); \
			printf "%sconst char %s_%s[] =\n", (NR > 1 ? ";\n" : ""), name, kind } \
		{ gsub(/[\\"]/, "\\\\&"); gsub(/\t/, "\\t"); print "\t\"" $$0 "\\n\"" } \
		END { print ";" }' $(filter lib/%,$^) >$@

$B/lib/report/page_files.o: $B/page_files.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$B/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(PIC) -MMD -MP -c -o $@ $<

$B/libs3ev.a: $(LIB_OBJECTS)
$B/liblisten.a: $(LISTEN_OBJECTS)
$B/promised/libs3ev.a: $(PROMISED_OBJECTS)
$B/libs3ev.a $B/liblisten.a $B/promised/libs3ev.a:
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcs $@ $^

# What the library defines and a promised header names.
$B/s3ev.map: $B/promised/libs3ev.a $(wildcard include/s3ev/*.h)
	$(CC) $(ALL_CPPFLAGS) -E -P $(filter %.h,$^) | grep -o '[[:alnum:]_]* *(' | tr -d ' (' >$@.names
	nm -g --defined-only $< | sed -n 's/.* T //p' | grep -Fxf $@.names | \
		sed -e '1i S3EV_$(basename $(VERSION)) { global:' -e 's/$$/;/' -e '$$a local: *; };' >$@

# Modules that nothing promised needs are left out.
$B/$(SHARED): $B/s3ev.map $(PROMISED_OBJECTS)
	$(CC) $(ALL_CFLAGS) $(PIC) -shared -Wl,-soname,$(SONAME),--version-script,$< \
		-Wl,--gc-sections,-Bsymbolic-functions,-z,defs,--as-needed $(RELRO) \
		-o $@ $(PROMISED_OBJECTS) $(LDFLAGS) $(LIBS)

$B/%: cmd/%.c $B/libs3ev.a
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP \
		-MF $B/$*.d -o $@ $< $(MORE) $B/libs3ev.a $(ALL_LDFLAGS) $(LIBS)

$B/s3ev-listen: $B/liblisten.a
$B/s3ev-listen: MORE = $B/liblisten.a -lmicrohttpd

$B/tests/%: tests/unit/%.c $B/liblisten.a $B/libs3ev.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(UNIT_CFLAGS) -MMD -MP -o $@ $< \
		$B/liblisten.a $B/libs3ev.a $(ALL_LDFLAGS) $(LIBS)

-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(LISTEN_OBJECTS)) $(TOOLS:%=$B/%.d) $(UNIT_TESTS:%=%.d)

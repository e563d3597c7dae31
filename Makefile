# SPDX-License-Identifier: Apache-2.0
# make demo, make check; make help lists the rest.

TOOLS := \
	ddb-record \
	lambda-rt \
	s3check \
	s3check-file \
	s3ev-env \
	s3ev-split \
	s3fetch \
	s3rm \
	s3route

PREFIX ?= /usr/local
# gcc optimises s3ev-split when it links it, a twentieth of its time; what else
# uses the objects is linked as ever.
LTO := $(if $(findstring gcc version,$(shell $(CC) -v 2>&1)),-flto -ffat-lto-objects)
LINK = -fno-lto
CFLAGS ?= -O2 -g $(LTO)
B ?= build
# The bundle for Lambda
NATIVE := $(if $(filter aarch64,$(shell uname -m)),arm64,x86_64)
ARCH ?= $(NATIVE)
PROCESSOR ?= pipelines/processor
ZIP ?= build/lambda.zip
STAGE ?= dev
OSLS := pipelines/lambda/node_modules/.bin/osls
SLS = cd pipelines/lambda && SLS_AWS_SDK_V3=1 $(OSLS:pipelines/lambda/%=%)
SLS_OPTIONS = --stage $(STAGE) --region $(or $(REGION),$(AWS_REGION),$(AWS_DEFAULT_REGION),$(error \
	no region: REGION=eu-west-1 or the like, or AWS_REGION in the environment)) --param architecture=$(ARCH) --param zip=$(abspath $(ZIP)) $(DEPLOY)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wconversion
ALL_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -Iinclude $(CPPFLAGS)
ALL_CFLAGS = -std=c11 $(WARNINGS) $(CFLAGS)
LIBS = -lcurl -lcrypto -lyajl -lexpat -lz

LIB_OBJECTS := $(patsubst lib/%.c,$B/lib/%.o,$(wildcard lib/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/*.c))
BATS := $(wildcard tests/*.bats tests/*/*.bats)
LAMBDA_BATS := tests/bundle.bats tests/deploy.bats
SHELL_SCRIPTS := .ci/run pipelines/process pipelines/processor pipelines/try \
	pipelines/lambda/bootstrap pipelines/lambda/build pipelines/lambda/redrive \
	tests/bench/check tests/bench/lambda tests/bench/processor tests/bench/split tests/demo tests/fuzz/run tests/fuzz/minimise tests/model/run tests/need tests/run tests/servers/up tests/servers/down tests/servers/keeper
MAN := $(TOOLS:%=cmd/%.1) $(wildcard man/*.7)

.PHONY: all asan bench bench-lambda bench-split check check-lambda clean demo deploy deps \
	fuzz help install lambda lint model redrive torture uninstall unit
.DELETE_ON_ERROR:

all: $(TOOLS:%=$B/%)	## build the tools (default)

demo: deps		## run the main job on local servers
	@$(MAKE) all
	tests/demo

check: deps		## run all tests
	@$(MAKE) all unit
	tests/run $B $(filter-out $(LAMBDA_BATS),$(BATS))

unit: $(UNIT_TESTS)	## build the unit tests

deps:			## install what building and testing need
	tests/need build test

asan:			## run all tests under ASan and UBSan
	@tests/need build test
	@$(MAKE) B=build-asan CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" all unit
	tests/run build-asan $(filter-out $(LAMBDA_BATS),$(BATS))

lint:			## warnings as errors, clang-tidy, cppcheck, shellcheck, mandoc
	@tests/need build lint
	@$(MAKE) B=build-gcc CC=gcc CFLAGS="-O2 -Werror" all unit
	@$(MAKE) B=build-clang CC=clang CFLAGS="-O2 -Werror" all unit
	printf '%s\n' cmd/*.c lib/*.c | xargs -n 8 -P 2 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 $(ALL_CPPFLAGS) 2>/dev/null' sh
	cppcheck --quiet --std=c11 --enable=warning,portability,performance \
		--inline-suppr --error-exitcode=1 -Iinclude cmd lib
	shellcheck $(SHELL_SCRIPTS)
	shellcheck --shell=bats --severity=warning --exclude=SC2154 $(BATS)
	! mandoc -T lint -W style $(MAN) 2>/dev/null | grep -v "referenced manual not found"

install: all		## install tools and manual pages below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man7
	install $(TOOLS:%=$B/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 cmd/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7

uninstall:		## remove them
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/%) \
		$(TOOLS:%=$(DESTDIR)$(PREFIX)/share/man/man1/%.1) \
		$(patsubst man/%,$(DESTDIR)$(PREFIX)/share/man/man7/%,$(wildcard man/*.7))

bench: bench-split	## s3ev-split and s3check beside what is bare
	tests/bench/check
	tests/bench/processor

bench-split:		## s3ev-split beside the bare parser
	@tests/need build bench
	@$(MAKE) all
	tests/bench/split

bench-lambda: lambda	## the bundle beside the same job in Python with boto3
	@tests/need test bench-lambda
	tests/bench/lambda

fuzz:			## each fuzzer for a minute, with SEED=...
	@tests/need build fuzz
	tests/fuzz/run $(if $(SEED),-s $(SEED)) 60

torture:		## kill pipelines N times, with SEED=..., see that nothing is lost
	@tests/need build test
	@$(MAKE) all
	tests/torture $(or $N,200) --rate 0.02 $(if $(SEED),--seed $(SEED))

model:			## check the protocol with spin
	@tests/need model
	tests/model/run

lambda:			## the bundle for AWS Lambda; ARCH=x86_64|arm64 PROCESSOR=FILE
	@tests/need lambda $(if $(filter-out $(NATIVE),$(ARCH)),lambda-$(ARCH))
	MAKE="$(MAKE)" pipelines/lambda/build $(ARCH) $(ZIP) $(PROCESSOR) $(TOOLS)

deploy: lambda $(OSLS)	## the stack; STAGE=dev REGION=... DEPLOY='--param NAME=VALUE ...'
	$(SLS) deploy $(SLS_OPTIONS)
	$(SLS) info --verbose $(SLS_OPTIONS)

redrive:		## put the stack's dead letters back into its queue
	$(REGION:%=AWS_REGION=%) pipelines/lambda/redrive s3ev-$(STAGE)

check-lambda:		## test the bundle and the stack
	@tests/need build test lambda lambda-arm64 lambda-test
	@$(MAKE) all
	tests/run $B --only $(LAMBDA_BATS)

clean:			## remove what was built
	rm -rf build build-*

help:			## this list
	@sed -n 's/^\([a-z-]*\):[^#]*##/\1 -/p' Makefile

$(OSLS): pipelines/lambda/package-lock.json
	@tests/need deploy
	cd pipelines/lambda && npm ci --no-audit --no-fund
	touch $@

$B/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/libs3ev.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$B/%: cmd/%.c $B/libs3ev.a
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) -MMD -MP \
		-MF $B/lib/cmd-$*.d -o $@ $< $B/libs3ev.a $(LDFLAGS) $(LIBS)

$B/s3ev-split: LINK =

$B/tests/%: tests/unit/%.c $B/libs3ev.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) -MMD -MP -o $@ $< \
		$B/libs3ev.a $(LDFLAGS) $(LIBS)

-include $(wildcard $B/lib/*.d $B/tests/*.d)

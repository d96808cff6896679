# SPDX-License-Identifier: GPL-2.0
#
# Everything is built under build/. `make help` lists what can be made.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDARY:

include version.mk

B := build
CC := gcc
CLANG ?= clang
OPTIMIZE ?= -O2 -g
# Runs of one fuzzer: a number, not a time, so that every machine does the same.
FUZZ_RUNS ?= 10000
# Kernels that `make modules` builds for: those that the scripts fetch, pack and run, $KHO_KERNELS or all of
# tests/vm/kernels.list.
KERNELS = $(shell . scripts/lib.sh && kernel_names)

WERROR ?= -Werror
WARN := $(WERROR) -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes -Wshadow
INCLUDES := -I. -Iinclude -Iinclude/uapi
CFLAGS_COMMON := -std=gnu11 $(OPTIMIZE) $(WARN) $(INCLUDES) -MMD -MP
LIB_CFLAGS := -std=gnu11 $(OPTIMIZE) $(WARN) -I. -Iinclude/uapi -MMD -MP
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# make V=1 shows whole commands, make -s none: the options are the first word, without a dash.
Q := $(if $(V),,@)
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
show = $(if $(V),,@$(if $(silent),:,printf '  %-5s %s\n' '$(1)' '$@'))

core_src := $(wildcard core/*.c)
cli_src := $(wildcard cli/*.c cli/*/*.c)
lib_src := $(wildcard lib/*.c)
unit_tests := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
unit_help := $(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))
fuzzers := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_help := $(filter-out $(wildcard tests/fuzz/fuzz_*.c),$(wildcard tests/fuzz/*.c))
CLI_LIBS := -lsmartcols -ljson-c
# May add to CLI_LIBS and CLI_CFLAGS.
-include cli/Makefile.inc
# Tests include parts of the tool; what they do not use is not linked.
TEST_LIBS := -Wl,--as-needed -lfdt $(CLI_LIBS)

all: cli modules

help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 14
	@echo
	@echo 'Kernels: $(KERNELS) (tests/vm/kernels.list; scripts/kernels.sh fetches them)'
	@echo 'One kernel of your own: make modules-at HEADERS=/lib/modules/$$(uname -r)/build'
	@echo 'Some VM scenarios only: scripts/vm-test.sh NAME...; all of them: scripts/vm-test.sh --list'

all: ## the tool and the modules for every kernel of the list
cli: ## build/kho, the tool
lib: ## build/lib/libliveupdate.so.0, .a and .pc: for clients of /dev/liveupdate
modules: ## build/modules/RELEASE/kho.ko for every kernel of the list (or KERNELS="NAME...")
modules-at: ## the same for the kernel whose headers are at HEADERS
unit: ## unit tests of core/
unit-san: ## the same under AddressSanitizer and UndefinedBehaviorSanitizer
fuzz: ## FUZZ_RUNS runs of each fuzzer
golden: ## compare the wire with the golden files
completion: ## compare the completion with what the tool's help names
routes: ## where reboots go, and what is loaded for them, by the installed scripts
keep: ## what /etc/kho/keep.d becomes, by the installed generator
recipes: ## what services keep and find by the recipes, and what `kho recipe` enables
lint: ## format, checkpatch, sparse, shellcheck, codespell and the rules of this repository
format: ## apply the format that lint wants
vm: ## the scenarios in virtual machines
test: ## all of the above, counted
bench: ## speed, with peers: tables, and docs/performance.md with its plots
nightly: ## hours: scenarios on a debug kernel, all their paths, 200 rounds of stress
install: ## tool, library, headers, manual pages, completion, under $(DESTDIR)$(PREFIX)
install-boot: ## units and hooks: the module is loaded early, the image before a reboot
install-recipes: ## services that keep what they have in memory, and what `kho recipe` enables
install-dkms: ## the source of the modules in /usr/src/kho-VERSION, for DKMS
clean: ## remove build/

# --- the tool

cli: $(B)/kho

$(B)/kho: $(patsubst %.c,$(B)/host/%.o,$(cli_src) $(lib_src) $(core_src))
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

# The tool with one of its functions replaced: a loader without what makes it a handover, for
# comparison, and ones that die or stop at the worst moment.
$(B)/bench/kho-plain: $(B)/host/bench/plain_loader.o
$(B)/bench/kho-plain: wrapped := dev_image_prepare
$(B)/vm/kho-dies: $(B)/host/tests/vm/dying_loader.o
$(B)/vm/kho-dies: wrapped := dev_image_commit
$(B)/vm/kho-stops: $(B)/host/tests/vm/stopping_loader.o
$(B)/vm/kho-stops: wrapped := dev_image_commit dev_image_prepare
$(B)/bench/kho-plain $(B)/vm/kho-dies $(B)/vm/kho-stops: $(patsubst %.c,$(B)/host/%.o,$(cli_src) $(lib_src) $(core_src))
	@mkdir -p $(@D)
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) $(wrapped:%=-Wl,--wrap=%) -o $@ $^ $(CLI_LIBS)

# Microbenchmarks: what they share, and for the tracker the peer.
bench_help := $(patsubst %,$(B)/host/bench/%.o,micro pool workload)
$(B)/bench/bench_tracker: BENCH_LIBS := -lroaring

$(B)/bench/%: $(B)/host/bench/%.o $(bench_help) $(patsubst %.c,$(B)/host/%.o,$(core_src))
	@mkdir -p $(@D)
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) -o $@ $^ $(BENCH_LIBS)

bench:
	@bench/run.sh

$(B)/host/cli/%.o: cli/%.c version.mk
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(CFLAGS_COMMON) $(CLI_CFLAGS) -c -o $@ $<

# The library knows nothing but what user space sees.
$(B)/host/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(LIB_CFLAGS) -c -o $@ $<

$(B)/host/bench/bench_tracker.o: | bench-peer

# CRoaring, which the tracker is compared with.
bench-peer:
	@[ -e /usr/include/roaring/roaring.h ] || { echo 'libroaring-dev is missing: scripts/setup.sh bench' >&2; exit 1; }

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(CFLAGS_COMMON) -c -o $@ $<

# --- the library

lib: $(addprefix $(B)/lib/libliveupdate,.so.0 .a .pc) $(B)/lib/kho.pc

$(B)/lib/libliveupdate.so.0: $(patsubst %.c,$(B)/lib/obj/%.o,$(lib_src))
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) $(LDFLAGS) -shared -Wl,-soname,$(@F) -o $@ $^
	$(Q)ln -sf $(@F) $(@D)/libliveupdate.so

$(B)/lib/libliveupdate.a: $(patsubst %.c,$(B)/lib/obj/%.o,$(lib_src))
	$(call show,AR)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/lib/%.pc: lib/%.pc.in version.mk install.mk FORCE
	@mkdir -p $(@D)
	$(call show,SED)
	$(Q)sed -e 's|@version@|$(KHO_VERSION)|' -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' \
		-e 's|@includedir@|$(INCLUDEDIR)|' $< >$@

FORCE:

$(B)/lib/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(LIB_CFLAGS) -fPIC -c -o $@ $<

# --- the modules

modules: $(KERNELS:%=module-%)

# With "+" the jobs of this make are shared with the kernel's.
module-%:
	+@scripts/modules.sh $*

modules-at:
	+@scripts/modules.sh --headers $(HEADERS)

# --- unit tests: one program for each test_*.c, twice

$(B)/unit-san/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(CFLAGS_COMMON) $(SAN) -Itests/unit -c -o $@ $<

$(B)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CC) $(CFLAGS_COMMON) -Itests/unit -c -o $@ $<

unit_objects = $(patsubst %.c,$(1)/obj/%.o,$(core_src) $(unit_help))

$(B)/unit/test_%: $(B)/unit/obj/tests/unit/test_%.o $(call unit_objects,$(B)/unit)
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) -o $@ $^ $(TEST_LIBS) -lcmocka

$(B)/unit-san/test_%: $(B)/unit-san/obj/tests/unit/test_%.o $(call unit_objects,$(B)/unit-san)
	$(call show,LD)
	$(Q)$(CC) $(OPTIMIZE) $(SAN) -o $@ $^ $(TEST_LIBS) -lcmocka

unit-build: $(unit_tests:%=$(B)/unit/%)
unit-san-build: $(unit_tests:%=$(B)/unit-san/%)

unit: unit-build
	@scripts/run-each.sh $(unit_tests:%=$(B)/unit/%)

unit-san: unit-san-build
	@scripts/run-each.sh $(unit_tests:%=$(B)/unit-san/%)

# --- fuzzers

$(B)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call show,CC)
	$(Q)$(CLANG) $(CFLAGS_COMMON) $(SAN) -fsanitize=fuzzer-no-link -Itests/unit -Itests/fuzz -c -o $@ $<

$(B)/fuzz/fuzz_%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o \
		$(patsubst %.c,$(B)/fuzz/obj/%.o,$(core_src) $(unit_help) $(fuzz_help))
	$(call show,LD)
	$(Q)$(CLANG) $(OPTIMIZE) $(SAN) -fsanitize=fuzzer -o $@ $^ $(TEST_LIBS)

fuzz-build: $(fuzzers:%=$(B)/fuzz/%)

fuzz: fuzz-build
	@failed=0; for name in $(fuzzers:fuzz_%=%); do \
		scripts/fuzz.sh $$name $(FUZZ_RUNS) || failed=1; done; exit $$failed

# --- the rest

golden: $(patsubst %,$(B)/unit/%,$(filter test_golden%,$(unit_tests)))
	@scripts/run-each.sh $^

completion: cli
	@tests/cli/completion.sh

routes:
	@tests/boot/routes.sh

keep:
	@tests/boot/keep.sh

recipes:
	@tests/boot/recipes.sh

lint:
	@scripts/lint.sh

format:
	@scripts/lint.sh --fix format

vm: cli modules
	@scripts/vm-test.sh

test:
	@scripts/test.sh

nightly:
	@scripts/nightly.sh

clean:
	rm -rf $(B)

include install.mk

.PHONY: bench-peer all help cli lib modules modules-at unit unit-build unit-san unit-san-build fuzz fuzz-build \
	golden completion routes keep recipes lint format vm test bench nightly clean FORCE

-include $(shell find $(B)/host $(B)/unit $(B)/unit-san $(B)/fuzz -name '*.d' 2>/dev/null)

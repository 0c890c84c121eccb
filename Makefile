# SPDX-License-Identifier: Apache-2.0
# One Makefile, not recursive. HACKING.md says how the tree is laid out; `make help` lists targets.
VERSION  := 0.1.0
PREFIX   ?= /usr/local
comma    := ,
BUILD    ?= out$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
ifeq ($(origin CC),default)
CC       := gcc
endif
FOLDERS  := base oci python seccomp probe store layers sandbox execute fleet lint build run quadlet cmd
PKGS     := json-glib-1.0 yaml-0.1 libcrypto libzstd
# loaded when first used: only their headers
HEADERS  := ostree-1

# Debian packages: to build, to test; goals that need them install, as root, what is missing.
BUILD_PKGS := gcc make pkg-config libglib2.0-dev libjson-glib-dev libyaml-dev libssl-dev \
              libarchive-dev libzstd-dev libdeflate-dev libisal-dev libcurl4-openssl-dev \
              libostree-dev libseccomp-dev libcap-dev
TEST_PKGS  := bats perl gnupg python3 python3-packaging python3-jsonschema python3-venv python3-pip \
              python3-pip-whl python3-yaml python3-kubernetes python3-zmq iproute2 skopeo umoci zstd \
              patchelf binutils dpkg-dev \
              xz-utils file procps shellcheck gpgv debian-archive-keyring \
              uidmap mmdebstrap clang-format-14 groff-base golang-github-opencontainers-image-spec-dev \
              python3-grpcio gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user seccomp \
              golang-github-containers-common locales
FUZZ_PKGS  := clang-14 libclang-rt-14-dev

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wwrite-strings -Wformat=2 -Wswitch-enum
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE -Wl,-z,relro,-z,now -pie
OPT      ?= -O2 -g
ifdef SANITIZE
HARDEN   := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT      := -O1 -g
else
OPT      += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifdef DEVELOPER
WARN     += -Werror
endif
GLIB_API := -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74 -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74
# Asked for when the first recipe needs it, for pkg-config may have to be installed before, and then
# remembered. Third-party headers are system headers: their warnings are not ours.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS) $(HEADERS) | \
             sed 's/-I/-isystem /g'))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)) -ldeflate -lisal -ldl -lcap \
             -pthread)$(PKG_LIBS)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DSMITH_VERSION='"$(VERSION)"' -I. $(GLIB_API) $(WARN) $(OPT) \
             $(HARDEN) $(PKG_CFLAGS) $(CFLAGS)
ALL_LIBS   = -Wl,--as-needed $(PKG_LIBS) $(LDFLAGS)

PROBE_SRC := $(wildcard probe/oci-probe/*.c)
LIB_SRC  := $(filter-out cmd/%,$(wildcard $(FOLDERS:%=%/*.c)))
CMD_SRC  := $(wildcard cmd/*.c)
UNIT_SRC := $(wildcard tests/unit/test-*.c)
TOOL_SRC := $(filter-out tests/tools/otherhost.c,$(wildcard tests/tools/*.c))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz-*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/probe/parts.o
CMD_OBJ  := $(CMD_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
TOOL_BIN := $(TOOL_SRC:tests/tools/%.c=$(BUILD)/tests/%)
REPLAY   := $(FUZZ_SRC:tests/fuzz/fuzz-%.c=$(BUILD)/tests/replay-%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
# a page for the program and one for each command
MAN      := $(BUILD)/man/ocismith.1 $(patsubst cmd/cmd-%.c,$(BUILD)/man/ocismith-%.1,$(wildcard cmd/cmd-*.c))
COMPLETE := $(addprefix $(BUILD)/completions/ocismith.,bash zsh fish)
BIN      := $(BUILD)/ocismith

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help man unit test-programs check check-unit check-e2e check-style check-layers bench \
        fuzz fuzz-deps fuzz-programs fuzz-owners demo install dist fmt clean FORCE
all: $(BIN) man $(COMPLETE) ## the program, its man pages and completions

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.* ## \(.*\)/\1\t\2/p' Makefile | expand -t 16

# --- packages: stamps, so that dpkg is asked once
$(BUILD)/deps-build $(BUILD)/deps-test: Makefile tests/tools/install-deps
	@mkdir -p $(@D)
	@tests/tools/install-deps $(BUILD_PKGS) $(if $(filter %-test,$@),$(TEST_PKGS))
	@touch $@
DEPS := $(if $(filter demo,$(MAKECMDGOALS)),$(BUILD)/deps-build) \
        $(if $(filter bench check check-% fuzz,$(MAKECMDGOALS)),$(BUILD)/deps-test)

# --- compiling (V=1 shows the commands)
Q = $(if $(V),,@echo '  $(1)  $(@:$(BUILD)/%=%)';)
# the flags, so that a change of them rebuilds
$(BUILD)/flags: FORCE | $(DEPS)
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LIBS)' | cmp -s - $@ || \
	 echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LIBS)' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/execute/bytecode.o: execute/compile.py
$(BUILD)/execute/pip-build.o: execute/build.py
$(BUILD)/execute/pip-install.o: execute/install.py
$(BUILD)/seccomp/profiles.o: $(wildcard seccomp/profiles/*.json)
$(BUILD)/quadlet/shell.o: quadlet/shell-run.sh
$(BUILD)/run/family.o: run/smoke.py

# oci-probe runs where there may be no C library. It is what goes into images: the same compiler
# makes it whatever CC is, without the flags of the program.
PROBES      := $(BUILD)/probe/oci-probe-amd64 $(BUILD)/probe/oci-probe-arm64
PROBE_FLAGS := -std=c17 -D_GNU_SOURCE -I. $(WARN) -Os -fPIE -static-pie -s -fstack-protector-strong \
               -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections -fno-ident \
               -Wl,--gc-sections,--build-id=none,-z,relro,-z,now
PROBE_CCS   := $(wildcard $(addsuffix /x86_64-linux-gnu-gcc,$(subst :, ,$(PATH))) \
               $(addsuffix /aarch64-linux-gnu-gcc,$(subst :, ,$(PATH))))
$(BUILD)/probe/flags: FORCE | $(DEPS)
	@mkdir -p $(@D)
	@echo '$(CC) $(PROBE_CCS) $(PROBE_FLAGS)' | cmp -s - $@ || \
	 echo '$(CC) $(PROBE_CCS) $(PROBE_FLAGS)' >$@
$(PROBES): $(BUILD)/probe/oci-probe-%: probe/build.sh $(PROBE_SRC) $(wildcard probe/oci-probe/*.h) $(BUILD)/probe/flags
	$(call Q,PROBE)probe/build.sh $* $@ '$(CC)' $(PROBE_FLAGS) -- $(PROBE_SRC)
$(BUILD)/probe/parts.o: probe/parts.S $(PROBES)
	$(call Q,AS)$(CC) -c -Wa,-I$(BUILD)/probe -o $@ $<

# its parts, for tests
$(BUILD)/libprobe.a: $(filter-out %/main.o,$(PROBE_SRC:%.c=$(BUILD)/%.o))
	@rm -f $@
	$(call Q,AR)ar qcs $@ $^

$(BUILD)/libsmith.a: $(LIB_OBJ)
	@rm -f $@
	$(call Q,AR)ar qcs $@ $(LIB_OBJ)

# cmd/ without main(), for its unit tests
$(BUILD)/libcmd.a: $(filter-out $(BUILD)/cmd/main.o,$(CMD_OBJ))
	@rm -f $@
	$(call Q,AR)ar qcs $@ $^

LINK = $(call Q,LD)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.o %.a,$^) $(ALL_LIBS)

$(BIN): $(CMD_OBJ) $(BUILD)/libsmith.a
	$(LINK)

$(BUILD)/tests/test-cmd-%: $(BUILD)/tests/unit/test-cmd-%.o $(BUILD)/libcmd.a $(BUILD)/libsmith.a
	$(LINK)

$(BUILD)/tests/test-probe-oci-%: $(BUILD)/tests/unit/test-probe-oci-%.o $(BUILD)/libprobe.a $(BUILD)/libsmith.a
	$(LINK)

$(BUILD)/tests/replay-%: $(BUILD)/tests/fuzz/fuzz-%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libprobe.a $(BUILD)/libsmith.a
	$(LINK)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsmith.a
	$(LINK)

$(BUILD)/tests/confine $(BUILD)/tests/refuse: private ALL_LIBS += -lseccomp
$(BUILD)/tests/%: $(BUILD)/tests/tools/%.o $(BUILD)/libsmith.a
	$(LINK)

# what steps run where there is no C library: static, without sanitizers
$(BUILD)/tests/attack: $(wildcard tests/attack/*.[ch])
$(BUILD)/tests/owners: $(wildcard tests/owners/*.[ch])
$(BUILD)/tests/attack $(BUILD)/tests/owners:
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -std=c17 -D_GNU_SOURCE -I. $(WARN) -O2 -static -pthread -o $@ $(filter %.c,$^)

# to be preloaded: without sanitizers, which the program brings
$(BUILD)/tests/%.so: tests/tools/%.c
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -shared -fPIC -o $@ $<

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libprobe.a $(BUILD)/libsmith.a
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(ALL_LIBS)

man: $(MAN)
$(BUILD)/man/%.1: docs/man/%.1.in docs/man/join.awk $(BIN)
	@mkdir -p $(@D)
	$(call Q,MAN)$(BIN) help --roff $(*:ocismith-%=%) | awk -f docs/man/join.awk - $< >$@

$(BUILD)/completions/ocismith.%: $(BIN)
	@mkdir -p $(@D)
	$(call Q,GEN)$(BIN) completion $* >$@

# --- testing
# Everything that tests run finds its programs and data through these.
TEST_ENV = env -u OCISMITH_STORE -u NO_COLOR -u SOURCE_DATE_EPOCH G_DEBUG=fatal-warnings \
           OCISMITH_BUILD=$(abspath $(BUILD)) OCISMITH=$(abspath $(BIN)) G_TEST_SRCDIR=$(CURDIR) \
           LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 G_SLICE=always-malloc \
           CC='$(CC)' HEADER_CFLAGS='$(filter-out -DSMITH_VERSION=%,$(ALL_CFLAGS))'
PROVE    = $(TEST_ENV) tests/tools/run-tests

unit: $(UNIT_BIN)
test-programs: $(UNIT_BIN) $(TOOL_BIN) $(REPLAY) $(BUILD)/tests/otherhost.so $(BUILD)/tests/attack $(BUILD)/tests/owners

check: all test-programs ## style, layers, unit tests, corpora and the tests of the command line
	@$(PROVE) $(wildcard tests/style/*.bats) $(UNIT_BIN) $(REPLAY) $(wildcard tests/cli/*.bats)

check-unit: test-programs $(if $(TESTS),all) ## unit tests and corpora, and those that TESTS names
	@$(PROVE) $(UNIT_BIN) $(REPLAY) $(TESTS)

check-some: all test-programs ## the tests that TESTS names
	@$(PROVE) $(TESTS)

check-e2e: all test-programs ## with real podman, systemd and docker; as root, needs the network
	@$(PROVE) $(wildcard tests/e2e/*.bats)

check-style: $(BUILD)/flags ## format, lengths, banned words, error texts, licences, headers, scripts
	@$(TEST_ENV) tests/style/check-style

check-layers: ## a folder includes only folders of lower rank
	tests/style/check-layers

bench: all test-programs ## times of check, of runs, and against buildah; BENCH_ARGS goes to tests/bench/run
	@$(TEST_ENV) tests/bench/check
	@$(TEST_ENV) tests/bench/smoke
	@$(TEST_ENV) tests/bench/run $(BENCH_ARGS)

FUZZ_SECONDS ?= 60
fuzz: fuzz-deps ## each fuzz target for FUZZ_SECONDS, or the same FUZZ_RUNS inputs
	$(MAKE) BUILD=$(BUILD)-clang CC=clang-14 SANITIZE=fuzzer-no-link,address,undefined fuzz-programs
	FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(BUILD)-clang/fuzz
fuzz-deps: $(BUILD)/deps-test
	@tests/tools/install-deps $(FUZZ_PKGS)
fuzz-programs: $(FUZZ_BIN)

OPERATIONS ?= 1000000
fuzz-owners: test-programs ## the owner record against its model, OPERATIONS of them
	@OPERATIONS=$(OPERATIONS) $(PROVE) tests/cli/owners.bats

demo: all ## examples/hello as real images: base, wheels, lock, build, units
	OCISMITH=$(abspath $(BIN)) examples/demo.sh

# --- the rest
SHARE = $(DESTDIR)$(PREFIX)/share
install: all ## to PREFIX (/usr/local) below DESTDIR
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/ocismith
	install -d $(SHARE)/man/man1 $(SHARE)/ocismith/families.d
	install -m 644 $(MAN) docs/man/oci-probe.1 $(SHARE)/man/man1
	install -D -m 644 $(BUILD)/completions/ocismith.bash $(SHARE)/bash-completion/completions/ocismith
	install -D -m 644 $(BUILD)/completions/ocismith.zsh $(SHARE)/zsh/site-functions/_ocismith
	install -D -m 644 $(BUILD)/completions/ocismith.fish $(SHARE)/fish/vendor_completions.d/ocismith.fish
	install -m 644 docs/fleet.schema.json docs/family.schema.json $(SHARE)/ocismith
	$(foreach f,$(wildcard families.d/*.yaml),install -m 644 $f $(SHARE)/ocismith/families.d;)
	$(foreach f,$(wildcard seccomp/profiles/*.json),install -D -m 644 -t $(SHARE)/ocismith/seccomp $f;)

dist: ## a source archive of HEAD, the same bytes each time
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=ocismith-$(VERSION)/ HEAD | gzip -n9 >$(BUILD)/ocismith-$(VERSION).tar.gz

fmt: ## clang-format all of it
	clang-format-14 -i $(wildcard $(FOLDERS:%=%/*.[ch]) tests/*/*.[ch])

clean: ## remove what was built
	rm -rf out out-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

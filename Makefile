# SPDX-License-Identifier: Apache-2.0
# One Makefile, not recursive. HACKING.md says how the tree is laid out; `make help` lists targets.
VERSION  := 0.1.0
PREFIX   ?= /usr/local
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
comma    := ,
CC       ?= gcc
FOLDERS  := base oci python store layers fleet build quadlet cmd
PKGS     := json-glib-1.0 yaml-0.1 libcrypto libzstd

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
# third-party headers as system headers: their warnings are not ours
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g')
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -ldeflate -lisal -ldl -pthread
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DSMITH_VERSION='"$(VERSION)"' -I. $(GLIB_API) $(WARN) $(OPT) \
             $(HARDEN) $(PKG_CFLAGS) $(CFLAGS)
ALL_LIBS   = -Wl,--as-needed $(PKG_LIBS) $(LDFLAGS)

LIB_SRC  := $(filter-out cmd/%,$(wildcard $(FOLDERS:%=%/*.c)))
CMD_SRC  := $(wildcard cmd/*.c)
UNIT_SRC := $(wildcard tests/unit/test-*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz-*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
CMD_OBJ  := $(CMD_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
BIN      := $(BUILD)/ocismith

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all unit clean FORCE
all: $(BIN)

# the flags, so that a change of them rebuilds
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LIBS)' | cmp -s - $@ || \
	 echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LIBS)' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsmith.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(BIN): $(CMD_OBJ) $(BUILD)/libsmith.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsmith.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LIBS)

unit: $(UNIT_BIN)

clean:
	rm -rf build build-*

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d)

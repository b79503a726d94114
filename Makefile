# SPDX-License-Identifier: ISC
#
#	make deps          install what building needs (Debian, Ubuntu)
#	make               build/pemkeep
#	make check         all tests; T=cli/03 only those with this in the name
#	make check-asan    the same under AddressSanitizer and UBSan
#	make lint          format, static analysis, manuals
#	make fuzz          FUZZ_SECONDS=60 for each target (clang)
#	make demo, bench, install, uninstall, clean
#
# V=1 shows the commands, B=DIR builds elsewhere, WERROR=1 (or CI) makes
# warnings errors.  PREFIX, BINDIR, MANDIR, DATADIR, DESTDIR as usual.

VERSION = 0.1.0

B = build
DEPS = build/deps
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
ifeq ($(filter-out . $(CURDIR),$(B:%/=%)),)
$(error B must be a folder of its own)
endif
CFLAGS = -O2 -g
FUZZ_SECONDS = 60
T =
PKG_CONFIG = pkg-config
export CC

NEEDS = 'libsodium >= 1.0.18' 'libcrypto >= 3.0' 'jansson >= 2.10' \
	'libevent_core >= 2.1' 'libcurl >= 7.86' 'expat >= 2.4' \
	'sqlite3 >= 3.34'
# Those of AWS and its cache are loaded when they are needed (base/library.h).
MODULES = libsodium libcrypto jansson libevent_core
HEADERS = libcurl expat sqlite3
# The one that `make deps` had to build, else the system's.
ifneq ($(wildcard $(DEPS)/lib/libssh2.a),)
LIBSSH2_CFLAGS := -I$(DEPS)/include
LIBSSH2_LIBS := $(DEPS)/lib/libssh2.a
else
NEEDS += 'libssh2 >= 1.11.1'
LIBSSH2_CFLAGS := $(shell $(PKG_CONFIG) --cflags libssh2 2>/dev/null)
LIBSSH2_LIBS := $(shell $(PKG_CONFIG) --libs libssh2 2>/dev/null)
endif
MISSING := $(shell command -v $(PKG_CONFIG) >/dev/null || echo pkg-config; \
	for n in $(NEEDS); do \
		$(PKG_CONFIG) --exists "$$n" 2>/dev/null || echo "'$$n'"; done)
LDLIBS := $(LIBSSH2_LIBS) $(shell $(PKG_CONFIG) --libs $(MODULES) 2>/dev/null)
LIB_CFLAGS := $(LIBSSH2_CFLAGS) \
	$(shell $(PKG_CONFIG) --cflags $(MODULES) $(HEADERS) 2>/dev/null)

takes = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null \
	2>/dev/null && echo $(1))
WARN = -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif
HARDEN := -fPIE -fstack-protector-strong \
	$(call takes,-fstack-clash-protection) $(call takes,-fcf-protection)
LINK = -pthread -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# Not so with a sanitizer: libc would not find the malloc that clang links in.
ifeq ($(SANITIZE),)
LINK += -Wl,--exclude-libs,ALL
endif
ifneq ($(SANITIZE),)
HARDEN += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else ifneq ($(filter -O1 -O2 -O3 -Os,$(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -I. $(INCLUDE) $(WARN) $(HARDEN) \
	$(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
# gcc 12 loses track of what hangs on an array that grows; LeakSanitizer doesn't.
NO_LEAKS = -Wno-analyzer-malloc-leak
FLAGS := $(VERSION) $(COMPILE) $(LINK) $(LDFLAGS) \
	$(shell cat $(DEPS)/libssh2.version 2>/dev/null)
LD = $(CC) $(HARDEN) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@
ifeq ($(V),)
say = @printf '  %-5s %s\n' $(1) $(@:$(B)/%=%);
endif

# The library is everything but main(); of tests/X/*.c those that have a main()
# are programs, and the others are linked into each program of that folder.
SRC := $(wildcard vault/*.c src/*/*.c)
TEST_SRC := $(wildcard tests/unit/*.c tests/tools/*.c tests/fault/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
C_FILES := $(SRC) $(TEST_SRC) $(wildcard vault/*.h include/pemkeep/*/*.h \
	src/*/*.h tests/*/*.h tests/deps/*.c tests/fuzz/*.c)
LIB_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out src/cli/main.c,$(SRC)))
TESTERS := $(patsubst %.c,$(B)/%,$(shell grep -lw '^main' $(TEST_SRC) /dev/null))
HELPERS := $(filter-out $(TESTERS:=.o),$(TEST_SRC:%.c=$(B)/%.o))
FUZZERS := $(FUZZ_SRC:%.c=$(B)/%)
FUZZ_MAIN = $(B)/tests/fuzz/replay.o

all: $(B)/pemkeep
tests: all $(TESTERS) $(FUZZERS) $(B)/tests/deps/libssh2

$(B)/pemkeep: $(B)/src/cli/main.o $(B)/libpemkeep.a
	$(call say,LINK)$(LD) $^ $(LDLIBS)

# 'q', since 'r' would take files of one name in two folders for one.
$(B)/libpemkeep.a: $(LIB_OBJ)
	$(call say,AR)rm -f $@ && $(AR) qcs $@ $^

$(TESTERS): $(B)/%: $(B)/%.o $(HELPERS) $(B)/libpemkeep.a
	$(call say,LINK)$(LD) $< $(filter $(@D)/%,$(HELPERS)) \
		$(B)/libpemkeep.a $(LDLIBS) $(if $(filter %/unit,$(@D)),-lcmocka -lsqlite3)

$(FUZZERS): $(B)/%: $(B)/%.o $(FUZZ_MAIN) $(B)/libpemkeep.a
	$(call say,LINK)$(LD) $(FUZZ_LINK) $^ $(LDLIBS)

$(B)/tests/deps/libssh2: tests/deps/libssh2.c $(wildcard $(DEPS)/lib/libssh2.a)
	@mkdir -p $(@D)
	$(call say,LINK)$(COMPILE) $(LINK) -o $@ $< $(LDLIBS)

# vault/ does without -Iinclude.
$(B)/src/%.o $(B)/tests/%.o $(B)/lint/src/%.o: INCLUDE = -Iinclude
$(B)/src/cli/%.o $(B)/lint/src/cli/%.o: \
	CPPFLAGS += -DPEMKEEP_VERSION='"$(VERSION)"'
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<
$(B)/lint/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,LINT)$(COMPILE:$(CC)%=gcc%) -Werror -fanalyzer $(NO_LEAKS) -MMD -MP \
		-c -o $@ $<

# Changes when the flags do, so that everything is built again.
$(B)/flags: FORCE
	$(if $(MISSING),$(error missing: $(MISSING); run: make deps))
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

deps deps-check deps-demo:
	@tests/deps/packages.sh $(DEPS) $(@:deps-%=%)
	@tests/deps/libssh2.sh $(DEPS)

# Scripts, and programs of tests/unit/ and tests/fault/NN-*.c; what else there is
# in C is run by the scripts.
TESTS = $(sort $(filter-out %/lib.sh,$(wildcard tests/cli/*.sh tests/fault/*.sh \
	tests/interop/*.sh tests/vectors/*.sh))) \
	$(filter $(patsubst %.c,$(B)/%,$(wildcard tests/fault/[0-9]*.c \
		tests/unit/*.c)),$(TESTERS)) \
	$(foreach f,$(FUZZERS),'$f tests/fuzz/corpus/$(f:$(B)/tests/fuzz/fuzz_%=%)') \
	$(B)/tests/deps/libssh2 tests/lint-layers.sh \
	tests/lint-layers-selftest.sh tests/run-selftest.sh
SUBMAKE = +@$(MAKE) --no-print-directory \
	$(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

check: deps-check
	$(SUBMAKE) tests
	@BUILD=$(B) ONLY='$(T)' tests/run.sh $(TESTS)

check-asan: deps-check
	$(SUBMAKE) check B=$(B)/asan CFLAGS='-O1 -g' SANITIZE=address,undefined

lint: $(SRC:%.c=$(B)/lint/%.o)
	@tests/lint.sh $(C_FILES)

fuzz:
	@tests/fuzz/run.sh --probe
	$(SUBMAKE) fuzz-run B=$(B)/fuzz CC=clang CFLAGS='-O1 -g' \
		SANITIZE=fuzzer-no-link,address,undefined \
		FUZZ_LINK=-fsanitize=fuzzer FUZZ_MAIN=
fuzz-run: $(FUZZERS)
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(abspath $(FUZZERS))

demo: deps-demo
	$(SUBMAKE) all
	@BUILD=$(B) tests/demo.sh

bench: tests
	@set -e; for b in $(wildcard tests/bench/*.sh); do BUILD=$(B) $$b; done

# What a shell looks for by the command's name.
COMPLETIONS = $(addprefix bash-completion/completions/,pemkeep connect) \
	zsh/site-functions/_pemkeep \
	$(addprefix fish/vendor_completions.d/,pemkeep.fish connect.fish)

install: all
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(B)/pemkeep $(DESTDIR)$(BINDIR)
	ln -sf pemkeep $(DESTDIR)$(BINDIR)/connect
	@set -e; for page in $(wildcard man/*.[1-9]); do \
		dir=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
		(set -x; install -d $$dir; install -m 644 $$page $$dir); done
	@set -e; for file in $(COMPLETIONS); do \
		install -d $(DESTDIR)$(DATADIR)/$${file%/*}; \
		case $$file in zsh/*) shell=zsh;; *.fish) shell=fish;; \
		*) shell=bash;; esac; \
		$(B)/pemkeep completion $$shell >$(B)/completion; \
		(set -x; install -m 644 $(B)/completion \
			$(DESTDIR)$(DATADIR)/$$file); done; rm -f $(B)/completion

# A staging folder is left as it was found; others keep the folders of a system.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/pemkeep $(DESTDIR)$(BINDIR)/connect
	@set -e; for page in $(notdir $(wildcard man/*.[1-9])); do \
		(set -x; rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page); done
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/,$(COMPLETIONS))
	@[ -z '$(DESTDIR)' ] || for dir in $(BINDIR) $(MANDIR)/man1 \
		$(MANDIR)/man5 $(addprefix $(DATADIR)/,$(dir $(COMPLETIONS))); do \
		(cd $(DESTDIR) && rmdir -p .$$dir) 2>/dev/null || :; done

# All but the libssh2 that `make deps` has built.
clean:
	rm -rf $(addprefix $(B)/,asan flags fuzz libpemkeep.a lint logs pemkeep \
		src tests vault)

FORCE:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all tests deps deps-check deps-demo check check-asan lint fuzz \
	fuzz-run demo bench install uninstall clean FORCE
-include $(patsubst %.c,$(B)/%.d,$(SRC) $(TEST_SRC) $(FUZZ_SRC)) \
	$(SRC:%.c=$(B)/lint/%.d)

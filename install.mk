# SPDX-License-Identifier: GPL-2.0
#
# Included by the top Makefile: where things are installed. DESTDIR is put before every path.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

# $(call put,MODE,FILES,DIRECTORY)
put = install -d -m 755 $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)

install: install-tool install-lib

install-tool: cli
	$(call put,755,$(B)/kho,$(SBINDIR))
	$(call put,644,docs/kho.8,$(MANDIR)/man8)
	install -d -m 755 $(DESTDIR)$(COMPLETIONDIR)
	install -m 644 completion/kho.bash $(DESTDIR)$(COMPLETIONDIR)/kho

# The headers for modules are for -I$(INCLUDEDIR)/kho, those of the ioctls for
# -I$(INCLUDEDIR)/kho/uapi: newer kernels' headers have files of the same names.
install-lib: lib
	$(call put,644,$(B)/lib/libliveupdate.so.0 $(B)/lib/libliveupdate.a,$(LIBDIR))
	ln -sf libliveupdate.so.0 $(DESTDIR)$(LIBDIR)/libliveupdate.so
	$(call put,644,$(B)/lib/libliveupdate.pc $(B)/lib/kho.pc,$(LIBDIR)/pkgconfig)
	$(call put,644,lib/liveupdate.h,$(INCLUDEDIR))
	$(call put,644,include/linux/*.h,$(INCLUDEDIR)/kho/linux)
	$(call put,644,include/linux/kho/abi/*.h,$(INCLUDEDIR)/kho/linux/kho/abi)
	$(call put,644,include/uapi/linux/*.h,$(INCLUDEDIR)/kho/uapi/linux)
	$(call put,644,docs/libliveupdate.3,$(MANDIR)/man3)

.PHONY: install install-tool install-lib

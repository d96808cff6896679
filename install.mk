# SPDX-License-Identifier: GPL-2.0
#
# Included by the top Makefile: where things are installed. DESTDIR is put before every path.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/vendor-completions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# $(call put,MODE,FILES,DIRECTORY)
put = install -d -m 755 $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)

install: install-tool install-lib

install-tool: cli
	$(call put,755,$(B)/kho,$(SBINDIR))
	$(call put,644,docs/kho.8,$(MANDIR)/man8)
	install -d -m 755 $(DESTDIR)$(COMPLETIONDIR)
	install -m 644 completion/kho.bash $(DESTDIR)$(COMPLETIONDIR)/kho
	$(call put,644,completion/_kho,$(ZSHDIR))
	$(call put,644,completion/kho.fish,$(FISHDIR))

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
	$(Q)[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || ldconfig

.PHONY: install install-tool install-lib

# --- what makes a reboot hand over; these places are fixed

LIBEXECDIR ?= $(PREFIX)/lib/kho
UNITDIR ?= /usr/lib/systemd/system
GENERATORDIR ?= $(patsubst %/system,%/system-generators,$(UNITDIR))
INITRAMFSDIR ?= /usr/share/initramfs-tools
DRACUTDIR ?= /usr/lib/dracut/modules.d/90kho

$(B)/boot/%: boot/%.in install.mk FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@sbindir@|$(SBINDIR)|g' -e 's|@libexecdir@|$(LIBEXECDIR)|g' \
		-e 's|@unitdir@|$(UNITDIR)|g' $< >$@

# $(call script,FILE,PATH) installs a script, $(call text,FILE,PATH) a file
script = install -D -m 755 $(1) $(DESTDIR)$(2)
text = install -D -m 644 $(1) $(DESTDIR)$(2)

install-boot: $(addprefix $(B)/boot/,kho.service kho-load.service kho-stopping.service) \
		$(addprefix $(B)/boot/,kho-keep@.service kho-keep-generator kho-session@.service) \
		$(addprefix $(B)/boot/,kho-reboot systemd-reboot.conf systemd-kexec.conf) \
		$(addprefix $(B)/boot/kernel/,postinst postrm header-postinst initramfs)
	$(call script,boot/kho-boot,$(LIBEXECDIR)/kho-boot)
	$(call text,boot/default,/etc/default/kho)
	install -d -m 755 $(DESTDIR)/etc/kho/pre-load.d
	install -d -m 755 $(DESTDIR)/etc/kho/keep.d
	install -d -m 755 $(DESTDIR)/etc/kho/session.d
	$(call script,boot/kho-keep,$(LIBEXECDIR)/kho-keep)
	$(call script,boot/kho-grown,$(LIBEXECDIR)/kho-grown)
	$(call script,$(B)/boot/kho-keep-generator,$(GENERATORDIR)/kho-keep-generator)
	$(call text,$(B)/boot/kho-keep@.service,$(UNITDIR)/kho-keep@.service)
	$(call text,$(B)/boot/kho-session@.service,$(UNITDIR)/kho-session@.service)
	$(call text,boot/kho.slice,$(UNITDIR)/kho.slice)
	$(call text,$(B)/boot/kho.service,$(UNITDIR)/kho.service)
	$(call text,$(B)/boot/kho-load.service,$(UNITDIR)/kho-load.service)
	$(call text,$(B)/boot/kho-stopping.service,$(UNITDIR)/kho-stopping.service)
	$(call script,$(B)/boot/kho-reboot,$(LIBEXECDIR)/kho-reboot)
	$(call text,$(B)/boot/systemd-reboot.conf,$(UNITDIR)/systemd-reboot.service.d/kho.conf)
	$(call text,$(B)/boot/systemd-kexec.conf,$(UNITDIR)/systemd-kexec.service.d/kho.conf)
	$(call script,boot/initramfs-tools/hook,$(INITRAMFSDIR)/hooks/kho)
	$(call script,boot/initramfs-tools/init-top,$(INITRAMFSDIR)/scripts/init-top/kho)
	$(call script,boot/dracut/module-setup.sh,$(DRACUTDIR)/module-setup.sh)
	$(call script,boot/dracut/kho-load.sh,$(DRACUTDIR)/kho-load.sh)
	$(call script,boot/dracut/kho-init.sh,$(DRACUTDIR)/kho-init.sh)
	$(call script,$(B)/boot/kernel/postinst,/etc/kernel/postinst.d/zz-kho)
	$(call script,$(B)/boot/kernel/postrm,/etc/kernel/postrm.d/zz-kho)
	$(call script,$(B)/boot/kernel/header-postinst,/etc/kernel/header_postinst.d/zz-kho)
	$(call script,$(B)/boot/kernel/initramfs,/etc/initramfs/post-update.d/zz-kho)

# --- services that keep what they have in memory

RECIPES := keep-dir memcached postgresql redis valkey

$(B)/recipes/%: recipes/%.in install.mk FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@libexecdir@|$(LIBEXECDIR)|g' $< >$@

install-recipes: $(addprefix $(B)/recipes/,kho-recipe@.service keep-dir.conf memcached.conf)
	$(call put,755,recipes/kho-recipe recipes/kho-recipe-memcached,$(LIBEXECDIR))
	$(call put,644,$(RECIPES:%=recipes/%.recipe),$(LIBEXECDIR)/recipes)
	$(call put,644,$(B)/recipes/keep-dir.conf $(B)/recipes/memcached.conf,$(LIBEXECDIR)/recipes)
	$(call text,$(B)/recipes/kho-recipe@.service,$(UNITDIR)/kho-recipe@.service)
	install -d -m 755 $(DESTDIR)/etc/kho/recipes.d

# --- the modules' source, for DKMS

DKMSDIR ?= /usr/src/kho-$(KHO_VERSION)

$(B)/dkms.conf: kmod/dkms.conf.in version.mk
	@mkdir -p $(@D)
	$(Q)sed 's|@version@|$(KHO_VERSION)|' $< >$@

install-dkms: $(B)/dkms.conf
	for part in $$(find $(KHO_MODULE_SOURCES) -type f \
			'(' -name '*.[ch]' -o -name '*.sh' -o -name Kbuild -o -name version.mk ')'); do \
		if [ -x $$part ]; then mode=755; else mode=644; fi; \
		install -D -m $$mode $$part $(DESTDIR)$(DKMSDIR)/$$part || exit; \
	done
	$(call text,$<,$(DKMSDIR)/dkms.conf)

.PHONY: install-boot install-recipes install-dkms

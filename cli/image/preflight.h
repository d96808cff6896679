/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks beyond those of a load: will the next kernel be able to take over what it is given? They
 * look into its file, its modules and its initramfs, which takes a second or two.
 */
#ifndef KHO_CLI_PREFLIGHT_H
#define KHO_CLI_PREFLIGHT_H

#include "cli/image/image.h"
#include "cli/image/target.h"

/**
 * preflight_check() - add findings about the next kernel
 * @im: after image_check()
 * @t: filled if @im has a kernel; to be freed
 */
void preflight_check(struct image *im, struct target *t);

/* Has the kernel handover of its own? */
bool target_is_native(const struct target *t);

/* Parts of the above: about that, about modules, about what else is on this machine. */
void preflight_native(struct image *im, const struct target *t);
void preflight_module(struct image *im, const struct target *t);
void preflight_kept(struct image *im, const struct target *t);
void preflight_wire(struct image *im, const struct modinfo *next);
void preflight_wire_kept(struct image *im, const struct modinfo *next);
void preflight_sessions(struct image *im);
void preflight_kexec_tools(struct image *im);
void preflight_devices(struct image *im);

/* Whose signature a module has, of a file that may be compressed; false if it has none. */
bool signer_of_file(struct signer *s, const char *path);

/**
 * signer_is_trusted() - will the next kernel of this machine accept modules that it has signed?
 * @s: the signer
 * @dir: directory of the next kernel's modules, NULL if it is not known: their key comes with it
 *
 * Return: 1 if it will, 0 if its key is not enrolled, or negative errno if nobody knows.
 */
int signer_is_trusted(const struct signer *s, const char *dir);

/* What a module that is installed for a kernel says of itself; false if there is none. */
bool modinfo_installed(struct modinfo *m, const char *module,
		       const char *release);

#endif /* KHO_CLI_PREFLIGHT_H */

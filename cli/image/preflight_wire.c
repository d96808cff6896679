// SPDX-License-Identifier: GPL-2.0
/*
 * Do the kho modules of this kernel and of the next one understand each other? They need not have
 * the same version: each says which versions of the formats it writes and reads.
 */
#include <string.h>
#include <linux/kho/abi/kept.h>
#include <linux/kho/abi/kho_module.h>
#include <linux/kho/abi/parcel.h>

#include "cli/image/preflight.h"

/* What a module of this tool's own version writes. */
static const struct modinfo own = {
	.version = KHO_VERSION,
	.wire = { { KHO_MODULE_SUBTREE, KHO_MODULE_VERSION,
		    KHO_MODULE_READERS_FROM, KHO_MODULE_READS_FROM },
		  { KHO_PARCEL_SUBTREE, KHO_PARCEL_VERSION,
		    KHO_PARCEL_READERS_FROM, KHO_PARCEL_READS_FROM } },
	.nr_wires = 2,
};

/* Likewise, of kho-kept. */
static const struct modinfo own_kept = {
	.version = KHO_VERSION,
	.wire = { { KHO_KEPT_SUBTREE, KHO_KEPT_VERSION, KHO_KEPT_READERS_FROM,
		    KHO_KEPT_READS_FROM } },
	.nr_wires = 1,
};

static bool is_version(const char *running, const struct modinfo *m)
{
	return running && *m->version && !strcmp(running, m->version);
}

/*
 * What the module that runs writes: it was loaded from a file that need not be there any more.
 * @m: what one of this version writes; filled. @sys: where the kernel tells its version
 *
 * Return: false if nobody knows.
 */
static bool find_running(struct modinfo *m, const char *sys, const char *module)
{
	autofree char *version = sysinfo_text(sys);
	autofree char *release = sysinfo_text("/proc/sys/kernel/osrelease");

	if (is_version(version, m))
		return true;
	return release && modinfo_installed(m, module, release) &&
	       is_version(version, m);
}

static const char *version_of(const struct modinfo *m)
{
	return *m->version ? m->version : "unknown";
}

/**
 * struct subject - a module that writes
 * @module: its name
 * @sys: where the kernel tells its version
 * @check: of the findings
 * @own: what one of this tool's version writes
 */
struct subject {
	const char *module;
	const char *sys;
	const char *check;
	const struct modinfo *own;
};

static void say_not_understood(struct image *im, const struct subject *s,
			       const struct modinfo *next,
			       const struct modinfo *running,
			       const struct modinfo_wire *w)
{
	bool parcels = !strcmp(w->name, KHO_PARCEL_SUBTREE),
	     trees = !strcmp(w->name, KHO_KEPT_SUBTREE);

	finding_at(
		&im->findings,
		parcels && !im->status.nr_parcels ? FINDING_WARNING :
						    FINDING_PROBLEM,
		s->check,
		"install the same kho-dkms for both kernels and make the initramfs anew (`update-initramfs -u -k RELEASE`)",
		"the %s module of the next kernel (version %s) does not understand version %u of %s, which that of this kernel (version %s) writes, so it would refuse %s",
		s->module, version_of(next), w->writes,
		trees ? "trees" : w->name, version_of(running),
		parcels ? "all parcels" :
		trees	? "all trees" :
			  "everything");
}

static void compare(struct image *im, const struct subject *s,
		    const struct modinfo *next)
{
	struct modinfo running = *s->own;
	size_t before = im->findings.nr;
	unsigned int i;

	if (!find_running(&running, s->sys, s->module)) {
		finding_note(
			&im->findings, s->check, NULL,
			"which versions the %s module that runs writes is not known, so it was not compared with that of the next kernel (version %s)",
			s->module, version_of(next));
		return;
	}
	for (i = 0; i < running.nr_wires; i++) {
		if (!modinfo_understands(next, &running.wire[i]))
			say_not_understood(im, s, next, &running,
					   &running.wire[i]);
	}
	if (im->findings.nr == before)
		finding_ok(
			&im->findings, s->check,
			"the %s module of the next kernel (version %s) understands that of this one (version %s)",
			s->module, version_of(next), version_of(&running));
}

void preflight_wire(struct image *im, const struct modinfo *next)
{
	static const struct subject kho = { "kho", "/sys/module/kho/version",
					    "target-version", &own };

	if (im->dev >= 0)
		compare(im, &kho, next);
}

void preflight_wire_kept(struct image *im, const struct modinfo *next)
{
	static const struct subject kept = { "kho-kept",
					     "/sys/module/kho_kept/version",
					     "trees-version", &own_kept };

	compare(im, &kept, next);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Before a load: the module that trees are restored with. What is installed for a kernel, and
 * what runs, is made up here; what is in an initramfs is as initramfs_look() tells.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#define KHO_VERSION "1.0-test"

#include "cli/base/savefile.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"
#include "cli/image/findings.c"
#include "cli/image/memmap.c"
#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/preflight_kept.c"
#include "cli/image/preflight_wire.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/image/sysinfo.c"

/* Which trees there are is not asked for here. */
int kept_list_read(struct kept_list *out)
{
	return -ENODEV;
}

void kept_list_free(struct kept_list *trees)
{
}

static char root[64];

/* What is installed for kernel "next"; a version of "" is nothing. */
static struct modinfo installed;

bool modinfo_installed(struct modinfo *m, const char *module,
		       const char *release)
{
	assert_string_equal(module, "kho-kept");
	*m = installed;
	return *installed.version && !strcmp(release, "next");
}

static struct modinfo module(const char *version, u32 reads_from, u32 writes)
{
	struct modinfo m = {
		.wire = { { KHO_KEPT_SUBTREE, writes, writes, reads_from } },
		.nr_wires = 1,
	};

	snprintf(m.version, sizeof(m.version), "%s", version);
	return m;
}

static void make_running(const char *version)
{
	autofree char *dir = format("%s/sys/module/kho_kept", root);
	autofree char *command = format("mkdir -p %s", dir);
	autofree char *path = format("%s/version", dir);

	assert_int_equal(system(command), 0);
	assert_int_equal(save_file(path, 0600, version, strlen(version)), 0);
}

struct expected {
	enum finding_level level;
	const char *id;
	const char *part;
};

static void expect(struct image *im, size_t nr, const struct expected *e)
{
	static const struct target next = { .release = "next" };
	size_t i;

	check_module(im, &next);
	assert_int_equal(im->findings.nr, nr);
	for (i = 0; i < nr; i++) {
		const struct finding *f = &im->findings.list[i];

		assert_int_equal(f->level, e[i].level);
		assert_string_equal(f->id, e[i].id);
		if (!strstr(f->text, e[i].part))
			fail_msg("'%s' has no '%s'", f->text, e[i].part);
	}
	findings_free(&im->findings);
	im->findings = (struct findings){ 0 };
}

static void in_the_initramfs(void **state)
{
	struct image im = { .have_initramfs = true };
	const struct expected good[] = {
		{ FINDING_OK, "trees-module", "ko/kho-kept.ko" },
		{ FINDING_OK, "trees-version", "understands" },
	};
	const struct expected bad[] = {
		{ FINDING_OK, "trees-module", "ko/kho-kept.ko" },
		{ FINDING_PROBLEM, "trees-version", "would refuse all trees" },
	};
	const struct expected unknown[] = {
		{ FINDING_OK, "trees-module", "ko/kho-kept.ko" },
		{ FINDING_NOTE, "trees-version", "is not known" },
	};

	make_running(KHO_VERSION "\n");
	installed = (struct modinfo){ 0 };
	strcpy(im.initramfs.kept, "ko/kho-kept.ko");
	im.initramfs.kept_info = module("9", 1, 9);
	expect(&im, 2, good);
	/* Later versions that read none as old as this one. */
	im.initramfs.kept_info = module("9", KHO_KEPT_VERSION + 1, 9);
	expect(&im, 2, bad);
	make_running("0.0.1-of-nobody\n");
	expect(&im, 2, unknown);
	make_running(KHO_VERSION "\n");
}

static void only_installed(void **state)
{
	struct image im = { .have_initramfs = true };
	const struct expected late[] = {
		{ FINDING_NOTE, "trees-module", "not in the initramfs" },
		{ FINDING_OK, "trees-version", "understands" },
	};
	const struct expected alone[] = {
		{ FINDING_OK, "trees-module", "installed for next" },
		{ FINDING_PROBLEM, "trees-version", "would refuse all trees" },
	};

	installed = module("1", 1, 1);
	expect(&im, 2, late);
	im.have_initramfs = false;
	installed = module("1", KHO_KEPT_VERSION + 1, KHO_KEPT_VERSION + 1);
	expect(&im, 2, alone);
}

static void nowhere(void **state)
{
	struct image im = { .have_initramfs = true };
	const struct expected missing[] = {
		{ FINDING_PROBLEM, "trees-module",
		  "none of them could be restored" },
	};
	const struct expected unknown[] = {
		{ FINDING_UNKNOWN, "trees-module", "is not known" },
	};

	installed = (struct modinfo){ 0 };
	expect(&im, 1, missing);
	im.initrd_file.bytes = 1;
	expect(&im, 1, missing);
	/* There is one that could not be looked into. */
	im.have_initramfs = false;
	expect(&im, 1, unknown);
}

static void trees_that_travel(void **state)
{
	u32 i;

	for (i = 0; i < 8; i++) {
		const struct kept_info t = { .state = i };

		assert_int_equal(will_travel(&t),
				 i == KHO_KEPT_STATE_KEPT ||
					 i == KHO_KEPT_STATE_WAITING ||
					 i == KHO_KEPT_STATE_BEGUN);
	}
}

static int make_root(void **state)
{
	strcpy(root, "/tmp/kho-trees-XXXXXX");
	sysinfo_set_root(root);
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	autofree char *command = format("rm -r %s", root);

	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_initramfs),
		cmocka_unit_test(only_installed),
		cmocka_unit_test(nowhere),
		cmocka_unit_test(trees_that_travel),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * kho load: load the next kernel.
 */
#include <errno.h>
#include <string.h>

#include "cli/verbs/imageopts.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho load KERNEL [OPTION...]\n"
	"       kho -l KERNEL [OPTION...]\n\n"
	"Load KERNEL, a bzImage such as /boot/vmlinuz-VERSION, to be started by `systemctl "
	"kexec` or\n"
	"`kho exec`. It will keep everything that is preserved, also what is preserved after "
	"this.\n"
	"Everything is checked first; if anything is wrong, nothing is changed.\n\n"
	"Options:\n" IMAGE_OPTIONS_HELP "  -h, --help            this help\n\n"
	"Exit status: 0 loaded, 1 not loaded, 2 wrong usage, 4 not loaded: the initramfs is\n"
	"damaged, 5 not loaded: no room, 6 not loaded: not permitted.\n\n"
	"Examples:\n"
	"  kho load /boot/vmlinuz --initrd /boot/initrd.img --reuse-cmdline\n"
	"  kho load vmlinuz --initrd initrd.img --command-line \"root=/dev/vda1 ro\"\n";

static void say_loaded(const struct image *im)
{
	char a[32], b[32];

	printf("loaded %s%s%s%s: kernel %s%s, initrd %s%s; `systemctl kexec` or `kho exec` "
	       "starts it.\n",
	       im->opt.kernel, im->bz.release[0] ? " (" : "", im->bz.release,
	       im->bz.release[0] ? ")" : "",
	       human_bytes(image_kernel_bytes(im), a, sizeof(a)),
	       im->ahead.image ? " unpacked" : "",
	       im->initrd_file.bytes ?
		       human_bytes(image_initrd_bytes(im), b, sizeof(b)) :
		       "none",
	       im->initrd_ahead ? " unpacked" : "");
}

/* Says why, and finds the exit status for it. */
static int refused(const struct findings *f)
{
	static const struct {
		const char *id;
		enum exit_code code;
	} known[] = {
		{ "rights", EXIT_NOT_PERMITTED },
		{ "kexec-load", EXIT_NOT_PERMITTED },
		{ "lockdown", EXIT_NOT_PERMITTED },
		{ "signature", EXIT_NOT_PERMITTED },
		{ "revoked", EXIT_NOT_PERMITTED },
		{ "initramfs", EXIT_DAMAGED },
		{ "memory", EXIT_NO_ROOM },
		{ "scratch", EXIT_NO_ROOM },
		{ "size", EXIT_NO_ROOM },
		{ "room", EXIT_NO_ROOM },
	};
	const struct finding *first = findings_first_obstacle(f);
	size_t i;

	finding_say(first);
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (!strcmp(known[i].id, first->id))
			return known[i].code;
	}
	return first->level == FINDING_UNKNOWN ? EXIT_NOT_PERMITTED :
						 EXIT_FAILED;
}

/* Of a load that failed after all checks. */
static int exit_code_of_load(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
	case ENODATA: /* what kexec_file_load(2) says of signatures */
	case ENOKEY:
	case EKEYREJECTED:
		return EXIT_NOT_PERMITTED;
	case ENOMEM:
		return EXIT_NO_ROOM;
	default:
		return EXIT_FAILED;
	}
}

static int load(const struct image_options *opt)
{
	autoimage struct image im = { .opt = *opt, .dev = -1 };
	int err;

	if (!image_check(&im, false))
		return refused(&im.findings);
	findings_say_notes(&im.findings);
	err = image_load(&im);
	if (err)
		return exit_code_of_load(err);
	say_loaded(&im);
	return finish_output();
}

int verb_load(int argc, char **argv)
{
	struct image_options opt = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "dh" IMAGE_LETTERS,
				imageopts_of_load, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!imageopts_take(&opt, c))
			return usage_error("load");
	}
	if (argc - optind != 1 || imageopts_objection(&opt)) {
		say("%s",
		    argc == optind ?
			    "which kernel? Give the file to load." :
		    argc - optind > 1 ?
			    "there is more than one kernel; give one file." :
			    imageopts_objection(&opt));
		return usage_error("load");
	}
	opt.kernel = argv[optind];
	return load(&opt);
}

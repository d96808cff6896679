// SPDX-License-Identifier: GPL-2.0
/* kho unload: unload the image. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/dev.h"
#include "cli/image/permission.h"
#include "cli/image/aheadnote.h"
#include "cli/image/kexecload.h"
#include "cli/image/room.h"
#include "cli/image/sysinfo.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho unload [OPTION...]\n"
	"       kho -u\n\n"
	"Unload the kernel that is loaded, whoever loaded it, and give back the memory that "
	"was kept for\n"
	"it. What is preserved stays preserved. If nothing is loaded, nothing happens.\n\n"
	"Options:\n"
	"  -h, --help  this help\n\n"
	"Exit status: 0 nothing is loaded any more, 1 failure, 2 wrong usage, 6 not permitted.\n\n"
	"Example:\n"
	"  kho unload\n";

/* The module is asked even if nothing is loaded: another tool may have unloaded our image. */
static int release(void)
{
	autoclose int fd = dev_open();
	int err;

	if (dev_absent(fd))
		return EXIT_OK;
	err = fd < 0 ? fd : dev_image_release(fd);
	if (!err || err == -ENOENT)
		return EXIT_OK;
	if (err == -EBUSY) {
		say("the image was unloaded, but another program has loaded one since; run "
		    "`kho unload` again if that is to go, too.");
		return EXIT_FAILED;
	}
	say("no image is loaded any more, but the kho module did not give back the memory kept "
	    "for it (%s); try "
	    "again.",
	    strerror(-err));
	return exit_code_of_open(err);
}

static int unload(void)
{
	enum kexec_call call = permission_locked_down() ? KEXEC_FILE :
							  KEXEC_LOAD;
	int err;

	if (sysinfo_kexec_loaded() != 0) {
		err = kexecload_unload(call);
		if (err) {
			say("the image was not unloaded: %s.",
			    kexecload_explain(call, err));
			return exit_code_of_open(err);
		}
	}
	room_forget();
	ahead_note_forget();
	return release();
}

int verb_unload(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		return usage_error("unload");
	}
	if (optind != argc) {
		say("unload takes no argument, but there is '%s'.",
		    argv[optind]);
		return usage_error("unload");
	}
	return unload();
}

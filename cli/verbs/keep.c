// SPDX-License-Identifier: GPL-2.0
/* kho keep: have a directory of a tmpfs handed to the next kernel. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/keptdev.h"
#include "cli/base/printable.h"
#include "cli/image/sysinfo.h"
#include "cli/kept/keepable.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho keep PATH [--name NAME]\n"
	"       kho keep --drop NAME|PATH\n"
	"       kho keep --ahead|--not-ahead\n\n"
	"Have a directory of a tmpfs handed to the next kernel, with everything that is in it at the\n"
	"last moment before the jump. There `kho restore` makes the same files of it.\n\n"
	"Options:\n"
	"  --name NAME  name of the tree; without it, the path. A name that is a path says where\n"
	"               `kho restore` puts it\n"
	"  --drop       do not hand it over after all; nothing happens to the directory\n"
	"  --ahead      hold the pages of large files of all trees now, so that there is less to do\n"
	"               at the last moment; for when services begin to stop\n"
	"  --not-ahead  let go of them: nothing is handed over soon\n"
	"  -h, --help   this help\n\n"
	"A directory that is kept already by this name stays so. `kho list` shows all trees.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 nothing of that name is kept, 5 no room,\n"
	"6 not permitted.\n\n"
	"Examples:\n"
	"  kho keep /dev/shm\n"
	"  kho keep /srv/cache --name cache\n"
	"  kho keep --drop /dev/shm\n";

static int ask(int dir, const char *shown, const char *name)
{
	autoclose int dev = keptdev_open_or_say();
	int err;

	if (dev < 0)
		return exit_code_of_open(dev);
	err = keptdev_keep(dev, dir, name);
	if (!err || err == -EALREADY)
		return EXIT_OK;
	say("%s cannot be kept: %s.", shown, kept_explain(err));
	/* It is the tmpfs that may not be kept, whoever asks. */
	return err == -EPERM ? EXIT_FAILED : exit_code_of_found(err);
}

static int keep_dir(int dir, const char *path, const char *name)
{
	autofree char *shown = printable(path, strlen(path));
	const char *why = kept_objection(dir);

	if (!why)
		return ask(dir, shown, name);
	say("%s cannot be kept: %s.", shown, why);
	return EXIT_FAILED;
}

static int keep(const char *path, const char *name)
{
	autofree char *real = realpath(path, NULL);
	autoclose int dir =
		real ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	autofree char *shown = NULL;
	int err = errno;

	if (dir >= 0)
		return keep_dir(dir, real, name ? name : real);
	shown = printable(path, strlen(path));
	say("%s cannot be kept: %s.", shown,
	    err == ENOTDIR ? "it is not a directory" :
	    err == ENOENT  ? "there is no such directory" :
			     strerror(err));
	return exit_code_of_open(-err);
}

/* By name, and if there is none, by a path of what one has as its name. */
static int forget_any(int dev, const char *name)
{
	autofree char *real = NULL;
	int err = keptdev_forget(dev, name);

	if (err != -ENOENT)
		return err;
	real = kept_path_of(name);
	return real ? keptdev_forget(dev, real) : err;
}

static int forget(const char *name)
{
	autofree char *shown = printable(name, strlen(name));
	autoclose int dev = keptdev_open_or_say();
	int err;

	if (dev < 0)
		return exit_code_of_open(dev);
	err = forget_any(dev, name);
	if (!err)
		return EXIT_OK;
	if (err == -ENOENT)
		say("nothing is kept by the name '%s'; `kho list` shows all trees.",
		    shown);
	else
		say("'%s' is kept still: %s.", shown, kept_explain(err));
	return exit_code_of(err);
}

/* What a smaller file would take to be held is not worth it. */
#define LEAST_BYTES (256 << 10)

/* What is held cannot be moved away, and an image needs memory in one piece. */
static int hold_ahead(void)
{
	struct kho_kept_ioctl_hold held;
	autoclose int dev = -1;
	char buf[32];
	int err;

	if (sysinfo_kexec_loaded() != 1) {
		say("no image is loaded, and pages that are held now could be in its way; use `kho load` before.");
		return EXIT_FAILED;
	}
	dev = keptdev_open_or_say();
	if (dev < 0)
		return exit_code_of_open(dev);
	err = keptdev_hold(dev, LEAST_BYTES, &held);
	if (err) {
		say("not all pages are held ahead: %s.",
		    err == -ENOTTY ?
			    "the module that runs is older than this program" :
			    kept_explain(err));
		return exit_code_of(err);
	}
	printf("held ahead: %s of %llu files\n",
	       human_bytes(held.nr_pages * PAGE_BYTES, buf, sizeof(buf)),
	       (unsigned long long)held.nr_files);
	return EXIT_OK;
}

static int let_go(void)
{
	autoclose int dev = keptdev_open_or_say();
	int err;

	if (dev < 0)
		return exit_code_of_open(dev);
	err = keptdev_let_go(dev);
	if (err)
		say("pages are held still: %s.", kept_explain(err));
	return err ? exit_code_of(err) : EXIT_OK;
}

/* Arguments and options of which one was given at most. */
static int keep_or_forget(char **arg, int nr, const char *name, bool drop)
{
	if (nr != 1) {
		say("give one directory; `kho list` shows what is kept.");
		return usage_error("keep");
	}
	if (drop && name) {
		say("--drop takes the name as its argument; leave --name out.");
		return usage_error("keep");
	}
	return drop ? forget(*arg) : keep(*arg, name);
}

int verb_keep(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "drop", no_argument, NULL, 'd' },
		{ "ahead", no_argument, NULL, 'a' },
		{ "not-ahead", no_argument, NULL, 'A' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *name = NULL;
	int c, mode = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == '?')
			return usage_error("keep");
		if (c == 'n') {
			name = optarg;
			continue;
		}
		if (mode && mode != c) {
			say("--drop, --ahead and --not-ahead exclude one another.");
			return usage_error("keep");
		}
		mode = c;
	}
	if (!mode || mode == 'd')
		return keep_or_forget(argv + optind, argc - optind, name,
				      mode == 'd');
	if (name || argc > optind) {
		say("--ahead and --not-ahead are for all trees, and take nothing.");
		return usage_error("keep");
	}
	return mode == 'a' ? hold_ahead() : let_go();
}

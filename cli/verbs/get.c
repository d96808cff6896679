// SPDX-License-Identifier: GPL-2.0
/* kho get: get the contents of a parcel. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/dev.h"
#include "cli/base/savefile.h"
#include "cli/kept/treetar.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho get NAME [OPTION...]\n\n"
	"Write the contents of parcel NAME to the standard output, or to a file. They are "
	"checked before\n"
	"the first byte is written. The parcel stays; `kho drop NAME` removes it.\n\n"
	"Options:\n"
	"  -o, --output FILE  write to FILE, with the mode of the file that was put, else 600. A file of this name is replaced, but "
	"only when\n"
	"                     everything is written; - is the standard output\n"
	"      --tree DIR     make directory DIR, which is not there or empty, of what `kho put --tree`\n"
	"                     has put; as a whole or not at all, once all names in it are checked\n"
	"  -h, --help         this help\n\n"
	"Exit status: 0 all of it was written, 1 failure, 2 wrong usage, 3 there is no such parcel,\n"
	"4 it is damaged, or came from the previous kernel and is lost, 5 no room, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho get leases > leases\n"
	"  kho get ssh --tree /etc/ssh\n"
	"  kho get disk.img --output /srv/disk.img && kho drop disk.img\n";

/* @why: KHO_WHY_SIZE bytes, of the module */
static void say_open_failed(const char *name, int err, const char *why)
{
	if (err == -ENOENT)
		say("there is no parcel '%s'; `kho list` shows all of them.",
		    name);
	else if (err == -EBADMSG)
		say("parcel '%s' is damaged: its contents do not match their checksum, so "
		    "nothing was written.",
		    name);
	else if (err == -EIO)
		say("parcel '%s' came from the previous kernel and is lost: %s.",
		    name, why);
	else if (err == -ENODATA)
		say("there is no parcel '%s', but it may be lost: parcels that came from the "
		    "previous kernel were not taken over (%s); see `kho status`.",
		    name, why);
	else if (err == -EINVAL)
		say("'%s' cannot be the name of a parcel; `kho list` shows all of them.",
		    name);
	else
		say("parcel '%s' cannot be opened (%s); see the kernel log.",
		    name, strerror(-err));
}

/* Negative errno of the output; errors of the parcel are said here and become -ECANCELED. */
static int copy_pieces(int parcel, int to, const char *name,
		       struct progress *progress)
{
	autofree u8 *buf = need(malloc(MIB));

	while (progress->done < progress->total) {
		u64 left = progress->total - progress->done;
		ssize_t n = read_full(parcel, buf, left < MIB ? left : MIB);
		int err;

		if (n <= 0) {
			progress_end(progress);
			say("parcel '%s' cannot be read to its end (%s).", name,
			    n ? strerror((int)-n) :
				"it is shorter than it says");
			return -ECANCELED;
		}
		err = write_all(to, buf, (size_t)n);
		if (err)
			return err;
		progress_add(progress, (u64)n);
	}
	return 0;
}

static int copy(int parcel, int to, const char *name, u64 bytes)
{
	struct progress progress;
	int err;

	progress_begin(&progress, "getting", bytes);
	err = copy_pieces(parcel, to, name, &progress);
	progress_end(&progress);
	return err;
}

static int get_to_stdout(int parcel, const char *name, u64 bytes)
{
	int err = copy(parcel, STDOUT_FILENO, name, bytes);

	if (!err)
		return EXIT_OK;
	if (err == -ECANCELED)
		return EXIT_DAMAGED;
	say("the standard output cannot be written (%s); what was written is incomplete.",
	    strerror(-err));
	return EXIT_FAILED;
}

static int not_begun(const char *path, int err)
{
	if (err == -EINVAL)
		say("%s is not a regular file, so it was not replaced; use `kho get NAME > %s` to "
		    "write into it.",
		    path, path);
	else
		say("%s cannot be created (%s); nothing was changed.", path,
		    strerror(-err));
	return EXIT_FAILED;
}

static int get_to_file(int parcel, const char *name, u64 bytes, u32 mode,
		       const char *path)
{
	struct save s;
	int err = save_begin(&s, path);

	if (err)
		return not_begun(path, err);
	err = copy(parcel, s.fd, name, bytes);
	if (!err && mode & KHO_PARCEL_MODE && fchmod(s.fd, mode & 0777))
		err = -errno;
	err = save_end(&s, err);
	if (!err)
		return EXIT_OK;
	if (err == -ECANCELED)
		return EXIT_DAMAGED;
	say("%s cannot be written (%s); nothing was changed.", path,
	    strerror(-err));
	return EXIT_FAILED;
}

static int get_tree(int parcel, const char *path)
{
	int err = treetar_unpack(parcel, path);

	return err ? exit_code_of_found(err) : EXIT_OK;
}

static int get(const char *name, const char *output, const char *tree)
{
	autoclose int dev = dev_open_or_say();
	autoclose int parcel = -1;
	char why[KHO_WHY_SIZE];
	u64 bytes;
	u32 mode;

	if (dev < 0)
		return exit_code_of_open(dev);
	parcel = dev_parcel_open(dev, name, &bytes, &mode, why);
	if (parcel < 0) {
		say_open_failed(name, parcel, why);
		return exit_code_of(parcel);
	}
	if (tree)
		return get_tree(parcel, tree);
	if (!output || !strcmp(output, "-"))
		return get_to_stdout(parcel, name, bytes);
	return get_to_file(parcel, name, bytes, mode, output);
}

int verb_get(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "tree", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *output = NULL, *tree = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "o:t:h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'o')
			output = optarg;
		else if (c == 't')
			tree = optarg;
		else
			return usage_error("get");
	}
	if (argc - optind != 1 || (output && tree)) {
		say(argc == optind ?
			    "which parcel? Give its name." :
			    "get takes one name, and either --output or --tree.");
		return usage_error("get");
	}
	return get(argv[optind], output, tree);
}

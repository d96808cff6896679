// SPDX-License-Identifier: GPL-2.0
/* kho save: make an archive of a tree that came in. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/savefile.h"
#include "cli/kept/archive.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho save NAME [FILE]\n\n"
	"Make an archive of a tree that came from the previous kernel, and has not been restored: tar,\n"
	"in the format pax, with owners, times, attributes, ACLs, links, devices and holes. The tree\n"
	"stays; `kho drop --tree` gives its memory back. Without FILE, or with -, it goes to standard\n"
	"output.\n\n"
	"Options:\n"
	"  -h, --help  this help\n\n"
	"Inode numbers and sockets are not in it. What was restored already is not either, and is\n"
	"named.\n\n"
	"Exit status: 0 success, 1 failure, or a part of it is not in the archive, 2 wrong usage,\n"
	"3 no tree of that name came in, 4 it is damaged, or memory of it went bad, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho save /dev/shm shm.tar\n"
	"  kho save cache | zstd > cache.tar.zst\n";

/* What kept the archive from being written is about the archive, not about the tree. */
static int code_of(int err, const struct kept_archived *done)
{
	if (err)
		return EXIT_FAILED;
	if (done->nr_bad)
		return EXIT_DAMAGED;
	return done->nr_missing ? EXIT_FAILED : EXIT_OK;
}

/* @code: filled with the exit status */
static int write_tree(const struct kept_tree *tree, int fd, int *code)
{
	struct kept_archived done = { .notes = KEPT_NOTES_INIT };
	int err = kept_archive(tree, fd, &done);

	kept_notes_say(&done.notes);
	kept_notes_free(&done.notes);
	*code = code_of(err, &done);
	return err;
}

static int not_written(const char *file, int err)
{
	say("%s cannot be written (%s), so nothing was saved.", file,
	    strerror(-err));
	return EXIT_FAILED;
}

/* A device or a pipe is written to as it is. */
static int save_to_special(const struct kept_tree *tree, const char *file)
{
	autoclose int fd = open(file, O_WRONLY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return not_written(file, -errno);
	write_tree(tree, fd, &code);
	return code;
}

/* The file has its name when all of the archive is in it. */
static int save_to_file(const struct kept_tree *tree, const char *file)
{
	struct save s;
	int err = save_begin(&s, file), code;

	if (err == -EINVAL)
		return save_to_special(tree, file);
	if (err)
		return not_written(file, err);
	if (write_tree(tree, s.fd, &code)) {
		save_end(&s, -ECANCELED);
		return code;
	}
	err = save_end(&s, 0);
	return err ? not_written(file, err) : code;
}

static int save_tree(int dev, const char *name, const char *file)
{
	autotree struct kept_tree tree = { .fd = -1 };
	int err = kept_tree_open(&tree, dev, name), code;

	if (err == -ENOENT)
		say("no tree '%s' came from the previous kernel; `kho list` shows all trees.",
		    tree.shown);
	if (err)
		return err == -ENODATA ? EXIT_ABSENT : exit_code_of(err);
	if (file && strcmp(file, "-") != 0)
		return save_to_file(&tree, file);
	write_tree(&tree, STDOUT_FILENO, &code);
	return code;
}

static int save(const char *name, const char *file)
{
	autoclose int dev = keptdev_open_or_say();

	return dev < 0 ? exit_code_of_open(dev) : save_tree(dev, name, file);
}

int verb_save(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		return usage_error("save");
	}
	if (argc == optind || argc - optind > 2) {
		say(argc == optind ?
			    "which tree? Give its name." :
			    "save takes one name and at most one file.");
		return usage_error("save");
	}
	file = argc - optind == 2 ? argv[optind + 1] : NULL;
	if ((!file || !strcmp(file, "-")) && isatty(STDOUT_FILENO)) {
		say("an archive is nothing for a terminal; give a file.");
		return usage_error("save");
	}
	return save(argv[optind], file);
}

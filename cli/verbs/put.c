// SPDX-License-Identifier: GPL-2.0
/* kho put: store a parcel. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/dev.h"
#include "cli/kept/treetar.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho put NAME [FILE] [OPTION...]\n"
	"       kho put NAME --tree DIR [OPTION...]\n\n"
	"Store what comes on the standard input, or FILE, as parcel NAME. Every following "
	"kernel hands it\n"
	"on until it is dropped. NAME has 1 to 63 bytes, without '/' and control characters.\n\n"
	"Options:\n"
	"  --file FILE  the same as the argument FILE; - is the standard input\n"
	"  --tree DIR   an archive of DIR, with owners, modes, times and attributes, for `kho get\n"
	"               --tree`; for small things, as it is copied: `kho keep` copies nothing\n"
	"  --replace    take the place of a parcel of this name, once everything is stored\n"
	"  -h, --help   this help\n\n"
	"Exit status: 0 stored, 1 failure and nothing changed, 2 wrong usage, 5 no room, 6 not\n"
	"permitted; nothing changed.\n\n"
	"Examples:\n"
	"  kho put leases < /var/lib/dhcp/leases\n"
	"  kho put ssh --tree /etc/ssh\n"
	"  kho put disk.img /srv/disk.img --replace\n";

static void say_no_room(const char *name, u64 bytes, u64 missing)
{
	char a[32], b[32];

	human_bytes(bytes, a, sizeof(a));
	human_bytes(missing, b, sizeof(b));
	if (missing)
		say("there is not enough memory for parcel '%s' of %s, so nothing was stored; free "
		    "%s and try again.",
		    name, a, b);
	else
		say("there is not enough memory for parcel '%s', so nothing was stored; free "
		    "some and try again.",
		    name);
}

static void say_create_failed(const char *name, int err)
{
	if (err == -EEXIST)
		say("there is a parcel '%s' already, so nothing was stored; use --replace, or "
		    "drop it first.",
		    name);
	else if (err == -EINVAL)
		say("'%s' cannot be the name of a parcel: it takes 1 to 63 bytes without '/' "
		    "and control characters; "
		    "nothing was stored.",
		    name);
	else if (err == -EOPNOTSUPP)
		say("the kho module is disabled, so nothing was stored; load it with enable=1.");
	else
		say("parcel '%s' was not stored (%s); see the kernel log.",
		    name, strerror(-err));
}

/* @done: bytes that there was room for */
static void say_write_failed(const char *name, int err, u64 done, u64 total)
{
	char a[32];

	if (err == -ENOMEM && total > done)
		say_no_room(name, total, total - done);
	else if (err == -ENOMEM)
		say("there is not enough memory for parcel '%s', but for its first %s, so nothing was "
		    "stored; free some and try again.",
		    name, human_bytes(done, a, sizeof(a)));
	else if (err == -ENOSPC)
		say("there are too many parcels, or no extent is left for parcel '%s', so nothing was "
		    "stored; drop some and try again.",
		    name);
	else
		say("parcel '%s' was not stored (%s); nothing was changed.",
		    name, strerror(-err));
}

/*
 * In large pieces, so that the module takes its lock seldom. Return: negative errno of the
 * module, -ECANCELED if it is the input; that was said.
 */
static int copy_pieces(int from, int to, const char *name,
		       struct progress *progress)
{
	autofree u8 *buf = need(malloc(MIB));
	ssize_t n;

	while ((n = read_full(from, buf, MIB)) > 0) {
		int err = write_all(to, buf, (size_t)n);

		if (err) {
			progress_end(progress);
			say_write_failed(name, err, progress->done,
					 progress->total);
			return err;
		}
		progress_add(progress, (u64)n);
	}
	if (!n)
		return 0;
	progress_end(progress);
	say("the input cannot be read (%s), so nothing was stored.",
	    strerror((int)-n));
	return -ECANCELED;
}

static int copy(int from, int to, const char *name, u64 total)
{
	struct progress progress;
	int err;

	progress_begin(&progress, "putting", total);
	err = copy_pieces(from, to, name, &progress);
	progress_end(&progress);
	return err;
}

/* What is left to be read, 0 if nobody knows. */
static u64 size_of_input(int fd)
{
	struct stat st;
	off_t at;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	at = lseek(fd, 0, SEEK_CUR);
	return at >= 0 && st.st_size > at ? (u64)(st.st_size - at) : 0;
}

/* 0 if it has none that a file made of it should have. */
static u32 mode_of_input(int fd)
{
	struct stat st;

	return fstat(fd, &st) || !S_ISREG(st.st_mode) ?
		       0 :
		       KHO_PARCEL_MODE | (st.st_mode & 0777);
}

/* What a parcel is made of: a file, or a directory. */
struct parcel_source {
	int input;
	const char *tree;
	u64 total;
	u32 mode;
};

static int pack(const struct parcel_source *from, int to, const char *name)
{
	struct progress progress;
	int err;

	progress_begin(&progress, "putting", from->total);
	err = treetar_pack(from->tree, to, &progress);
	progress_end(&progress);
	/* The archive may be larger than what was reckoned. */
	if (err && err != -ECANCELED)
		say_write_failed(name, err, progress.done, 0);
	return err;
}

/* Return: parcel to write to, or negative errno, which was said. */
static int create(int dev, const char *name, bool replace,
		  const struct parcel_source *from)
{
	u64 missing = 0;
	int parcel = dev_parcel_create(dev, name, replace, from->total,
				       from->mode, &missing);

	if (parcel == -ENOMEM)
		say_no_room(name, from->total, missing);
	else if (parcel < 0)
		say_create_failed(name, parcel);
	return parcel;
}

static int put_from(const struct parcel_source *from, const char *name,
		    bool replace)
{
	autoclose int dev = dev_open_or_say();
	autoclose int parcel = -1;
	int err;

	if (dev < 0)
		return exit_code_of_open(dev);
	parcel = create(dev, name, replace, from);
	if (parcel < 0)
		return exit_code_of(parcel);
	if (!from->tree && isatty(from->input))
		say("reading from the terminal; Ctrl-D ends the parcel.");
	err = from->tree ? pack(from, parcel, name) :
			   copy(from->input, parcel, name, from->total);
	if (err)
		return exit_code_of(err);
	err = dev_parcel_commit(parcel);
	if (!err)
		return EXIT_OK;
	if (err == -EEXIST)
		say_create_failed(name, err);
	else if (err == -ENOMEM)
		say_no_room(name, 0, 0);
	else
		say_write_failed(name, err, 0, 0);
	return exit_code_of(err);
}

static int put_input(int fd, const char *name, bool replace)
{
	const struct parcel_source from = { .input = fd,
					    .total = size_of_input(fd),
					    .mode = mode_of_input(fd) };

	return put_from(&from, name, replace);
}

static int put_tree(const char *name, const char *tree, bool replace)
{
	struct parcel_source from = { .input = -1, .tree = tree };

	if (treetar_bytes(tree, &from.total))
		return EXIT_FAILED;
	return put_from(&from, name, replace);
}

static int put(const char *name, const char *file, bool replace)
{
	autoclose int fd = -1;

	if (!file || !strcmp(file, "-"))
		return put_input(STDIN_FILENO, name, replace);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return put_input(fd, name, replace);
	say("%s cannot be read (%s), so nothing was stored.", file,
	    strerror(errno));
	return EXIT_FAILED;
}

int verb_put(int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "tree", required_argument, NULL, 't' },
		{ "replace", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = NULL, *tree = NULL;
	bool replace = false;
	int c;

	while ((c = getopt_long(argc, argv, "f:t:rh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == '?')
			return usage_error("put");
		if (c == 'f')
			file = optarg;
		else if (c == 't')
			tree = optarg;
		else
			replace = true;
	}
	if (argc == optind || argc - optind > (file || tree ? 1 : 2) ||
	    (file && tree)) {
		say(argc == optind ?
			    "which parcel? Give its name." :
			    "put takes one name, and at most one file or tree.");
		return usage_error("put");
	}
	if (argc - optind == 2)
		file = argv[optind + 1];
	return tree ? put_tree(argv[optind], tree, replace) :
		      put(argv[optind], file, replace);
}

// SPDX-License-Identifier: GPL-2.0
/* kho restore: make files of trees that came in. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/output.h"
#include "cli/base/printable.h"
#include "cli/kept/keepable.h"
#include "cli/kept/restore.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho restore [NAME|PATH] [OPTION...]\n\n"
	"Make the same files as before of a tree that came from the previous kernel: with their\n"
	"contents, which are not copied, owners, times and all else. Without a name, of all trees whose\n"
	"names are paths.\n\n"
	"Options:\n"
	"      --to DIR  in this directory of a tmpfs; without it, in the one that the name says\n"
	"      --keep    and keep it by the same name from that moment on, as `kho keep` does\n"
	"      --if-any  success, and no message, if no tree of that name came in\n"
	"  -J, --json    what was done as JSON\n"
	"  -h, --help    this help\n\n"
	"Nothing is overwritten: if a file of the tree exists, nothing is restored. Directories may\n"
	"exist, and become as they were. After a failure, or when it was killed, run it again: it goes\n"
	"on. What this kernel cannot hold, such as user.* attributes before 6.6, is said, and the rest\n"
	"is restored.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 no tree of that name came in, 4 it is\n"
	"damaged, 5 no room, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho restore /dev/shm\n"
	"  kho restore cache --to /srv/cache --keep\n";

struct restore_options {
	const char *name;
	const char *to;
	bool if_any;
	bool keep;
	bool json;
};

static struct json_object *json_result(const struct kept_tree *tree,
				       const char *shown,
				       const struct kept_result *result,
				       bool restored)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(tree->shown));
	json_object_object_add(o, "directory", json_object_new_string(shown));
	json_object_object_add(o, "restored",
			       json_object_new_boolean(restored));
	json_object_object_add(o, "resumed",
			       json_object_new_boolean(result->resumed));
	json_object_object_add(o, "inodes",
			       json_object_new_uint64(result->nr_inodes));
	json_object_object_add(o, "files",
			       json_object_new_uint64(result->nr_files));
	json_object_object_add(o, "bytes",
			       json_object_new_uint64(result->bytes));
	json_object_object_add(o, "notes", kept_notes_json(&result->notes));
	return o;
}

static void print_result(const struct kept_tree *tree, const char *shown,
			 const struct kept_result *result)
{
	char size[32];

	printf("restored '%s' into %s: %llu file%s of %llu inode%s, %s%s.\n",
	       tree->shown, shown, (unsigned long long)result->nr_files,
	       result->nr_files == 1 ? "" : "s",
	       (unsigned long long)result->nr_inodes,
	       result->nr_inodes == 1 ? "" : "s",
	       human_bytes(result->bytes, size, sizeof(size)),
	       result->resumed ? "; an earlier run had begun" : "");
}

static int restore_into(const struct kept_tree *tree, int dir, const char *path,
			int keeper, struct json_object *list)
{
	autofree char *shown = printable(path, strlen(path));
	struct kept_result result = { .notes = KEPT_NOTES_INIT };
	const char *why = keeper < 0 ? NULL : kept_objection(dir);
	int err;

	if (why) {
		say("%s cannot be kept, so nothing was restored: %s.", shown,
		    why);
		return EXIT_FAILED;
	}
	err = kept_restore(tree, dir, shown, keeper, &result);
	kept_notes_say(&result.notes);
	if (list)
		json_object_array_add(list,
				      json_result(tree, shown, &result, !err));
	else if (!err)
		print_result(tree, shown, &result);
	kept_notes_free(&result.notes);
	return exit_code_of_found(err);
}

static int open_directory(const struct kept_tree *tree, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *shown = NULL;
	int err = errno;

	if (fd >= 0)
		return fd;
	shown = printable(path, strlen(path));
	say("%s cannot be opened (%s), so tree '%s' was not restored; mount or make it, or use --to.",
	    shown, strerror(err), tree->shown);
	return -err;
}

/* One that the previous kernel did not hand over is not here, as after a power cut. */
static int code_of_tree(int err, const struct restore_options *opt)
{
	if (err != -ENOENT && err != -ENODATA)
		return exit_code_of(err);
	return opt->if_any ? EXIT_OK : EXIT_ABSENT;
}

static int restore_tree(const struct kept_tree *tree, const char *path,
			int keeper, struct json_object *list)
{
	autoclose int dir = open_directory(tree, path);

	return dir < 0 ? exit_code_of_open(dir) :
			 restore_into(tree, dir, path, keeper, list);
}

static int restore_one(int dev, const char *name,
		       const struct restore_options *opt,
		       struct json_object *list)
{
	autotree struct kept_tree tree = { .fd = -1 };
	const char *path = opt->to ? opt->to : name;
	int err = kept_tree_open(&tree, dev, name);

	if (err == -ENOENT && !opt->if_any)
		say("no tree '%s' came from the previous kernel; `kho list` shows all trees.",
		    tree.shown);
	if (err)
		return code_of_tree(err, opt);
	if (*path == '/' || opt->to)
		return restore_tree(&tree, path, opt->keep ? dev : -1, list);
	say("the name of tree '%s' is no path; say with --to where to restore it.",
	    tree.shown);
	return EXIT_FAILED;
}

/* The name of a tree, or a path of what one has as its name. */
static int restore_named(int dev, const struct restore_options *opt,
			 struct json_object *list)
{
	autokept struct kept_list trees = { 0 };
	autofree char *real = NULL;

	if (!keptdev_list(dev, &trees) &&
	    !kept_list_find(&trees, opt->name, true)) {
		real = kept_path_of(opt->name);
		if (real && kept_list_find(&trees, real, true))
			return restore_one(dev, real, opt, list);
	}
	return restore_one(dev, opt->name, opt, list);
}

static int restore_all(int dev, const struct restore_options *opt,
		       struct json_object *list)
{
	autokept struct kept_list trees = { 0 };
	int code = EXIT_OK, one, err = keptdev_list(dev, &trees);
	size_t i;

	if (err) {
		say("trees cannot be listed (%s); see the kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	for (i = 0; i < trees.nr; i++) {
		if (!trees.list[i].incoming || trees.list[i].name[0] != '/')
			continue;
		one = restore_one(dev, trees.list[i].name, opt, list);
		code = code ? code : one;
	}
	return code;
}

static int restore(const struct restore_options *opt)
{
	autoclose int dev = keptdev_open_or_say();
	struct json_object *root = NULL, *list = NULL;
	int code, out = EXIT_OK;

	if (dev < 0)
		return exit_code_of_open(dev);
	if (opt->json) {
		root = json_object_new_object();
		list = json_object_new_array();
		json_object_object_add(root, "trees", list);
	}
	code = opt->name ? restore_named(dev, opt, list) :
			   restore_all(dev, opt, list);
	if (root)
		output_json(root);
	out = finish_output();
	return code ? code : out;
}

int verb_restore(int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "if-any", no_argument, NULL, 'i' },
		{ "keep", no_argument, NULL, 'k' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct restore_options opt = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "Jh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == '?')
			return usage_error("restore");
		if (c == 't')
			opt.to = optarg;
		else if (c == 'i')
			opt.if_any = true;
		else if (c == 'k')
			opt.keep = true;
		else
			opt.json = true;
	}
	if (argc - optind > 1) {
		say("give the name of one tree, or none for all.");
		return usage_error("restore");
	}
	opt.name = argv[optind];
	if (opt.to && !opt.name) {
		say("--to goes with the name of a tree.");
		return usage_error("restore");
	}
	return restore(&opt);
}

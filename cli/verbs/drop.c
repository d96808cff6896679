// SPDX-License-Identifier: GPL-2.0
/*
 * kho drop: remove parcels and regions, and give back what came in.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/dev.h"
#include "cli/base/keptdev.h"
#include "cli/base/printable.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho drop [--parcel | --region | --tree] NAME...\n"
	"       kho drop --all | --incoming [--force]\n\n"
	"Remove parcels and regions, and trees that came from the previous kernel, and give their\n"
	"memory back. There is no way to get them again. Files that were restored of a tree stay.\n"
	"Of a tree that was refused only --incoming gives the memory back.\n"
	"Whoever was told the address of a region, such as ramoops, must be done with it before.\n\n"
	"Options:\n"
	"  --parcel    the names are of parcels\n"
	"  --region    the names are of regions\n"
	"  --tree      the names are of trees that came in; without it they are of none.\n"
	"              `kho keep --drop` forgets a tree that is kept\n"
	"  --all       all parcels and regions, and everything that came from the previous kernel\n"
	"              and nobody has claimed, also if it was refused\n"
	"  --incoming  only what came from the previous kernel and nobody has claimed\n"
	"  --force     also while sessions of /dev/liveupdate, or kept trees, wait: they are lost\n"
	"  -h, --help  this help\n\n"
	"Exit status: 0 all of it is gone, 1 failure, 2 wrong usage, 3 there is none of that name,\n"
	"6 not permitted.\n\n"
	"Examples:\n"
	"  kho drop leases\n"
	"  kho drop --all\n";

struct drop_options {
	bool parcel;
	bool region;
	bool tree;
	bool all;
	bool incoming;
	bool force;
};

static bool absent(int err)
{
	return err == -ENOENT || err == -EINVAL;
}

static int drop_parcel(int fd, const char *name)
{
	int err = dev_parcel_drop(fd, name);

	if (err && !absent(err))
		say("parcel '%s' was not dropped (%s); see the kernel log.",
		    name, strerror(-err));
	return err;
}

static int drop_region(int fd, const char *name)
{
	u64 bytes;
	int err = dev_region_drop(fd, name, &bytes);

	if (err == -ENOTTY)
		return -ENOENT;
	if (err == -EBUSY)
		say("region '%s' is in use by a module of the kernel; unload that first.",
		    name);
	else if (err && !absent(err))
		say("region '%s' was not dropped (%s); see the kernel log.",
		    name, strerror(-err));
	return err;
}

/* Nothing of it can be believed, so its memory cannot be given back alone. */
static bool was_refused(const struct kept_list *before, const char *name)
{
	const struct kept_info *t = kept_list_find(before, name, true);

	return t && t->state == KHO_KEPT_STATE_REFUSED;
}

/* @before: as it was before anything was dropped */
static int drop_tree(int fd, const char *name, const struct kept_list *before)
{
	autofree char *shown = printable(name, strlen(name));
	int err = keptdev_drop(fd, name);

	if (absent(err) || err == -ENAMETOOLONG) {
		say("no tree '%s' came from the previous kernel; `kho list` shows all trees.",
		    shown);
		return EXIT_ABSENT;
	}
	if (err == -EBUSY)
		say("another program has tree '%s' open; wait until it is done.",
		    shown);
	else if (err)
		say("tree '%s' was not dropped (%s); see the kernel log.",
		    shown, strerror(-err));
	else if (was_refused(before, name))
		say("tree '%s' was refused, so what it held stays reserved; `kho drop --incoming` gives it back, with everything else that came in and nobody has claimed.",
		    shown);
	return exit_code_of(err);
}

static int drop_trees_of(int fd, char **names, int nr)
{
	struct kept_list before;
	int i, one, code = EXIT_OK;

	/* What it cannot tell is not said: then there is none in it. */
	keptdev_list(fd, &before);
	for (i = 0; i < nr; i++) {
		one = drop_tree(fd, names[i], &before);
		code = code ? code : one;
	}
	kept_list_free(&before);
	return code;
}

static int drop_trees(char **names, int nr)
{
	autoclose int fd = keptdev_open_or_say();

	return fd < 0 ? exit_code_of_open(fd) : drop_trees_of(fd, names, nr);
}

static bool is_region(int fd, const char *name)
{
	autofree struct kho_region_info *list = NULL;
	u32 i, nr = 0;

	if (dev_region_list(fd, &list, &nr))
		return false;
	for (i = 0; i < nr; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return false;
}

static bool is_parcel(int fd, const char *name)
{
	autofree struct kho_parcel_info *list = NULL;
	u32 i, nr = 0;

	if (dev_parcel_list(fd, &list, &nr))
		return false;
	for (i = 0; i < nr; i++)
		if (!strncmp(list[i].name, name, sizeof(list[i].name)))
			return true;
	return false;
}

static int drop_one(int fd, const char *name, const struct drop_options *opt)
{
	bool either = opt->parcel == opt->region;
	int err = -ENOENT;

	if (either && is_region(fd, name) && is_parcel(fd, name)) {
		say("there are a parcel and a region '%s'; say --parcel or --region.",
		    name);
		return EXIT_FAILED;
	}
	if (either || opt->parcel)
		err = drop_parcel(fd, name);
	if (absent(err) && (either || opt->region))
		err = drop_region(fd, name);
	if (absent(err))
		say("there is no %s '%s'; `kho list` shows all of them.",
		    either	? "parcel or region" :
		    opt->parcel ? "parcel" :
				  "region",
		    name);
	return absent(err) ? EXIT_ABSENT : exit_code_of(err);
}

static int drop_names(int fd, char **names, int nr,
		      const struct drop_options *opt)
{
	int i, one, code = EXIT_OK;

	for (i = 0; i < nr; i++) {
		one = drop_one(fd, names[i], opt);
		code = code ? code : one;
	}
	return code;
}

static int cannot_list(const char *what, int err)
{
	say("the %s cannot be listed (%s), so none was dropped; see the kernel log.",
	    what, strerror(-err));
	return EXIT_FAILED;
}

static void report(const char *what, u32 nr, u64 bytes)
{
	char size[32];

	printf("dropped %u %s%s, %s.\n", nr, what, nr == 1 ? "" : "s",
	       human_bytes(bytes, size, sizeof(size)));
}

static int drop_parcels(int fd)
{
	autofree struct kho_parcel_info *list = NULL;
	u64 bytes = 0;
	u32 i, nr = 0, gone = 0;
	int err = dev_parcel_list(fd, &list, &nr);

	if (err)
		return cannot_list("parcels", err);
	for (i = 0; i < nr; i++) {
		list[i].name[sizeof(list[i].name) - 1] = '\0';
		err = drop_parcel(fd, list[i].name);
		if (err)
			continue;
		gone++;
		bytes += list[i].bytes;
	}
	report("parcel", gone, bytes);
	return gone == nr ? EXIT_OK : EXIT_FAILED;
}

static int drop_regions(int fd)
{
	autofree struct kho_region_info *list = NULL;
	u64 bytes = 0;
	u32 i, nr = 0, gone = 0;
	int err = dev_region_list(fd, &list, &nr);

	if (err)
		return cannot_list("regions", err);
	for (i = 0; i < nr; i++) {
		err = drop_region(fd, list[i].name);
		if (err)
			continue;
		gone++;
		bytes += list[i].bytes;
	}
	if (nr)
		report("region", gone, bytes);
	return gone == nr ? EXIT_OK : EXIT_FAILED;
}

static int drop_all(int fd)
{
	int parcels = drop_parcels(fd), regions = drop_regions(fd);

	return parcels ? parcels : regions;
}

static int sessions_wait(u32 nr)
{
	say("%u session%s of the previous kernel wait%s for a program to ask for %s, so nothing that came in was given back; start what wants %s, drop %s by name with `kho session drop`, or use --force to lose %s.",
	    nr, nr == 1 ? "" : "s", nr == 1 ? "s" : "", nr == 1 ? "it" : "them",
	    nr == 1 ? "it" : "them", nr == 1 ? "it" : "them",
	    nr == 1 ? "it" : "them");
	return EXIT_FAILED;
}

static int trees_wait(u32 nr)
{
	say("%u kept tree%s of the previous kernel wait%s to be restored, so nothing that came in was given back; restore %s with `kho restore`, save %s with `kho save`, or use --force to lose %s.",
	    nr, nr == 1 ? "" : "s", nr == 1 ? "s" : "", nr == 1 ? "it" : "them",
	    nr == 1 ? "it" : "them", nr == 1 ? "it" : "them");
	return EXIT_FAILED;
}

static void report_incoming(const struct kho_ioctl_status *st)
{
	char size[32];

	if (st->flags & KHO_STATUS_IN_REFUSED)
		puts("gave back all memory that the refused handover kept reserved.");
	else
		printf("gave back %s that came from the previous kernel.\n",
		       human_bytes(st->in_unclaimed_bytes, size, sizeof(size)));
	if (st->in_sessions)
		printf("%u session%s that waited %s lost with it.\n",
		       st->in_sessions, st->in_sessions == 1 ? "" : "s",
		       st->in_sessions == 1 ? "is" : "are");
	if (st->in_trees)
		printf("%u kept tree%s that waited %s lost with it.\n",
		       st->in_trees, st->in_trees == 1 ? "" : "s",
		       st->in_trees == 1 ? "is" : "are");
}

static int drop_incoming(int fd, bool force)
{
	struct kho_ioctl_status st;
	int err = dev_status(fd, &st);

	if (!err)
		err = dev_in_drop(fd, force);
	if (err == -ENOENT) {
		puts("nothing from the previous kernel was held.");
		return EXIT_OK;
	}
	if (err == -EBUSY && st.in_sessions)
		return sessions_wait(st.in_sessions);
	if (err == -EBUSY && st.in_trees)
		return trees_wait(st.in_trees);
	if (err) {
		say("what came from the previous kernel was not given back (%s); see the "
		    "kernel log.",
		    strerror(-err));
		return exit_code_of_open(err);
	}
	report_incoming(&st);
	return EXIT_OK;
}

static int drop(int argc, char **argv, const struct drop_options *opt)
{
	autoclose int fd = opt->tree ? -1 : dev_open_or_say();
	int code, in_code;

	if (opt->tree)
		return drop_trees(argv, argc);

	if (fd < 0)
		return exit_code_of_open(fd);
	if (!opt->all && !opt->incoming)
		return drop_names(fd, argv, argc, opt);
	code = opt->all ? drop_all(fd) : EXIT_OK;
	in_code = drop_incoming(fd, opt->force);
	if (finish_output())
		return EXIT_FAILED;
	return code ? code : in_code;
}

static void take_option(struct drop_options *opt, int c)
{
	opt->all |= c == 'a';
	opt->incoming |= c == 'i';
	opt->parcel |= c == 'p';
	opt->region |= c == 'r';
	opt->tree |= c == 't';
	opt->force |= c == 'f';
}

int verb_drop(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "incoming", no_argument, NULL, 'i' },
		{ "parcel", no_argument, NULL, 'p' },
		{ "region", no_argument, NULL, 'r' },
		{ "tree", no_argument, NULL, 't' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct drop_options opt = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == '?')
			return usage_error("drop");
		take_option(&opt, c);
	}
	if ((opt.all || opt.incoming) == !!argv[optind]) {
		say("give the names of parcels or regions, or --all, or --incoming.");
		return usage_error("drop");
	}
	if ((opt.parcel || opt.region || opt.tree) && !argv[optind]) {
		say("--parcel, --region and --tree go with names.");
		return usage_error("drop");
	}
	if (opt.tree && (opt.parcel || opt.region)) {
		say("names after --tree are of trees only.");
		return usage_error("drop");
	}
	if (opt.force && argv[optind]) {
		say("--force goes with --all and --incoming.");
		return usage_error("drop");
	}
	return drop(argc - optind, argv + optind, &opt);
}

// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "dev.h"
#include "verbs.h"

static const char help_text[] =
	"Usage: kho drop NAME...\n"
	"       kho drop --all | --incoming\n\n"
	"Remove parcels and give their memory back. There is no way to get them again.\n\n"
	"Options:\n"
	"  --all       all parcels, and everything that came from the previous kernel and "
	"nobody has\n"
	"              claimed, also if it was refused\n"
	"  --incoming  only what came from the previous kernel and nobody has claimed\n"
	"  -h, --help  this help\n\n"
	"Exit status: 0 all of it is gone, 1 failure, 2 wrong usage.\n\n"
	"Examples:\n"
	"  kho drop leases\n"
	"  kho drop --all\n";

static int drop_one(int fd, const char *name)
{
	int err = dev_parcel_drop(fd, name);

	if (!err)
		return EXIT_OK;
	if (err == -ENOENT || err == -EINVAL)
		say("there is no parcel '%s'; `kho list` shows all of them.",
		    name);
	else
		say("parcel '%s' was not dropped (%s); see the kernel log.",
		    name, strerror(-err));
	return EXIT_FAILED;
}

static int drop_names(int fd, char **names, int nr)
{
	int i, code = EXIT_OK;

	for (i = 0; i < nr; i++) {
		if (drop_one(fd, names[i]))
			code = EXIT_FAILED;
	}
	return code;
}

static int drop_parcels(int fd)
{
	autofree struct kho_parcel_info *list = NULL;
	u64 bytes = 0;
	u32 i, nr = 0, dropped = 0;
	char size[32];
	int err = dev_parcel_list(fd, &list, &nr);

	if (err) {
		say("the parcels cannot be listed (%s), so none was dropped; see the kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	for (i = 0; i < nr; i++) {
		list[i].name[sizeof(list[i].name) - 1] = '\0';
		if (drop_one(fd, list[i].name))
			continue;
		dropped++;
		bytes += list[i].bytes;
	}
	printf("dropped %u parcel%s, %s.\n", dropped, dropped == 1 ? "" : "s",
	       human_bytes(bytes, size, sizeof(size)));
	return dropped == nr ? EXIT_OK : EXIT_FAILED;
}

static int drop_incoming(int fd)
{
	struct kho_ioctl_status st;
	char size[32];
	int err = dev_status(fd, &st);

	if (!err)
		err = dev_in_drop(fd);
	if (err == -ENOENT) {
		puts("nothing from the previous kernel was held.");
		return EXIT_OK;
	}
	if (err) {
		say("what came from the previous kernel was not given back (%s); see the "
		    "kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	if (st.flags & KHO_STATUS_IN_REFUSED)
		puts("gave back all memory that the refused handover kept reserved.");
	else
		printf("gave back %s that came from the previous kernel.\n",
		       human_bytes(st.in_unclaimed_bytes, size, sizeof(size)));
	return EXIT_OK;
}

static int drop(int argc, char **argv, bool all, bool incoming)
{
	autoclose int fd = dev_open_or_say();
	int code, in_code;

	if (fd < 0)
		return EXIT_FAILED;
	if (!all && !incoming)
		return drop_names(fd, argv, argc);
	code = all ? drop_parcels(fd) : EXIT_OK;
	in_code = drop_incoming(fd);
	if (finish_output())
		return EXIT_FAILED;
	return code ? code : in_code;
}

int verb_drop(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "incoming", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool all = false, incoming = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == '?')
			return usage_error("drop");
		all |= c == 'a';
		incoming |= c == 'i';
	}
	if ((all || incoming) == !!argv[optind]) {
		say("give the names of parcels, or --all, or --incoming.");
		return usage_error("drop");
	}
	return drop(argc - optind, argv + optind, all, incoming);
}

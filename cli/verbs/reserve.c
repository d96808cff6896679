// SPDX-License-Identifier: GPL-2.0
/* kho reserve: reserve a region. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/dev.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho reserve NAME SIZE [ALIGN]\n\n"
	"Reserve physically contiguous memory that every following kernel finds at the same\n"
	"address, with the same contents, until it is dropped. It is all zero at first. The\n"
	"parameter reserve_mem=SIZE:ALIGN:NAME of the kho module does the same when it is loaded.\n\n"
	"NAME has 1 to 15 characters. SIZE is rounded up to whole pages; ALIGN is a power of two,\n"
	"the page size if it is not given. Both take a suffix: K, M, G or T.\n\n"
	"Options:\n"
	"  -h, --help  this help\n\n"
	"Prints the physical address. `kho list` shows it again, `kho drop NAME` gives the memory\n"
	"back.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 5 no room, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho reserve oops 4M 2M\n"
	"  modprobe ramoops mem_address=$(kho reserve oops 1M) mem_size=0x100000\n";

static const char *explain(int err)
{
	switch (-err) {
	case EEXIST:
		return "there is a region of this name; `kho list` shows it";
	case ENOMEM:
		return "there is not so much contiguous memory; ask for less, or sooner";
	case ENOSPC:
		return "no more regions can be handed on; drop one";
	case EINVAL:
		return "the name, the size or the alignment is not possible";
	case EOPNOTSUPP:
		return "handover is off; load the kho module with enable=1";
	case ENOTTY:
		return "the kho module is too old for regions";
	default:
		return strerror(-err);
	}
}

static int reserve(const char *name, u64 bytes, u64 align)
{
	autoclose int fd = dev_open_or_say();
	u64 phys;
	int err;

	if (fd < 0)
		return exit_code_of_open(fd);
	err = dev_region_create(fd, name, bytes, align, &phys);
	if (err) {
		say("region '%s' was not reserved: %s.", name, explain(err));
		return exit_code_of(err);
	}
	printf("0x%llx\n", (unsigned long long)phys);
	return finish_output();
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len && len < KHO_REGION_NAME_SIZE && !strchr(name, '/'))
		return true;
	say("'%s' is no name for a region: it has 1 to %d characters and no '/'.",
	    name, KHO_REGION_NAME_SIZE - 1);
	return false;
}

static bool take_size(const char *text, u64 *bytes)
{
	if (parse_bytes(text, bytes) && *bytes)
		return true;
	say("'%s' is no size; 4096, 64K, 4M and 1G are.", text);
	return false;
}

static bool take_align(const char *text, u64 *align)
{
	if (parse_bytes(text, align) && *align && !(*align & (*align - 1)))
		return true;
	say("'%s' is no alignment: a power of two is needed, such as 4K or 2M.",
	    text);
	return false;
}

int verb_reserve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	u64 bytes, align = 0;
	int c, nr;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		return usage_error("reserve");
	}
	nr = argc - optind;
	if (nr < 2 || nr > 3) {
		say("give the name and the size of a region, and perhaps its alignment.");
		return usage_error("reserve");
	}
	argv += optind;
	if (!name_ok(argv[0]) || !take_size(argv[1], &bytes) ||
	    (nr == 3 && !take_align(argv[2], &align)))
		return usage_error("reserve");
	return reserve(argv[0], bytes, align);
}

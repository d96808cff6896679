// SPDX-License-Identifier: GPL-2.0
/* Does the next kernel get along with the memory that is left to it? */
#include "cli/image/room.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/savefile.h"
#include "cli/image/sysinfo.h"

#define DIRECTORY "/run/kho"
#define FILE_NAME DIRECTORY "/image-needs"

u64 room_withheld(const struct kho_ioctl_status *st)
{
	u64 later = st->out_session_bytes > st->out_bytes ?
			    st->out_session_bytes - st->out_bytes :
			    0;

	return st->out_extent_bytes + later;
}

u64 room_missing(const struct room_needs *needs, u64 withheld)
{
	u64 taken = needs->boot + needs->cmdline + withheld;

	return taken > needs->total ? taken - needs->total : 0;
}

char *room_explain(const struct room_needs *needs, u64 withheld)
{
	char a[32], b[32], c[32], d[32], e[32];

	human_bytes(withheld, a, sizeof(a));
	human_bytes(needs->boot, b, sizeof(b));
	human_bytes(needs->cmdline, c, sizeof(c));
	human_bytes(needs->total, d, sizeof(d));
	human_bytes(room_missing(needs, withheld), e, sizeof(e));
	return format(
		"%s are withheld from the next kernel until its kho module is there, it needs %s to boot%s%s%s, and the machine has %s: %s are missing, so it would not boot",
		a, b, needs->cmdline ? ", its command line sets " : "",
		needs->cmdline ? c : "", needs->cmdline ? " aside" : "", d, e);
}

void room_save(const struct room_needs *needs)
{
	autofree char *path = sysinfo_path(FILE_NAME, "");
	autofree char *directory = sysinfo_path(DIRECTORY, "");
	autofree char *text = format("%llu %llu %llu\n",
				     (unsigned long long)needs->total,
				     (unsigned long long)needs->boot,
				     (unsigned long long)needs->cmdline);

	mkdir(directory, 0755);
	if (save_file(path, 0644, text, strlen(text)))
		unlink(path);
}

bool room_saved(struct room_needs *needs)
{
	autofree char *text = sysinfo_text(FILE_NAME);
	unsigned long long total, boot, cmdline;

	if (!text ||
	    sscanf(text, "%llu %llu %llu", &total, &boot, &cmdline) != 3)
		return false;
	*needs = (struct room_needs){ total, boot, cmdline };
	return true;
}

void room_forget(void)
{
	autofree char *path = sysinfo_path(FILE_NAME, "");

	unlink(path);
}

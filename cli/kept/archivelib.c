// SPDX-License-Identifier: GPL-2.0
/* libarchive. */
#include "cli/kept/archivelib.h"

#include <dlfcn.h>
#include <errno.h>

#include "cli/base/util.h"

#define LIBRARY "libarchive.so.13"

int archivelib_load(const struct archive_function *wanted, size_t nr)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!handle) {
		say("there is no " LIBRARY
		    ", which makes archives; install the package "
		    "libarchive13 (in Debian 13: libarchive13t64).");
		return -ENOENT;
	}
	for (i = 0; i < nr; i++) {
		void *symbol = dlsym(handle, wanted[i].name);

		*(void **)wanted[i].to = symbol;
		if (symbol)
			continue;
		say(LIBRARY " has no %s; install a newer version of it.",
		    wanted[i].name);
		return -ENOENT;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* Which columns a table shows. */
#include "cli/base/columns.h"

#include <string.h>
#include <strings.h>

static size_t find(const char *name, size_t len, const char *const *known,
		   size_t nr_known)
{
	size_t i;

	for (i = 0; i < nr_known; i++) {
		if (strlen(known[i]) == len &&
		    !strncasecmp(known[i], name, len))
			break;
	}
	return i;
}

size_t columns_parse(const char *list, const char *const *known,
		     size_t nr_known, size_t out[COLUMNS_MAX], const char **bad)
{
	size_t nr = 0;

	if (*list == '+') {
		list++;
		for (; nr < nr_known && nr < COLUMNS_MAX; nr++)
			out[nr] = nr;
	}
	for (;;) {
		size_t len = strcspn(list, ",");
		size_t i = find(list, len, known, nr_known);

		*bad = list;
		if (i == nr_known || nr == COLUMNS_MAX)
			return 0;
		out[nr++] = i;
		if (!list[len])
			return nr;
		list += len + 1;
	}
}

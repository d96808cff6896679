// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a module: what it says of itself stays within its bounds.
 */
#define _GNU_SOURCE

#include "cli/image/modinfo.c"
#include "cli/base/util.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct modinfo m;
	unsigned int i;

	modinfo_parse(&m, data, bytes);
	if (m.nr_wires > MODINFO_WIRES ||
	    strlen(m.release) >= sizeof(m.release))
		abort();
	for (i = 0; i < m.nr_wires; i++)
		modinfo_understands(&m, &m.wire[i]);
	return 0;
}

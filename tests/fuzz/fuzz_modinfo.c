// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a module, and as a kernel that may be signed: what it says of itself stays within
 * its bounds, and so does who looks for the signature.
 */
#define _GNU_SOURCE

#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/base/util.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct modinfo m;
	unsigned int i;

	signature_of_kernel(data, bytes);
	modinfo_parse(&m, data, bytes);
	if (m.nr_wires > MODINFO_WIRES ||
	    strlen(m.release) >= sizeof(m.release))
		abort();
	for (i = 0; i < m.nr_wires; i++)
		modinfo_understands(&m, &m.wire[i]);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a unified kernel image: what is taken of it lies in it, and apart.
 */
#define _GNU_SOURCE

#include "cli/image/pe.c"
#include "cli/image/uki.c"
#include "cli/base/util.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static u64 sum(const u8 *data, size_t bytes)
{
	u64 n = 0;

	while (bytes--)
		n += *data++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *why = NULL;
	struct blob initrd;
	size_t all = 0;
	struct uki u;
	char *line;
	int i;

	switch (uki_parse(&u, data, bytes, &why)) {
	case UKI_NONE:
		return 0;
	case UKI_DAMAGED:
		if (!why || !*why)
			abort();
		return 0;
	case UKI_GOOD:
		break;
	}
	for (i = 0; i < UKI_PARTS; i++) {
		if (u.part[i].at > bytes ||
		    u.part[i].bytes > bytes - u.part[i].at)
			abort();
		all += u.part[i].bytes;
	}
	if (!u.part[UKI_LINUX].bytes || all > bytes)
		abort();
	uki_initrd(&u, data, &initrd);
	if (sum(initrd.data, initrd.bytes) !=
	    sum(data + u.part[UKI_INITRD].at, u.part[UKI_INITRD].bytes) +
		    sum(data + u.part[UKI_UCODE].at, u.part[UKI_UCODE].bytes))
		abort();
	blob_free(&initrd);
	line = uki_cmdline(&u, data);
	if (line && (!*line || strchr(line, '\n')))
		abort();
	free(line);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* The subtree "kexec-metadata": who handed over, and for the how many-th time. */

#include <linux/string.h>
#include <linux/kho/abi/metadata.h>

#include "kmod/clients/clients.h"
#include "kmod/kho.h"

/**
 * kho_metadata_check() - read what the previous kernel told of itself
 * @m: filled on success; its release is NUL-terminated
 * @blob: readable as far as @bytes and the struct go; trusted for nothing
 * @bytes: size of the blob
 *
 * Return: 0; -EBADMSG (too short, or no release) or -EPROTONOSUPPORT (version), after a warning.
 */
int kho_metadata_check(struct kho_kexec_metadata *m, const void *blob,
		       u64 bytes)
{
	u32 version;

	if (bytes < sizeof(version)) {
		pr_warn("kexec metadata ignored: %llu bytes\n", bytes);
		return -EBADMSG;
	}
	memcpy(&version, blob, sizeof(version));
	if (version != KHO_KEXEC_METADATA_VERSION) {
		pr_warn("kexec metadata ignored: version %u, expected %u\n",
			version, KHO_KEXEC_METADATA_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (bytes < sizeof(*m)) {
		pr_warn("kexec metadata ignored: %llu bytes, expected %zu\n",
			bytes, sizeof(*m));
		return -EBADMSG;
	}
	memcpy(m, blob, sizeof(*m));
	if (strnlen(m->previous_release, sizeof(m->previous_release)) ==
	    sizeof(m->previous_release)) {
		pr_warn("kexec metadata ignored: the release does not end\n");
		return -EBADMSG;
	}
	return 0;
}

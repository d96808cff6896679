/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of the kexec metadata: which kernel handed over, and how often that has happened since
 * the machine was powered on. Upstream's format; every kernel with KHO writes and reads it.
 *
 * Subtree KHO_METADATA_NODE_NAME of the root FDT points to one struct kho_kexec_metadata:
 *
 *    0      4                             69      73
 *    +------+------------------------------+-------+
 *    | vers |  previous_release            | count |
 *    +------+------------------------------+-------+
 *
 * Informative: a blob of less than 4 bytes, one of another version, and one shorter than the
 * struct are ignored with a warning, and the handover is accepted all the same.
 */
#ifndef _LINUX_KHO_ABI_METADATA_H
#define _LINUX_KHO_ABI_METADATA_H

#include <linux/kho/abi/kexec_handover.h>

/* Name of the subtree in the root FDT. */
#define KHO_METADATA_NODE_NAME "kexec-metadata"
/* Version of everything in this file. */
#define KHO_KEXEC_METADATA_VERSION 1
/* Size of a release as uname gives it, with its NUL. */
#define KHO_METADATA_RELEASE_SIZE 65

/**
 * struct kho_kexec_metadata - the blob
 * @version: KHO_KEXEC_METADATA_VERSION; first in every version
 * @previous_release: uname release of the kernel that wrote this, NUL-terminated
 * @kexec_count: handovers since the last cold boot, this one included: what the writer was told,
 *   plus 1
 */
struct kho_kexec_metadata {
	u32 version;
	char previous_release[KHO_METADATA_RELEASE_SIZE];
	u32 kexec_count;
} __packed;

static_assert(offsetof(struct kho_kexec_metadata, previous_release) == 4,
	      "wire layout");
static_assert(offsetof(struct kho_kexec_metadata, kexec_count) == 69,
	      "wire layout");
static_assert(sizeof(struct kho_kexec_metadata) == 73, "wire layout");

#endif /* _LINUX_KHO_ABI_METADATA_H */

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Versions of what another kernel's module wrote (include/linux/kho/abi/version.h). */
#ifndef KHO_CORE_VERSION_H
#define KHO_CORE_VERSION_H

#include <linux/kho/abi/version.h>

#include "refusal.h"

/**
 * struct kho_reader - one format as it is understood here
 * @version: newest version, which is also what is written here
 * @reads_from: oldest version
 * @bytes: size of the struct that grows with versions
 * @bytes_from: its size in the oldest version
 * @bytes_most: no version has more
 */
struct kho_reader {
	u32 version;
	u32 reads_from;
	u32 bytes;
	u32 bytes_from;
	u32 bytes_most;
};

/* The version as which something was written. */
static inline u32 kho_version_of(u32 word)
{
	return word & 0xffff;
}

/* The oldest version whose readers understand it; 0 = none but itself. */
static inline u32 kho_version_readers_from(u32 word)
{
	return word >> 16;
}

/* Can what says this of itself be understood here? */
static inline bool kho_version_ok(const struct kho_reader *reader, u32 word)
{
	u32 version = kho_version_of(word),
	    from = kho_version_readers_from(word);

	if (from >= version && from)
		return false;
	if (version <= reader->version)
		return version >= reader->reads_from;
	return from && from <= reader->version;
}

/*
 * Can a struct of a version that is understood have this size? A newer one has all that is known
 * here, and more; an older one has no more than that.
 */
static inline bool kho_version_bytes_ok(const struct kho_reader *reader,
					u32 word, u32 bytes)
{
	u32 version = kho_version_of(word);

	if (bytes <
	    (version < reader->version ? reader->bytes_from : reader->bytes))
		return false;
	return bytes <=
	       (version > reader->version ? reader->bytes_most : reader->bytes);
}

/**
 * kho_version_check() - is this version understood here?
 * @reader: what is
 * @word: as it lies there
 * @check: the refusal's check
 * @where: the refusal's where
 * @r: filled on refusal; may be NULL
 *
 * Return: 0 or -EPROTONOSUPPORT.
 */
static inline int kho_version_check(const struct kho_reader *reader, u32 word,
				    const char *check, u64 where,
				    struct kho_refusal *r)
{
	if (kho_version_ok(reader, word))
		return 0;
	return kho_refuse(r, -EPROTONOSUPPORT, check, where, word,
			  reader->version);
}

#endif /* KHO_CORE_VERSION_H */

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Versions of the formats that the kho module itself has made (kho_module.h, parcel.h).
 * Upstream's formats have a string, which is the same or another: nothing is negotiated there.
 *
 * Two kernels need not have the same version of the module. A version is one word on the wire:
 *
 *    31                16 15                 0
 *   +--------------------+--------------------+
 *   |    readers from    |       version      |
 *   +--------------------+--------------------+
 *
 *   version        what lies there was written as this version, 1 .. 0xffff
 *   readers from   the oldest version whose readers understand it all the same; 0 = no older one
 *
 * A reader of version R, which reads all versions from K on, accepts what says version V and
 * readers from F if
 *
 *   K <= V <= R              it knows that version, or
 *   V > R and F in 1 .. R    it does not, but the writer knows that it will do.
 *
 * Readers from V or later make no sense, and are refused.
 *
 * A new version that older readers understand may do two things. It may add members behind the
 * last one of a struct whose size is on the wire too; who does not know them does not look at
 * them, and a reader takes members that are not there for 0. And it may use bytes that were 0 and
 * are said to be free for that. A checksum covers what it covered before; what is added has one
 * of its own, if it needs one. All else is a version that older readers refuse.
 *
 * What a module writes and reads stands in its modinfo (KHO_WIRE_INFO), so that it can be told
 * before the jump whether the next kernel's module will understand this one's.
 */
#ifndef _LINUX_KHO_ABI_VERSION_H
#define _LINUX_KHO_ABI_VERSION_H

/* The word of a version, given the oldest version whose readers understand it. */
#define KHO_VERSION_WORD(version, readers_from) \
	((version) | ((readers_from) < (version) ? (readers_from) << 16 : 0))

/*
 * One format in modinfo's field kho_wire: its name (of the subtree), the version that is written,
 * the oldest version whose readers understand that, and the oldest version that is read. For
 * sscanf(3): "%63s writes=%u readers>=%u reads>=%u".
 */
#define KHO_WIRE_INFO(name, version, readers_from, reads_from)                 \
	name " writes=" KHO_WIRE_STRING(version) " readers>=" KHO_WIRE_STRING( \
		readers_from) " reads>=" KHO_WIRE_STRING(reads_from)
#define KHO_WIRE_STRING(x) KHO_WIRE_STRING_OF(x)
#define KHO_WIRE_STRING_OF(x) #x

#endif /* _LINUX_KHO_ABI_VERSION_H */

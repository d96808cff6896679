/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions and files in memory as a previous kernel leaves them, in simulated memory. */
#ifndef KHO_TESTS_LUOWIRE_H
#define KHO_TESTS_LUOWIRE_H

#include "core/luo.h"
#include "core/memfd.h"
#include "parcels.h"

/**
 * struct luowire - see above
 * @mem: the memory
 * @phys: struct luo_ser
 * @session_phys: last block of sessions, 0 = none
 * @file_phys: last block of files of the last session, 0 = none
 * @session: the last one
 * @order: of the block that a page begins, 0 unless a test says otherwise
 */
struct luowire {
	struct parcels mem;
	u64 phys;
	u64 session_phys;
	u64 file_phys;
	struct luo_session_ser *session;
	u8 *order;
};

/* No sessions, in @nr_pages pages of memory. */
void luowire_init(struct luowire *w, u64 nr_pages);
void luowire_exit(struct luowire *w);

/* Makes it as after luowire_init() again. */
void luowire_clear(struct luowire *w);

struct luo_ser *luowire_head(struct luowire *w);
/* A session after all others. */
struct luo_session_ser *luowire_session(struct luowire *w, const char *name);
/* A file after all others of the last session. */
struct luo_file_ser *luowire_file(struct luowire *w, const char *compatible,
				  u64 data, u64 token);
struct luo_flb_ser *luowire_flb(struct luowire *w, const char *name, u64 data,
				u64 count);

/* A file in memory with @nr pages, one after the other; its physical address. */
u64 luowire_memfd(struct luowire *w, u32 nr);
/* An element of its list of folios. */
struct memfd_luo_folio_ser *luowire_folio(struct luowire *w, u64 phys, u32 i);

struct kho_memfd_ops luowire_memfd_ops(struct luowire *w);

#endif /* KHO_TESTS_LUOWIRE_H */

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of the Live Update Orchestrator: sessions, the files in them, and objects that live
 * as long as such files (FLB).
 *
 * Subtree LUO_KHO_SUBTREE points to struct luo_ser (a preserved page):
 *
 *   luo_ser -> sessions_pa: block chain of struct luo_session_ser, in order of creation
 *                -> file_set.files: block chain of struct luo_file_ser, as they were preserved
 *                     -> data: whatever the handler named by @compatible put there
 *           -> flbs_pa: one page, struct luo_flb_header_ser and then struct luo_flb_ser each
 *
 * Block chains are those of block.h. A physical address of 0 stands for nothing: no sessions,
 * no files, no FLBs. The layout is that of Linux 7.3.
 *
 * The blob is there from the start with no session, and with a page of no FLBs. Both are written
 * at the last moment before the jump, to where nobody reads them yet; then they are published,
 * first the FLBs by one store to their count, then all sessions by one store to sessions_pa. So
 * at every instant the next kernel finds all sessions or none, and all FLBs of those it finds.
 */
#ifndef _LINUX_KHO_ABI_LUO_H
#define _LINUX_KHO_ABI_LUO_H

#include <linux/kho/abi/block.h>

/* Name of the subtree in the root FDT. */
#define LUO_KHO_SUBTREE "LUO"
/* Version of everything in this file but of the handlers' own data. */
#define LUO_COMPATIBLE "luo-v5"

/* Sizes of names with their NUL. */
#define LUO_COMPATIBLE_SIZE 8
#define LUO_SESSION_NAME_SIZE 64
#define LIVEUPDATE_HNDL_COMPAT_LENGTH 48
#define LIVEUPDATE_FLB_COMPAT_LENGTH 48

/**
 * struct luo_ser - the blob of subtree LUO_KHO_SUBTREE
 * @compatible: LUO_COMPATIBLE
 * @liveupdate_num: of this live update, counted from 1
 * @sessions_pa: physical address of the first block of sessions
 * @flbs_pa: physical address of the page of FLBs
 */
struct luo_ser {
	char compatible[LUO_COMPATIBLE_SIZE];
	u64 liveupdate_num;
	u64 sessions_pa;
	u64 flbs_pa;
} __packed;

static_assert(sizeof(struct luo_ser) == 32, "wire layout");

/**
 * struct luo_file_set_ser - the files of a session
 * @files: physical address of the first block of files
 * @count: how many files there are in all blocks
 */
struct luo_file_set_ser {
	u64 files;
	u64 count;
} __packed;

/**
 * struct luo_session_ser - one session
 * @name: NUL-terminated, 1 .. 63 bytes, no other session has it
 * @file_set: its files
 */
struct luo_session_ser {
	char name[LUO_SESSION_NAME_SIZE];
	struct luo_file_set_ser file_set;
} __packed;

static_assert(sizeof(struct luo_session_ser) == 80, "wire layout");

/**
 * struct luo_file_ser - one file of a session
 * @compatible: NUL-terminated name of the handler and of the version of its data
 * @data: the handler's
 * @token: what user space calls the file; no other file of the session has it
 */
struct luo_file_ser {
	char compatible[LIVEUPDATE_HNDL_COMPAT_LENGTH];
	u64 data;
	u64 token;
} __packed;

static_assert(sizeof(struct luo_file_ser) == 64, "wire layout");

/**
 * struct luo_flb_header_ser - start of the page of FLBs
 * @pgcnt: 1
 * @count: FLBs that follow
 */
struct luo_flb_header_ser {
	u64 pgcnt;
	u64 count;
} __packed;

/**
 * struct luo_flb_ser - one FLB
 * @name: NUL-terminated name of it and of the version of its data
 * @data: the FLB's
 * @count: files that it lives as long as, not 0
 */
struct luo_flb_ser {
	char name[LIVEUPDATE_FLB_COMPAT_LENGTH];
	u64 data;
	u64 count;
} __packed;

static_assert(sizeof(struct luo_flb_header_ser) == 16, "wire layout");
static_assert(sizeof(struct luo_flb_ser) == 64, "wire layout");

#define LUO_PER_BLOCK(entry) \
	((KHO_BLOCK_SIZE - sizeof(struct kho_block_header_ser)) / sizeof(entry))
/* Sessions and files in one block, FLBs in their page. */
#define LUO_SESSIONS_PER_BLOCK LUO_PER_BLOCK(struct luo_session_ser)
#define LUO_FILES_PER_BLOCK LUO_PER_BLOCK(struct luo_file_ser)
#define LUO_MAX_FLBS LUO_PER_BLOCK(struct luo_flb_ser)

#endif /* _LINUX_KHO_ABI_LUO_H */

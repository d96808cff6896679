/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of kept trees, written and read by nothing but what include/linux/kho/abi/kept.h says,
 * and slowly: to compare core/ with.
 */
#ifndef KHO_TESTS_KEPTRECORDS_H
#define KHO_TESTS_KEPTRECORDS_H

#include "core/kept_record.h"
#include "testmem.h"

/**
 * struct keptrecords - records, one by one
 * @record: them; strings lie where they were read, or where who added them has them, or in:
 * @string: strings that were made up
 * @nr: how many records
 * @room: for so many
 * @nr_strings: how many strings
 * @string_room: for so many
 */
struct keptrecords {
	struct kho_kept_record *record;
	char **string;
	size_t nr;
	size_t room;
	size_t nr_strings;
	size_t string_room;
};

/* Bytes that grow. */
struct keptbytes {
	u8 *data;
	size_t nr;
	size_t room;
};

void keptrecords_exit(struct keptrecords *k);
/* One more, which is 0 but for its type. */
struct kho_kept_record *keptrecords_add(struct keptrecords *k,
					enum kho_kept_record_type type);
/* A valid tree of some @nr files of all kinds. */
void keptrecords_random(struct keptrecords *k, struct testrand *rand, u32 nr);
/* How many of the records are regular files. */
u64 keptrecords_files(const struct keptrecords *k);
/* Are these the same? Says which differs. */
bool keptrecords_same(const struct kho_kept_record *a,
		      const struct kho_kept_record *b);

void keptbytes_exit(struct keptbytes *b);
/* For struct kho_kept_writer. */
int keptbytes_put(void *ctx, const void *data, size_t bytes);
/* A number as records have it. */
void keptbytes_number(struct keptbytes *b, u64 number);

/* Writes records. */
void keptrecords_write(const struct keptrecords *k, struct keptbytes *b);
/* Writes them with core/. */
void keptrecords_write_core(const struct keptrecords *k, struct keptbytes *b);

/*
 * Reads a whole tree. NULL if it is valid, with all that kho_kept_records_check() checks but the
 * counts; else what is wrong.
 */
const char *keptrecords_read(struct keptrecords *k, const void *data,
			     size_t bytes);

/* Memory for kho_kept_records_check() that dies where it is misused. */
struct kho_kept_memory keptrecords_memory(u64 seed);
/* Bytes that it has given and not got back. */
extern size_t keptrecords_in_use;
/* It has no more than this. */
extern size_t keptrecords_most;

#endif /* KHO_TESTS_KEPTRECORDS_H */

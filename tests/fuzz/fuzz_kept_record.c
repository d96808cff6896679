// SPDX-License-Identifier: GPL-2.0
/*
 * Records, as they are or made up and then damaged: they are judged as the naive reader judges
 * them, and what is accepted comes out of the writer as it came out of the reader.
 */
#include "keptrecords.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { MAX_FILES = 40, MAX_BYTES = 4096 };

/* The reader's records, each compared with the naive reader's. */
static void compare(const struct keptrecords *k, const struct keptbytes *b)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	size_t i;

	kho_kept_reader_init(&reader, b->data, b->nr);
	for (i = 0; i < k->nr; i++)
		if (kho_kept_next(&reader, &record, NULL) < 0 ||
		    !keptrecords_same(&k->record[i], &record))
			test_die("record %zu is not the same", i);
	if (reader.nr_records != k->nr ||
	    kho_kept_next(&reader, &record, NULL) != KHO_STEP_END)
		test_die("there are other records");
}

static void write_again(const struct keptrecords *k)
{
	struct keptbytes naive = { 0 }, core = { 0 };

	keptrecords_write(k, &naive);
	keptrecords_write_core(k, &core);
	if (naive.nr != core.nr || memcmp(naive.data, core.data, core.nr))
		test_die("written in another way");
	compare(k, &core);
	keptbytes_exit(&naive);
	keptbytes_exit(&core);
}

/* Reads without looking at the whole first: ends, and does not leave the bytes. */
static void read_on(const struct keptbytes *b)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	struct kho_refusal r = { 0 };
	u64 before;
	int step;

	kho_kept_reader_init(&reader, b->data, b->nr);
	do {
		before = reader.at;
		step = kho_kept_next(&reader, &record, &r);
		if (step > 0 && reader.at <= before)
			test_die("a record of no bytes");
	} while (step > 0);
	if (step < 0 && (r.err != step || !r.check || r.where != reader.at))
		test_die("refused without a reason");
}

static void judge(const struct keptbytes *b, u64 seed)
{
	struct kho_kept_memory memory = keptrecords_memory(seed);
	struct keptrecords k = { 0 };
	const char *wrong = keptrecords_read(&k, b->data, b->nr);
	struct kho_refusal r = { 0 };
	int err;

	read_on(b);
	err = kho_kept_records_check(b->data, b->nr, k.nr,
				     keptrecords_files(&k), &memory, &r);
	/* Of bytes that end early the naive reader has seen less. */
	if (!err != !wrong)
		test_die("%s, but %s", err ? r.check : "accepted",
			 wrong ? wrong : "good");
	if (err && (r.err != err || !r.check || r.where > b->nr))
		test_die("refused without a reason");
	if (keptrecords_in_use)
		test_die("memory was not given back");
	if (!err) {
		compare(&k, b);
		write_again(&k);
	}
	keptrecords_exit(&k);
}

static u64 take(const u8 **data, size_t *size, unsigned int bytes)
{
	u64 value = 0;

	for (; bytes && *size; bytes--, (*size)--)
		value = value << 8 | *(*data)++;
	return value;
}

/* A tree of any shape, and what is to be changed in it. */
static void make_up(struct keptbytes *b, const u8 *data, size_t size)
{
	struct testrand rand = { take(&data, &size, 4) };
	struct keptrecords k = { 0 };
	u32 nr = (u32)take(&data, &size, 1) % MAX_FILES;

	keptrecords_random(&k, &rand, nr);
	keptrecords_write(&k, b);
	keptrecords_exit(&k);
	while (size) {
		size_t at = take(&data, &size, 2) % b->nr;

		switch (take(&data, &size, 1) % 4) {
		case 0:
			b->nr = at + 1;
			break;
		case 1:
			b->data[at] ^= 1 << take(&data, &size, 1) % 8;
			break;
		default:
			b->data[at] = (u8)take(&data, &size, 1);
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct keptbytes b = { 0 };
	u8 how;

	if (!size || size > MAX_BYTES)
		return 0;
	how = *data++;
	size--;
	if (how & 1)
		make_up(&b, data, size);
	else
		keptbytes_put(&b, data, size);
	if (b.nr) {
		/* Of its own, so that a byte too many is seen. */
		u8 *exact = malloc(b.nr);

		memcpy(exact, b.data, b.nr);
		free(b.data);
		b.data = exact;
		judge(&b, how);
	}
	keptbytes_exit(&b);
	return 0;
}

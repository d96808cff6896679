// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "keptrecords.h"

enum { SEED = 5 };

/* ---- helpers ---- */

static int check_counts(const struct keptbytes *b, u64 nr_records, u64 nr_files,
			u64 seed, struct kho_refusal *r)
{
	struct kho_kept_memory memory = keptrecords_memory(seed);
	/* Of its own, so that a byte too many is seen. */
	u8 *copy = malloc(b->nr ? b->nr : 1);
	int err;

	if (b->nr)
		memcpy(copy, b->data, b->nr);
	err = kho_kept_records_check(copy, b->nr, nr_records, nr_files, &memory,
				     r);
	free(copy);
	assert_int_equal(keptrecords_in_use, 0);
	return err;
}

/* Counts what there is by reading. */
static int check(const struct keptbytes *b, struct kho_refusal *r)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;

	kho_kept_reader_init(&reader, b->data, b->nr);
	while (kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT)
		;
	return check_counts(b, reader.nr_records, reader.nr_files, SEED, r);
}

static void assert_refused(const struct keptbytes *b, int want,
			   const char *what)
{
	struct kho_refusal r = { 0 };
	int err = check(b, &r);

	if (!err || strcmp(r.check, what))
		fail_msg("%s, not %s", err ? r.check : "accepted", what);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	assert_int_equal(check(b, NULL), want);
}

static void assert_good(const struct keptbytes *b)
{
	struct kho_refusal r;

	if (check(b, &r))
		fail_msg("%s", r.check);
}

static struct kho_kept_record *node(struct keptrecords *k, const char *name,
				    u32 mode, u64 inode)
{
	struct kho_kept_record *r = keptrecords_add(k, KHO_KEPT_RECORD_NODE);

	r->name = name;
	r->name_bytes = (u32)strlen(name);
	r->node.mode = mode;
	r->node.inode = inode;
	if (S_ISLNK(mode)) {
		r->value = "target";
		r->value_bytes = 6;
	}
	return r;
}

static struct kho_kept_record *linked(struct keptrecords *k, const char *name,
				      u64 inode)
{
	struct kho_kept_record *r = keptrecords_add(k, KHO_KEPT_RECORD_LINK);

	r->name = name;
	r->name_bytes = (u32)strlen(name);
	r->node.inode = inode;
	return r;
}

static struct kho_kept_record *xattr(struct keptrecords *k, const char *name,
				     const char *value)
{
	struct kho_kept_record *r = keptrecords_add(k, KHO_KEPT_RECORD_XATTR);

	r->name = name;
	r->name_bytes = (u32)strlen(name);
	r->value = value;
	r->value_bytes = (u32)strlen(value);
	return r;
}

static void up(struct keptrecords *k)
{
	keptrecords_add(k, KHO_KEPT_RECORD_UP);
}

/* The kept directory; what is in it follows. */
static void begin(struct keptrecords *k)
{
	k->nr = 0;
	node(k, "", S_IFDIR | 01777, 100);
}

/* Everything is closed that is open. */
static void finish(struct keptrecords *k)
{
	u32 depth = 0;
	size_t i;

	for (i = 0; i < k->nr; i++) {
		depth += S_ISDIR(k->record[i].node.mode);
		depth -= k->record[i].type == KHO_KEPT_RECORD_UP;
	}
	while (depth--)
		up(k);
	keptrecords_add(k, KHO_KEPT_RECORD_END);
}

/* What is said of records as they are now, written without looking. */
static void records_refused(struct keptrecords *k, int want, const char *what)
{
	struct keptbytes b = { 0 };

	keptrecords_write(k, &b);
	assert_refused(&b, want, what);
	keptbytes_exit(&b);
}

static void records_good(struct keptrecords *k)
{
	struct keptbytes b = { 0 };

	keptrecords_write(k, &b);
	assert_good(&b);
	keptbytes_exit(&b);
}

/* ---- there and back ---- */

static void assert_read(const struct keptrecords *k, const struct keptbytes *b)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	struct kho_refusal r;
	size_t i;

	kho_kept_reader_init(&reader, b->data, b->nr);
	for (i = 0; i < k->nr; i++) {
		int step = kho_kept_next(&reader, &record, &r);

		if (step < 0)
			fail_msg("record %zu: %s", i, r.check);
		assert_int_equal(step,
				 i + 1 == k->nr ? KHO_STEP_END : KHO_STEP_NEXT);
		if (!keptrecords_same(&k->record[i], &record))
			fail_msg("record %zu differs", i);
	}
	assert_int_equal(reader.nr_records, k->nr);
	assert_int_equal(reader.nr_files, keptrecords_files(k));
	assert_int_equal(kho_kept_next(&reader, &record, &r), KHO_STEP_END);
	assert_int_equal(reader.nr_records, k->nr);
}

static void trees_of_any_shape(void **state)
{
	struct testrand rand = { 1 };
	u32 round;

	for (round = 0; round < 200; round++) {
		struct keptrecords k = { 0 }, again = { 0 };
		struct keptbytes naive = { 0 }, core = { 0 };
		struct kho_refusal r;
		const char *wrong;

		keptrecords_random(&k, &rand, round);
		keptrecords_write(&k, &naive);
		keptrecords_write_core(&k, &core);
		assert_int_equal(core.nr, naive.nr);
		assert_memory_equal(core.data, naive.data, naive.nr);
		assert_read(&k, &core);
		if (check_counts(&core, k.nr, keptrecords_files(&k),
				 testrand_next(&rand), &r))
			fail_msg("%s at %llu", r.check,
				 (unsigned long long)r.where);
		wrong = keptrecords_read(&again, core.data, core.nr);
		if (wrong)
			fail_msg("round %u: %s", round, wrong);
		assert_int_equal(again.nr, k.nr);
		keptrecords_exit(&k);
		keptrecords_exit(&again);
		keptbytes_exit(&naive);
		keptbytes_exit(&core);
	}
}

struct puts {
	u32 nr;
	u32 fail_at;
};

static int count_put(void *ctx, const void *data, size_t bytes)
{
	struct puts *p = ctx;

	return ++p->nr == p->fail_at ? -ENOSPC : 0;
}

static void a_record_is_put_at_once(void **state)
{
	static const struct kho_kept_node file = { .mode = S_IFREG,
						   .inode = 1 };
	static const struct kho_kept_node link = { .mode = S_IFLNK,
						   .inode = 2 };
	struct puts puts = { 0 };
	struct kho_kept_writer w = { .put = count_put, .ctx = &puts };
	u32 i;

	assert_int_equal(kho_kept_put_node(&w, &file, "a", 1, NULL, 0), 0);
	assert_int_equal(puts.nr, 1);
	assert_int_equal(kho_kept_put_link(&w, 1, "b", 1), 0);
	assert_int_equal(puts.nr, 2);
	assert_int_equal(kho_kept_put_xattr(&w, "user.a", 6, NULL, 0), 0);
	assert_int_equal(puts.nr, 3);
	assert_int_equal(kho_kept_put_quota(&w, 0, 1, 2, 3), 0);
	assert_int_equal(puts.nr, 4);
	assert_int_equal(w.nr_records, 4);
	/* What it says is given back, wherever it is said. */
	for (i = 1; i <= 3; i++) {
		puts = (struct puts){ .fail_at = i };
		assert_int_equal(kho_kept_put_node(&w, &link, "l", 1, "t", 1),
				 -ENOSPC);
		assert_int_equal(puts.nr, i);
	}
	for (i = 1; i <= 2; i++) {
		puts = (struct puts){ .fail_at = i };
		assert_int_equal(kho_kept_put_xattr(&w, "user.a", 6, "v", 1),
				 -ENOSPC);
	}
}

static void what_is_too_long_is_not_written(void **state)
{
	static const struct kho_kept_node file = { .mode = S_IFREG,
						   .inode = 1 };
	static char name[KHO_KEPT_NAME_MAX + 1];
	struct puts puts = { 0 };
	struct kho_kept_writer w = { .put = count_put, .ctx = &puts };

	assert_int_equal(kho_kept_put_node(&w, &file, name, sizeof(name), NULL,
					   0),
			 -EINVAL);
	assert_int_equal(kho_kept_put_link(&w, 1, name, sizeof(name)), -EINVAL);
	assert_int_equal(kho_kept_put_xattr(&w, name, sizeof(name), NULL, 0),
			 -EINVAL);
	assert_int_equal(kho_kept_put_xattr(&w, "a", 1, name,
					    KHO_KEPT_VALUE_MAX + 1),
			 -EINVAL);
	assert_int_equal(puts.nr, 0);
	assert_int_equal(w.nr_records, 0);
}

/* ---- numbers ---- */

/* The last number of a QUOTA is written as these bytes. */
static void number_in_quota(struct keptbytes *b, const u8 *number, size_t bytes)
{
	static const u8 quota[] = { KHO_KEPT_RECORD_QUOTA, 0, 0, 0 };
	static const u8 end = KHO_KEPT_RECORD_END;
	struct keptrecords k = { 0 };

	b->nr = 0;
	begin(&k);
	up(&k);
	keptrecords_write(&k, b);
	keptbytes_put(b, quota, sizeof(quota));
	keptbytes_put(b, number, bytes);
	keptbytes_put(b, &end, 1);
	keptrecords_exit(&k);
}

static u64 quota_number(const struct keptbytes *b)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;

	kho_kept_reader_init(&reader, b->data, b->nr);
	do
		assert_int_equal(kho_kept_next(&reader, &record, NULL),
				 KHO_STEP_NEXT);
	while (record.type != KHO_KEPT_RECORD_QUOTA);
	return record.quota_inodes;
}

static void numbers_of_every_length(void **state)
{
	struct keptbytes number = { 0 }, b = { 0 };
	u32 shift;
	int add;

	for (shift = 0; shift < 64; shift++)
		for (add = -1; add <= 1; add++) {
			u64 n = (1ULL << shift) + (u64)add;

			number.nr = 0;
			keptbytes_number(&number, n);
			number_in_quota(&b, number.data, number.nr);
			assert_good(&b);
			assert_int_equal(quota_number(&b), n);
		}
	keptbytes_exit(&number);
	keptbytes_exit(&b);
}

static void numbers_that_are_none(void **state)
{
	static const struct {
		u8 byte[11];
		size_t bytes;
		const char *what;
	} bad[] = {
		{ { 0x80, 0 }, 2, "number of a record is too long" },
		{ { 0xff, 0x80, 0 }, 3, "number of a record is too long" },
		{ { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0 },
		  10,
		  "number of a record is too long" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 },
		  10,
		  "number of a record is too large" },
		{ { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81,
		    0 },
		  11,
		  "number of a record is too large" },
	};
	struct keptbytes b = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		number_in_quota(&b, bad[i].byte, bad[i].bytes);
		assert_refused(&b, -EBADMSG, bad[i].what);
	}
	keptbytes_exit(&b);
}

/* ---- what is in a record ---- */

static void names_of_entries(void **state)
{
	char name[KHO_KEPT_NAME_MAX + 1];
	u32 i;

	memset(name, 'n', sizeof(name));
	for (i = 0; i <= sizeof(name); i++)
		assert_int_equal(kho_kept_entry_name_ok(name, i),
				 i && i <= KHO_KEPT_NAME_MAX);
	for (i = 0; i < 256; i++) {
		name[77] = (char)i;
		assert_int_equal(kho_kept_entry_name_ok(name, 100),
				 i && i != '/');
	}
	assert_false(kho_kept_entry_name_ok(".", 1));
	assert_false(kho_kept_entry_name_ok("..", 2));
	assert_true(kho_kept_entry_name_ok("...", 3));
	assert_true(kho_kept_entry_name_ok(".a", 2));
	assert_true(kho_kept_entry_name_ok("..a", 3));
	assert_true(kho_kept_entry_name_ok("a", 1));
}

static void bad_names(void **state)
{
	static const struct {
		const char *name;
		u32 bytes;
	} bad[] = {
		{ "", 0 },    { ".", 1 },  { "..", 2 },
		{ "a/b", 3 }, { "/", 1 },  { "a\0b", 3 },
		{ "a\0", 2 }, { "\0", 1 }, { "../etc", 6 },
	};
	struct keptrecords k = { 0 };
	struct kho_kept_record *r;
	char name[300];
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		begin(&k);
		node(&k, "first", S_IFREG, 101);
		r = i % 2 ? node(&k, "a", S_IFREG, 102) : linked(&k, "a", 101);
		r->name = bad[i / 2].name;
		r->name_bytes = bad[i / 2].bytes;
		finish(&k);
		records_refused(&k, -EBADMSG, "record name");
	}
	memset(name, 'n', sizeof(name));
	begin(&k);
	r = node(&k, "", S_IFREG, 101);
	r->name = name;
	r->name_bytes = KHO_KEPT_NAME_MAX + 1;
	finish(&k);
	records_refused(&k, -ERANGE, "record name length");
	r->name_bytes = KHO_KEPT_NAME_MAX;
	records_good(&k);
	k.record[0].name = "dir";
	k.record[0].name_bytes = 3;
	records_refused(&k, -EBADMSG, "first record is no directory");
	keptrecords_exit(&k);
}

static void bad_nodes(void **state)
{
	struct keptrecords k = { 0 };
	struct kho_kept_record *r, good;
	u32 kind;

	begin(&k);
	r = node(&k, "device", S_IFCHR | 0600, 101);
	r->node.major = 4095;
	r->node.minor = 1048575;
	finish(&k);
	r = &k.record[1];
	good = *r;
#define TRY(change, err, check)                  \
	do {                                     \
		change;                          \
		records_refused(&k, err, check); \
		*r = good;                       \
		records_good(&k);                \
	} while (0)
	TRY(r->node.major = 4096, -ERANGE, "record device");
	TRY(r->node.minor = 1048576, -ERANGE, "record device");
	TRY(r->node.mode |= 0x10000, -ERANGE, "record mode");
	TRY(r->node.mtime.nsec = 1000000000, -ERANGE, "record nanoseconds");
	TRY(r->node.ctime.nsec = 1000000000, -ERANGE, "record nanoseconds");
	TRY(r->node.atime.nsec = ~0U, -ERANGE, "record nanoseconds");
	TRY(r->node.btime.nsec = 1000000000, -ERANGE, "record nanoseconds");
	TRY(r->node.inode = 0, -EBADMSG, "record inode");
	for (kind = 0; kind < 16; kind++) {
		r->node.mode = kind << 12 | 0644;
		r->value = "target";
		r->value_bytes = 6;
		if (kind == S_IFDIR >> 12)
			continue;
		if ((1 << kind) &
		    (1 << 1 | 1 << 2 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 12))
			records_good(&k);
		else
			records_refused(&k, -EBADMSG, "record mode");
	}
#undef TRY
	keptrecords_exit(&k);
}

static void bad_flags(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };

	begin(&k);
	finish(&k);
	keptrecords_write(&k, &b);
	assert_good(&b);
	b.data[1] = 64;
	assert_refused(&b, -ERANGE, "record flags");
	keptrecords_exit(&k);
	keptbytes_exit(&b);
}

static void bad_owners(void **state)
{
	/* Type, owner, mode S_IFDIR; the owners follow. */
	static const u8 head[] = { 1, 1, 0x80, 0x80, 0x01 };
	u32 which;

	for (which = 0; which < 4; which++) {
		u8 flags = which < 2 ? 1 : which == 2 ? 2 : 4;
		struct keptbytes b = { 0 };

		keptbytes_put(&b, head, sizeof(head));
		b.data[1] = flags;
		if (which == 1)
			keptbytes_number(&b, 5);
		keptbytes_number(&b, 1ULL << 32);
		keptbytes_put(&b, "\0\0\2\0\0\0\2\6", 8);
		assert_refused(&b, -ERANGE,
			       which == 0 ? "record owner" :
			       which == 1 ? "record group" :
			       which == 2 ? "record attributes" :
					    "record project");
		keptbytes_exit(&b);
	}
}

static void bad_targets(void **state)
{
	struct keptrecords k = { 0 };
	struct kho_kept_record *r;
	char target[KHO_KEPT_TARGET_MAX + 1];

	memset(target, '/', sizeof(target));
	begin(&k);
	r = node(&k, "link", S_IFLNK | 0777, 101);
	finish(&k);
	r = &k.record[1];
	records_good(&k);
	r->value = target;
	r->value_bytes = KHO_KEPT_TARGET_MAX;
	records_good(&k);
	r->value_bytes++;
	records_refused(&k, -ERANGE, "record target length");
	r->value_bytes = 0;
	records_refused(&k, -EBADMSG, "record target");
	r->value = "a\0b";
	r->value_bytes = 3;
	records_refused(&k, -EBADMSG, "record target");
	keptrecords_exit(&k);
}

static void bad_attributes(void **state)
{
	static char value[KHO_KEPT_VALUE_MAX + 1], name[256];
	struct keptrecords k = { 0 };
	struct kho_kept_record *r;

	memset(name, 'n', sizeof(name));
	begin(&k);
	xattr(&k, "user.a", "");
	finish(&k);
	r = &k.record[1];
	r->value = value;
	r->value_bytes = KHO_KEPT_VALUE_MAX;
	records_good(&k);
	r->value_bytes++;
	records_refused(&k, -ERANGE, "record attribute length");
	r->value_bytes = 0;
	r->name_bytes = 0;
	records_refused(&k, -EBADMSG, "record attribute name");
	r->name = "a\0b";
	r->name_bytes = 3;
	records_refused(&k, -EBADMSG, "record attribute name");
	r->name = name;
	r->name_bytes = 255;
	records_good(&k);
	r->name_bytes = 256;
	records_refused(&k, -ERANGE, "record name length");
	keptrecords_exit(&k);
}

static void bad_quotas(void **state)
{
	static const u8 end = KHO_KEPT_RECORD_END;
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	struct kho_kept_record *r;

	begin(&k);
	up(&k);
	r = keptrecords_add(&k, KHO_KEPT_RECORD_QUOTA);
	r->quota_type = 2;
	finish(&k);
	records_refused(&k, -ERANGE, "record quota type");
	k.nr = 2;
	keptrecords_write(&k, &b);
	keptbytes_number(&b, KHO_KEPT_RECORD_QUOTA);
	keptbytes_number(&b, 0);
	keptbytes_number(&b, 1ULL << 32);
	keptbytes_number(&b, 0);
	keptbytes_number(&b, 0);
	keptbytes_put(&b, &end, 1);
	assert_refused(&b, -ERANGE, "record quota identifier");
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

/* ---- order ---- */

/* The records of these types, one letter each: d and f, l, x, u, q, e. */
static void spell(struct keptrecords *k, const char *types)
{
	static char name[100][4];
	u32 i;

	k->nr = 0;
	for (i = 0; types[i]; i++) {
		snprintf(name[i], sizeof(name[i]), "%u", i);
		switch (types[i]) {
		case 'd':
			node(k, i ? name[i] : "", S_IFDIR, 100 + i);
			break;
		case 'f':
			node(k, i ? name[i] : "", S_IFREG, 100 + i);
			break;
		case 'l':
			linked(k, name[i], 101);
			break;
		case 'x':
			xattr(k, "user.a", "b");
			break;
		case 'u':
			up(k);
			break;
		case 'q':
			keptrecords_add(k, KHO_KEPT_RECORD_QUOTA);
			break;
		default:
			keptrecords_add(k, KHO_KEPT_RECORD_END);
		}
	}
}

static void records_in_order(void **state)
{
	static const char *const good[] = {
		"due",	 "dxxue",    "dfue",   "dfxxue",  "dflue", "dflxue",
		"dduue", "ddxfxuue", "ddufue", "dduduue", "duqe",  "duqqe",
	};
	static const char *const bad[] = {
		"e",	 "uue",	  "xe",	    "le",    "que",    "de",
		"dqe",	 "dquqe", "dfe",    "duue",  "duxe",   "dufe",
		"duqfe", "dulqe", "dduxue", "duqxe", "duqule", "duee",
	};
	struct keptrecords k = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		spell(&k, good[i]);
		records_good(&k);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct keptbytes b = { 0 };

		spell(&k, bad[i]);
		keptrecords_write(&k, &b);
		assert_refused(&b, -EBADMSG,
			       strcmp(bad[i], "duee") ?
				       "order of records" :
				       "bytes behind the last record");
		keptbytes_exit(&b);
	}
	spell(&k, "fe");
	records_refused(&k, -EBADMSG, "first record is no directory");
	keptrecords_exit(&k);
}

static void types_that_are_none(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	size_t nr;

	begin(&k);
	keptrecords_write(&k, &b);
	nr = b.nr;
	keptbytes_number(&b, 0);
	assert_refused(&b, -EBADMSG, "record type");
	b.nr = nr;
	keptbytes_number(&b, 7);
	assert_refused(&b, -EBADMSG, "record type");
	b.nr = nr;
	/* The lowest 32 bits are UP. */
	keptbytes_number(&b, 1ULL << 32 | 2);
	assert_refused(&b, -EBADMSG, "record type");
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

static void as_deep_as_there_may_be(void **state)
{
	struct keptrecords k = { 0 };
	u64 i;

	begin(&k);
	for (i = 1; i < KHO_KEPT_DEPTH_MAX; i++)
		node(&k, "d", S_IFDIR, 100 + i);
	node(&k, "f", S_IFREG, 99);
	finish(&k);
	records_good(&k);
	k.record[KHO_KEPT_DEPTH_MAX].node.mode = S_IFDIR;
	k.nr = KHO_KEPT_DEPTH_MAX + 1;
	finish(&k);
	records_refused(&k, -ERANGE, "record depth");
	keptrecords_exit(&k);
}

/* ---- what records say of one another ---- */

static void the_same_name_twice(void **state)
{
	struct keptrecords k = { 0 };

	begin(&k);
	node(&k, "a", S_IFREG, 101);
	node(&k, "d", S_IFDIR, 102);
	/* In another directory. */
	node(&k, "a", S_IFREG, 103);
	up(&k);
	node(&k, "e", S_IFDIR, 104);
	node(&k, "a", S_IFREG, 105);
	up(&k);
	node(&k, "A", S_IFREG, 106);
	node(&k, "a ", S_IFREG, 107);
	finish(&k);
	records_good(&k);
	k.record[8].name = "a";
	records_refused(&k, -EEXIST, "name twice");
	k.record[8].name = "d";
	records_refused(&k, -EEXIST, "name twice");
	k.record[8].type = KHO_KEPT_RECORD_LINK;
	k.record[8].node.inode = 101;
	records_refused(&k, -EEXIST, "name twice");
	keptrecords_exit(&k);
}

static void the_same_inode_twice(void **state)
{
	static const u32 modes[] = { S_IFREG, S_IFDIR, S_IFIFO };
	struct keptrecords k = { 0 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		for (j = 0; j < ARRAY_SIZE(modes); j++) {
			begin(&k);
			node(&k, "a", modes[i], 101);
			node(&k, "b", modes[j], 101);
			finish(&k);
			records_refused(&k, -EEXIST, "inode twice");
		}
	begin(&k);
	node(&k, "a", S_IFREG, 100);
	finish(&k);
	records_refused(&k, -EEXIST, "inode twice");
	keptrecords_exit(&k);
}

static void links(void **state)
{
	struct keptrecords k = { 0 };

	begin(&k);
	node(&k, "fifo", S_IFIFO, 101);
	node(&k, "d", S_IFDIR, 102);
	linked(&k, "fifo", 101);
	up(&k);
	linked(&k, "again", 101);
	node(&k, "late", S_IFREG, 103);
	finish(&k);
	records_good(&k);
	k.record[5].node.inode = 102;
	records_refused(&k, -EBADMSG, "link to a directory");
	k.record[5].node.inode = 100;
	records_refused(&k, -EBADMSG, "link to a directory");
	k.record[5].node.inode = 103;
	records_refused(&k, -EBADMSG, "link to what did not come before");
	k.record[5].node.inode = 0;
	records_refused(&k, -EBADMSG, "link to what did not come before");
	keptrecords_exit(&k);
}

static void counts(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	struct kho_refusal r;
	u64 files, nr;

	begin(&k);
	node(&k, "a", S_IFREG, 101);
	node(&k, "b", S_IFREG, 102);
	finish(&k);
	keptrecords_write(&k, &b);
	for (nr = 0; nr < 10; nr++)
		for (files = 0; files < 5; files++) {
			int err = check_counts(&b, nr, files, SEED, &r);

			if (nr == k.nr && files == 2) {
				assert_int_equal(err, 0);
				continue;
			}
			assert_int_equal(err, -EBADMSG);
			assert_string_equal(r.check,
					    nr == k.nr ?
						    "number of regular files" :
						    "number of records");
		}
	assert_int_equal(check_counts(&b, k.nr, 1ULL << 32 | 2, SEED, &r),
			 -EBADMSG);
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

static void no_memory(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	struct testrand rand = { 3 };

	keptrecords_random(&k, &rand, 50);
	keptrecords_write(&k, &b);
	keptrecords_most = 1000;
	assert_refused(&b, -ENOMEM, "memory for the check");
	keptrecords_most = SIZE_MAX;
	assert_good(&b);
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

/* As the header promises: not much for each record. */
static void memory_that_is_needed(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	static char name[20000][8];
	u32 i;

	begin(&k);
	for (i = 0; i < ARRAY_SIZE(name); i++) {
		snprintf(name[i], sizeof(name[i]), "%x", i);
		node(&k, name[i], S_IFREG, 1000 + i);
	}
	finish(&k);
	keptrecords_write(&k, &b);
	keptrecords_most = 40 * k.nr;
	assert_good(&b);
	keptrecords_most = SIZE_MAX;
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

/* ---- damage ---- */

/* What a tree of all kinds of records is; @k: as long as it. */
static void small_tree(struct keptrecords *k, struct keptbytes *b)
{
	struct kho_kept_record *r;

	begin(k);
	xattr(k, "user.a", "value");
	r = node(k, "file", S_IFREG | 0644, 101);
	r->node.uid = 1000;
	r->node.gid = 1000;
	r->node.mtime = (struct kho_kept_time){ 1700000000, 5 };
	r->node.attributes = 0x30;
	r = node(k, "dir", S_IFDIR | 0755, 102);
	r->node.mtime = (struct kho_kept_time){ 1600000000, 999999999 };
	r->node.project = 77;
	linked(k, "file", 101);
	node(k, "link", S_IFLNK | 0777, 103);
	up(k);
	r = node(k, "null", S_IFCHR | 0666, 104);
	r->node.major = 1;
	r->node.minor = 3;
	node(k, "fifo", S_IFIFO, 105);
	node(k, "other", S_IFREG, 90);
	up(k);
	r = keptrecords_add(k, KHO_KEPT_RECORD_QUOTA);
	r->quota_id = 1000;
	r->quota_bytes = 1 << 20;
	finish(k);
	b->nr = 0;
	keptrecords_write(k, b);
}

/* Is this judged as the naive reader judges it? */
static void assert_judged(const struct keptbytes *b)
{
	struct keptrecords k = { 0 };
	const char *wrong = keptrecords_read(&k, b->data, b->nr);
	struct kho_refusal r = { 0 };
	u64 files = keptrecords_files(&k);
	int err = wrong ? check(b, &r) : check_counts(b, k.nr, files, SEED, &r);

	if (!err != !wrong)
		fail_msg("%s, but %s", err ? r.check : "accepted",
			 wrong ? wrong : "good");
	if (!err)
		assert_read(&k, b);
	keptrecords_exit(&k);
}

static void cut_off_anywhere(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	size_t whole;
	struct kho_refusal r;

	small_tree(&k, &b);
	assert_good(&b);
	whole = b.nr;
	for (b.nr = 0; b.nr < whole; b.nr++) {
		assert_int_equal(check(&b, &r), -EBADMSG);
		assert_string_equal(r.check, "record is cut off");
		assert_true(r.where <= b.nr);
		assert_judged(&b);
	}
	b.nr = whole;
	keptbytes_put(&b, "\0", 1);
	assert_refused(&b, -EBADMSG, "bytes behind the last record");
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

static void every_bit(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	size_t i;

	small_tree(&k, &b);
	for (i = 0; i < 8 * b.nr; i++) {
		b.data[i / 8] ^= 1 << i % 8;
		assert_judged(&b);
		b.data[i / 8] ^= 1 << i % 8;
	}
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

static void every_value_of_every_byte(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	size_t i;
	u32 value;

	small_tree(&k, &b);
	for (i = 0; i < b.nr; i++) {
		u8 was = b.data[i];

		for (value = 0; value < 256; value++) {
			b.data[i] = (u8)value;
			assert_judged(&b);
		}
		b.data[i] = was;
	}
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

static void random_damage(void **state)
{
	struct testrand rand = { 9 };
	u32 round, i;

	for (round = 0; round < 300; round++) {
		struct keptrecords k = { 0 };
		struct keptbytes b = { 0 };

		keptrecords_random(&k, &rand, (u32)testrand_below(&rand, 12));
		keptrecords_write(&k, &b);
		for (i = 0; i < 30; i++) {
			size_t at = testrand_below(&rand, b.nr);
			u8 was = b.data[at];

			b.data[at] = (u8)testrand_next(&rand);
			assert_judged(&b);
			if (testrand_below(&rand, 4))
				b.data[at] = was;
		}
		keptbytes_exit(&b);
		keptrecords_exit(&k);
	}
}

/* After a refusal the reader is where it was, and says the same again. */
static void a_refusal_is_repeated(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes b = { 0 };
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	struct kho_refusal r[2] = { { 0 } };
	u64 at;

	begin(&k);
	node(&k, "a/b", S_IFREG, 101);
	finish(&k);
	keptrecords_write(&k, &b);
	kho_kept_reader_init(&reader, b.data, b.nr);
	assert_int_equal(kho_kept_next(&reader, &record, NULL), KHO_STEP_NEXT);
	at = reader.at;
	assert_int_equal(kho_kept_next(&reader, &record, &r[0]), -EBADMSG);
	assert_int_equal(kho_kept_next(&reader, &record, &r[1]), -EBADMSG);
	assert_string_equal(r[0].check, r[1].check);
	assert_int_equal(r[0].where, at);
	assert_int_equal(reader.at, at);
	assert_int_equal(reader.nr_files, 0);
	keptbytes_exit(&b);
	keptrecords_exit(&k);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_any_shape),
		cmocka_unit_test(a_record_is_put_at_once),
		cmocka_unit_test(what_is_too_long_is_not_written),
		cmocka_unit_test(numbers_of_every_length),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(names_of_entries),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(bad_nodes),
		cmocka_unit_test(bad_flags),
		cmocka_unit_test(bad_owners),
		cmocka_unit_test(bad_targets),
		cmocka_unit_test(bad_attributes),
		cmocka_unit_test(bad_quotas),
		cmocka_unit_test(records_in_order),
		cmocka_unit_test(types_that_are_none),
		cmocka_unit_test(as_deep_as_there_may_be),
		cmocka_unit_test(the_same_name_twice),
		cmocka_unit_test(the_same_inode_twice),
		cmocka_unit_test(links),
		cmocka_unit_test(counts),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(memory_that_is_needed),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(every_value_of_every_byte),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(a_refusal_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "keptrecords.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

size_t keptrecords_in_use;
size_t keptrecords_most = SIZE_MAX;

/* ---- memory ---- */

static void *grow(void *array, size_t *room, size_t wanted, size_t size)
{
	if (wanted <= *room)
		return array;
	*room = wanted * 2;
	array = realloc(array, *room * size);
	if (!array)
		test_die("keptrecords: out of memory");
	return array;
}

static void *give(void *ctx, size_t bytes)
{
	u8 *p;

	if (bytes > keptrecords_most - keptrecords_in_use)
		return NULL;
	p = calloc(1, bytes + 1);
	if (!p)
		test_die("keptrecords: no %zu bytes", bytes);
	keptrecords_in_use += bytes;
	return p;
}

static void take(void *ctx, void *p, size_t bytes)
{
	if (bytes > keptrecords_in_use)
		test_die("keptrecords: more came back than was given");
	keptrecords_in_use -= bytes;
	free(p);
}

struct kho_kept_memory keptrecords_memory(u64 seed)
{
	return (struct kho_kept_memory){ .alloc = give,
					 .free = take,
					 .seed = seed };
}

void keptrecords_exit(struct keptrecords *k)
{
	while (k->nr_strings)
		free(k->string[--k->nr_strings]);
	free(k->string);
	free(k->record);
	memset(k, 0, sizeof(*k));
}

struct kho_kept_record *keptrecords_add(struct keptrecords *k,
					enum kho_kept_record_type type)
{
	k->record = grow(k->record, &k->room, k->nr + 1, sizeof(*k->record));
	memset(&k->record[k->nr], 0, sizeof(*k->record));
	k->record[k->nr].type = type;
	return &k->record[k->nr++];
}

void keptbytes_exit(struct keptbytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int keptbytes_put(void *ctx, const void *data, size_t bytes)
{
	struct keptbytes *b = ctx;

	b->data = grow(b->data, &b->room, b->nr + bytes, 1);
	if (bytes)
		memcpy(b->data + b->nr, data, bytes);
	b->nr += bytes;
	return 0;
}

/* ---- writing ---- */

static unsigned int number_bytes(u64 number)
{
	unsigned int bytes = 1;

	while (bytes < 10 && number >> (7 * bytes))
		bytes++;
	return bytes;
}

void keptbytes_number(struct keptbytes *b, u64 number)
{
	unsigned int nr = number_bytes(number), i;

	for (i = 0; i < nr; i++) {
		u8 byte = (number >> (7 * i) & 0x7f) + (i + 1 < nr ? 0x80 : 0);

		keptbytes_put(b, &byte, 1);
	}
}

static void put_signed(struct keptbytes *b, s64 n)
{
	keptbytes_number(b, n < 0 ? ~((u64)n << 1) : (u64)n << 1);
}

static void put_string(struct keptbytes *b, const char *string, u32 bytes)
{
	keptbytes_number(b, bytes);
	keptbytes_put(b, string, bytes);
}

static bool times_differ(struct kho_kept_time a, struct kho_kept_time b)
{
	return a.sec != b.sec || a.nsec != b.nsec;
}

static void put_time(struct keptbytes *b, struct kho_kept_time time, s64 from)
{
	put_signed(b, (s64)((u64)time.sec - (u64)from));
	keptbytes_number(b, time.nsec);
}

static void put_node(struct keptbytes *b, const struct kho_kept_record *record,
		     const struct kho_kept_node *last)
{
	const struct kho_kept_node *n = &record->node;
	bool owner = n->uid != last->uid || n->gid != last->gid;
	bool ctime = times_differ(n->ctime, n->mtime);
	bool atime = times_differ(n->atime, n->mtime);
	bool btime = times_differ(n->btime, n->mtime);

	keptbytes_number(b, (owner ? 1 : 0) + (n->attributes ? 2 : 0) +
				    (n->project ? 4 : 0) + (ctime ? 8 : 0) +
				    (atime ? 16 : 0) + (btime ? 32 : 0));
	keptbytes_number(b, n->mode);
	if (owner) {
		keptbytes_number(b, n->uid);
		keptbytes_number(b, n->gid);
	}
	if (n->attributes)
		keptbytes_number(b, n->attributes);
	if (n->project)
		keptbytes_number(b, n->project);
	put_signed(b, (s64)(n->inode - last->inode));
	put_time(b, n->mtime, last->mtime.sec);
	if (ctime)
		put_time(b, n->ctime, n->mtime.sec);
	if (atime)
		put_time(b, n->atime, n->mtime.sec);
	if (btime)
		put_time(b, n->btime, n->mtime.sec);
	if (S_ISCHR(n->mode) || S_ISBLK(n->mode)) {
		keptbytes_number(b, n->major);
		keptbytes_number(b, n->minor);
	}
	if (S_ISLNK(n->mode))
		put_string(b, record->value, record->value_bytes);
	put_string(b, record->name, record->name_bytes);
}

void keptrecords_write(const struct keptrecords *k, struct keptbytes *b)
{
	static const struct kho_kept_node zero;
	const struct kho_kept_node *last = &zero;
	size_t i;

	for (i = 0; i < k->nr; i++) {
		const struct kho_kept_record *record = &k->record[i];

		keptbytes_number(b, record->type);
		switch (record->type) {
		case KHO_KEPT_RECORD_NODE:
			put_node(b, record, last);
			last = &record->node;
			break;
		case KHO_KEPT_RECORD_LINK:
			put_signed(b, (s64)(record->node.inode - last->inode));
			put_string(b, record->name, record->name_bytes);
			break;
		case KHO_KEPT_RECORD_XATTR:
			put_string(b, record->name, record->name_bytes);
			put_string(b, record->value, record->value_bytes);
			break;
		case KHO_KEPT_RECORD_QUOTA:
			keptbytes_number(b, record->quota_type);
			keptbytes_number(b, record->quota_id);
			keptbytes_number(b, record->quota_bytes);
			keptbytes_number(b, record->quota_inodes);
			break;
		case KHO_KEPT_RECORD_UP:
		case KHO_KEPT_RECORD_END:
			break;
		}
	}
}

static int write_one(struct kho_kept_writer *w,
		     const struct kho_kept_record *record)
{
	switch (record->type) {
	case KHO_KEPT_RECORD_NODE:
		return kho_kept_put_node(w, &record->node, record->name,
					 record->name_bytes, record->value,
					 record->value_bytes);
	case KHO_KEPT_RECORD_LINK:
		return kho_kept_put_link(w, record->node.inode, record->name,
					 record->name_bytes);
	case KHO_KEPT_RECORD_XATTR:
		return kho_kept_put_xattr(w, record->name, record->name_bytes,
					  record->value, record->value_bytes);
	case KHO_KEPT_RECORD_UP:
		return kho_kept_put_up(w);
	case KHO_KEPT_RECORD_QUOTA:
		return kho_kept_put_quota(w, record->quota_type,
					  record->quota_id, record->quota_bytes,
					  record->quota_inodes);
	case KHO_KEPT_RECORD_END:
		return kho_kept_put_end(w);
	}
	return -EINVAL;
}

void keptrecords_write_core(const struct keptrecords *k, struct keptbytes *b)
{
	struct kho_kept_writer w = { .put = keptbytes_put, .ctx = b };
	size_t i;

	for (i = 0; i < k->nr; i++)
		if (write_one(&w, &k->record[i]))
			test_die("keptrecords: record %zu not written", i);
	if (w.nr_records != k->nr)
		test_die("keptrecords: %llu records of %zu",
			 (unsigned long long)w.nr_records, k->nr);
}

/* ---- a tree of any shape ---- */

static u64 below(struct testrand *rand, u64 bound)
{
	return testrand_below(rand, bound);
}

/* Numbers of all lengths. */
static u64 any_number(struct testrand *rand)
{
	return testrand_next(rand) >> below(rand, 64);
}

static struct kho_kept_time any_time(struct testrand *rand)
{
	return (struct kho_kept_time){
		.sec = below(rand, 4) ? (s64)(1700000000 + below(rand, 1000)) :
					(s64)testrand_next(rand),
		.nsec = (u32)below(rand, 1000000000),
	};
}

static char *any_string(struct keptrecords *k, struct testrand *rand, u32 bytes)
{
	char *string = malloc(bytes + 1);
	u32 i;

	k->string = grow(k->string, &k->string_room, k->nr_strings + 1,
			 sizeof(*k->string));
	k->string[k->nr_strings++] = string;
	for (i = 0; i < bytes; i++) {
		string[i] = (char)(1 + below(rand, 255));
		if (string[i] == '/')
			string[i] = '_';
	}
	return string;
}

/* A name like no other: it ends with a number. */
static void any_name(struct keptrecords *k, struct kho_kept_record *record,
		     struct testrand *rand, size_t nr)
{
	char end[24];
	int bytes = snprintf(end, sizeof(end), "%zx", nr);
	u32 before = (u32)(below(rand, 16) ? below(rand, 12) :
					     (u64)(KHO_KEPT_NAME_MAX - bytes));
	char *name = any_string(k, rand, before + (u32)bytes);

	memcpy(name + before, end, (size_t)bytes);
	record->name = name;
	record->name_bytes = before + (u32)bytes;
}

static const u32 kinds[] = { S_IFREG, S_IFREG, S_IFREG,	 S_IFDIR, S_IFDIR,
			     S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };

static void any_node(struct keptrecords *k, struct kho_kept_record *record,
		     struct testrand *rand, u64 inode)
{
	struct kho_kept_node *n = &record->node;

	n->inode = inode;
	n->mode |= (u32)below(rand, 07777 + 1);
	n->uid = (u32)(below(rand, 2) ? any_number(rand) : 0);
	n->gid = (u32)(below(rand, 2) ? any_number(rand) : 0);
	n->attributes = (u32)(below(rand, 4) ? 0 : any_number(rand));
	n->project = (u32)(below(rand, 4) ? 0 : any_number(rand));
	n->mtime = any_time(rand);
	n->ctime = below(rand, 2) ? n->mtime : any_time(rand);
	n->atime = below(rand, 2) ? n->mtime : any_time(rand);
	n->btime = below(rand, 2) ? n->mtime : any_time(rand);
	if (S_ISCHR(n->mode) || S_ISBLK(n->mode)) {
		n->major = (u32)below(rand, 1 << 12);
		n->minor = (u32)below(rand, 1 << 20);
	}
	if (S_ISLNK(n->mode)) {
		record->value_bytes =
			1 + (u32)below(rand, below(rand, 8) ?
						     20 :
						     KHO_KEPT_TARGET_MAX);
		record->value = any_string(k, rand, record->value_bytes);
	}
}

static void add_xattrs(struct keptrecords *k, struct testrand *rand)
{
	u64 nr = below(rand, 4) ? 0 : below(rand, 4);

	while (nr--) {
		struct kho_kept_record *record =
			keptrecords_add(k, KHO_KEPT_RECORD_XATTR);

		any_name(k, record, rand, nr);
		record->value_bytes = (u32)below(
			rand, below(rand, 32) ? 64 : KHO_KEPT_VALUE_MAX + 1);
		record->value = any_string(k, rand, record->value_bytes);
	}
}

static u64 file_number(const struct keptrecords *k)
{
	/* The one that was added last does not count. */
	return keptrecords_files(k) - S_ISREG(k->record[k->nr - 1].node.mode);
}

/* An inode of a NODE that is no directory; 0 if there is none. */
static u64 any_linkable(const struct keptrecords *k, struct testrand *rand)
{
	size_t start = below(rand, k->nr), i;

	for (i = 0; i < k->nr; i++) {
		const struct kho_kept_record *r =
			&k->record[(start + i) % k->nr];

		if (r->type == KHO_KEPT_RECORD_NODE && !S_ISDIR(r->node.mode))
			return r->node.inode;
	}
	return 0;
}

void keptrecords_random(struct keptrecords *k, struct testrand *rand, u32 nr)
{
	u64 inode = 1 + any_number(rand) / 2, quotas = below(rand, 4);
	struct kho_kept_record *record;
	u32 depth = 1, i;

	record = keptrecords_add(k, KHO_KEPT_RECORD_NODE);
	record->node.mode = S_IFDIR;
	any_node(k, record, rand, inode);
	add_xattrs(k, rand);
	for (i = 0; i < nr; i++) {
		u64 link = below(rand, 8) ? 0 : any_linkable(k, rand);

		inode += 1 + below(rand, 1000);
		record = keptrecords_add(k, link ? KHO_KEPT_RECORD_LINK :
						   KHO_KEPT_RECORD_NODE);
		any_name(k, record, rand, i);
		record->depth = depth;
		if (link) {
			record->node.inode = link;
		} else {
			record->node.mode =
				kinds[below(rand, ARRAY_SIZE(kinds))];
			any_node(k, record, rand, inode);
			record->file = file_number(k);
			depth += S_ISDIR(record->node.mode);
		}
		add_xattrs(k, rand);
		for (; depth > 1 && below(rand, 3) == 0; depth--)
			keptrecords_add(k, KHO_KEPT_RECORD_UP);
	}
	while (depth--)
		keptrecords_add(k, KHO_KEPT_RECORD_UP);
	while (quotas--) {
		record = keptrecords_add(k, KHO_KEPT_RECORD_QUOTA);
		record->quota_type = (u32)below(rand, 2);
		record->quota_id = (u32)any_number(rand);
		record->quota_bytes = any_number(rand);
		record->quota_inodes = any_number(rand);
	}
	keptrecords_add(k, KHO_KEPT_RECORD_END);
}

u64 keptrecords_files(const struct keptrecords *k)
{
	u64 nr = 0;
	size_t i;

	for (i = 0; i < k->nr; i++)
		nr += k->record[i].type == KHO_KEPT_RECORD_NODE &&
		      S_ISREG(k->record[i].node.mode);
	return nr;
}

/* ---- reading ---- */

/*
 * @wrong: what was found first; everything gives up then
 * @nr_files: regular files so far
 */
struct input {
	const u8 *data;
	size_t bytes;
	size_t at;
	struct keptrecords *k;
	struct kho_kept_node last;
	u64 nr_files;
	const char *wrong;
};

static bool complain(struct input *in, const char *what)
{
	if (!in->wrong)
		in->wrong = what;
	return false;
}

static bool get_number(struct input *in, u64 most, u64 *number)
{
	unsigned __int128 sum = 0;
	unsigned int i = 0;
	bool more;

	do {
		if (i == 10 || in->at == in->bytes)
			return complain(in, "number");
		more = in->data[in->at] >= 0x80;
		sum += (unsigned __int128)(in->data[in->at++] % 0x80)
		       << (7 * i++);
	} while (more);
	if (sum > most || number_bytes((u64)sum) != i)
		return complain(in, "number");
	*number = (u64)sum;
	return true;
}

static bool get_u32(struct input *in, u64 most, u32 *number)
{
	u64 found;

	if (!get_number(in, most, &found))
		return false;
	*number = (u32)found;
	return true;
}

static bool get_signed(struct input *in, u64 from, u64 *number)
{
	u64 found;

	if (!get_number(in, ~0ULL, &found))
		return false;
	*number = found % 2 ? from - found / 2 - 1 : from + found / 2;
	return true;
}

static bool get_string(struct input *in, u64 most, const char **string,
		       u32 *bytes)
{
	if (!get_u32(in, most, bytes))
		return false;
	if (*bytes > in->bytes - in->at)
		return complain(in, "string");
	*string = (const char *)in->data + in->at;
	in->at += *bytes;
	return true;
}

static bool get_time(struct input *in, struct kho_kept_time *time, s64 from)
{
	u64 sec;

	if (!get_signed(in, (u64)from, &sec))
		return false;
	time->sec = (s64)sec;
	return get_u32(in, 999999999, &time->nsec);
}

static bool get_times(struct input *in, u64 flags, struct kho_kept_node *n)
{
	if (!get_time(in, &n->mtime, in->last.mtime.sec))
		return false;
	n->ctime = n->mtime;
	n->atime = n->mtime;
	n->btime = n->mtime;
	if (flags & 8 && !get_time(in, &n->ctime, n->mtime.sec))
		return false;
	if (flags & 16 && !get_time(in, &n->atime, n->mtime.sec))
		return false;
	return !(flags & 32) || get_time(in, &n->btime, n->mtime.sec);
}

static bool get_name(struct input *in, struct kho_kept_record *record)
{
	char name[256] = "";

	if (!get_string(in, 255, &record->name, &record->name_bytes))
		return false;
	memcpy(name, record->name, record->name_bytes);
	if (!*name || strlen(name) != record->name_bytes || strchr(name, '/') ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return complain(in, "name");
	return true;
}

static bool kind_is_known(u32 mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
	       S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode) ||
	       S_ISBLK(mode);
}

static bool get_node(struct input *in, u32 depth, struct kho_kept_record *r)
{
	struct kho_kept_node *n = &r->node;
	u64 flags;

	n->uid = in->last.uid;
	n->gid = in->last.gid;
	if (!get_number(in, 63, &flags) || !get_u32(in, 0177777, &n->mode))
		return false;
	if (flags & 1 && !(get_u32(in, 0xffffffff, &n->uid) &&
			   get_u32(in, 0xffffffff, &n->gid)))
		return false;
	if (flags & 2 && !get_u32(in, 0xffffffff, &n->attributes))
		return false;
	if (flags & 4 && !get_u32(in, 0xffffffff, &n->project))
		return false;
	if (!get_signed(in, in->last.inode, &n->inode) ||
	    !get_times(in, flags, n))
		return false;
	if (!n->inode || !kind_is_known(n->mode))
		return complain(in, "inode or mode");
	if ((S_ISCHR(n->mode) || S_ISBLK(n->mode)) &&
	    !(get_u32(in, 4095, &n->major) && get_u32(in, 1048575, &n->minor)))
		return false;
	if (S_ISLNK(n->mode)) {
		if (!get_string(in, 4095, &r->value, &r->value_bytes))
			return false;
		if (!r->value_bytes || memchr(r->value, 0, r->value_bytes))
			return complain(in, "target");
	}
	if (!depth && !get_string(in, 0, &r->name, &r->name_bytes))
		return false;
	if (depth && !get_name(in, r))
		return false;
	in->last = *n;
	r->depth = depth;
	r->file = in->nr_files;
	in->nr_files += S_ISREG(n->mode);
	return true;
}

/* The type of the record that comes next; 0 = none that is known. */
static u64 next_type(struct input *in)
{
	u64 type;

	if (!get_number(in, 6, &type))
		return 0;
	return type;
}

static bool get_xattr(struct input *in)
{
	struct kho_kept_record *r =
		keptrecords_add(in->k, KHO_KEPT_RECORD_XATTR);

	if (!get_string(in, 255, &r->name, &r->name_bytes) ||
	    !get_string(in, 65536, &r->value, &r->value_bytes))
		return false;
	if (!r->name_bytes || memchr(r->name, 0, r->name_bytes))
		return complain(in, "attribute");
	return true;
}

/* XATTRs; @type: of the record behind them. */
static bool get_xattrs(struct input *in, u64 *type)
{
	for (;;) {
		*type = next_type(in);
		if (*type != KHO_KEPT_RECORD_XATTR)
			return !in->wrong;
		if (!get_xattr(in))
			return false;
	}
}

/* A directory, from what is in it to its UP. */
static bool get_contents(struct input *in, u32 depth)
{
	struct kho_kept_record *r;
	u32 mode;
	u64 type;

	if (depth > 4096)
		return complain(in, "depth");
	if (!get_xattrs(in, &type))
		return false;
	while (type != KHO_KEPT_RECORD_UP) {
		if (type != KHO_KEPT_RECORD_NODE &&
		    type != KHO_KEPT_RECORD_LINK)
			return complain(in, "order");
		r = keptrecords_add(in->k, (enum kho_kept_record_type)type);
		r->depth = depth;
		if (type == KHO_KEPT_RECORD_LINK &&
		    !(get_signed(in, in->last.inode, &r->node.inode) &&
		      get_name(in, r)))
			return false;
		if (type == KHO_KEPT_RECORD_NODE && !get_node(in, depth, r))
			return false;
		mode = r->node.mode;
		if (!S_ISDIR(mode)) {
			if (!get_xattrs(in, &type))
				return false;
			continue;
		}
		if (!get_contents(in, depth + 1))
			return false;
		type = next_type(in);
	}
	keptrecords_add(in->k, KHO_KEPT_RECORD_UP);
	return !in->wrong;
}

static bool get_tree(struct input *in)
{
	struct kho_kept_record *r;
	u64 type;

	if (next_type(in) != KHO_KEPT_RECORD_NODE)
		return complain(in, "order");
	r = keptrecords_add(in->k, KHO_KEPT_RECORD_NODE);
	if (!get_node(in, 0, r))
		return false;
	if (!S_ISDIR(r->node.mode))
		return complain(in, "not a directory");
	if (!get_contents(in, 1))
		return false;
	while ((type = next_type(in)) == KHO_KEPT_RECORD_QUOTA) {
		r = keptrecords_add(in->k, KHO_KEPT_RECORD_QUOTA);
		if (!get_u32(in, 1, &r->quota_type) ||
		    !get_u32(in, 0xffffffff, &r->quota_id) ||
		    !get_number(in, ~0ULL, &r->quota_bytes) ||
		    !get_number(in, ~0ULL, &r->quota_inodes))
			return false;
	}
	if (type != KHO_KEPT_RECORD_END || in->at != in->bytes)
		return complain(in, "end");
	keptrecords_add(in->k, KHO_KEPT_RECORD_END);
	return true;
}

/* ---- what records say of one another: each is compared with all before it ---- */

/* The record of the directory that record @nr lies in. */
static size_t directory_of(const struct keptrecords *k, size_t nr)
{
	u32 depth = k->record[nr].depth;

	while (nr--)
		if (k->record[nr].type == KHO_KEPT_RECORD_NODE &&
		    S_ISDIR(k->record[nr].node.mode) &&
		    k->record[nr].depth == depth - 1)
			return nr;
	test_die("keptrecords: no directory");
}

static bool has_name(const struct kho_kept_record *r)
{
	return r->depth && (r->type == KHO_KEPT_RECORD_NODE ||
			    r->type == KHO_KEPT_RECORD_LINK);
}

static bool name_came_before(const struct keptrecords *k, size_t nr)
{
	const struct kho_kept_record *r = &k->record[nr];
	size_t i;

	for (i = 0; has_name(r) && i < nr; i++)
		if (has_name(&k->record[i]) &&
		    k->record[i].name_bytes == r->name_bytes &&
		    !memcmp(k->record[i].name, r->name, r->name_bytes) &&
		    directory_of(k, i) == directory_of(k, nr))
			return true;
	return false;
}

static const struct kho_kept_record *node_before(const struct keptrecords *k,
						 size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (k->record[i].type == KHO_KEPT_RECORD_NODE &&
		    k->record[i].node.inode == k->record[nr].node.inode)
			return &k->record[i];
	return NULL;
}

static const char *compare(const struct keptrecords *k, size_t nr)
{
	const struct kho_kept_record *r = &k->record[nr], *before;

	if (name_came_before(k, nr))
		return "name twice";
	before = node_before(k, nr);
	if (r->type == KHO_KEPT_RECORD_NODE && before)
		return "inode twice";
	if (r->type == KHO_KEPT_RECORD_LINK &&
	    (!before || S_ISDIR(before->node.mode)))
		return "link";
	return NULL;
}

const char *keptrecords_read(struct keptrecords *k, const void *data,
			     size_t bytes)
{
	struct input in = { .data = data, .bytes = bytes, .k = k };
	const char *wrong = NULL;
	size_t i;

	k->nr = 0;
	if (!get_tree(&in))
		return in.wrong;
	for (i = 0; i < k->nr && !wrong; i++)
		wrong = compare(k, i);
	return wrong;
}

static bool same_string(const char *a, u32 a_bytes, const char *b, u32 b_bytes)
{
	return a_bytes == b_bytes && (!a_bytes || !memcmp(a, b, a_bytes));
}

static bool same_time(struct kho_kept_time a, struct kho_kept_time b)
{
	return a.sec == b.sec && a.nsec == b.nsec;
}

static bool same_node(const struct kho_kept_node *a,
		      const struct kho_kept_node *b)
{
	return a->inode == b->inode && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->attributes == b->attributes &&
	       a->project == b->project && a->major == b->major &&
	       a->minor == b->minor && same_time(a->mtime, b->mtime) &&
	       same_time(a->ctime, b->ctime) && same_time(a->atime, b->atime) &&
	       same_time(a->btime, b->btime);
}

bool keptrecords_same(const struct kho_kept_record *a,
		      const struct kho_kept_record *b)
{
	return a->type == b->type && same_node(&a->node, &b->node) &&
	       a->file == b->file && a->depth == b->depth &&
	       same_string(a->name, a->name_bytes, b->name, b->name_bytes) &&
	       same_string(a->value, a->value_bytes, b->value,
			   b->value_bytes) &&
	       a->quota_type == b->quota_type && a->quota_id == b->quota_id &&
	       a->quota_bytes == b->quota_bytes &&
	       a->quota_inodes == b->quota_inodes;
}

// SPDX-License-Identifier: GPL-2.0
/* A tree that came in: its records. */
#include "cli/kept/tree.h"

#include <errno.h>
#include <string.h>

#include "cli/base/printable.h"
#include "cli/kept/records.h"

int kept_tree_check(const struct kept_tree *tree, struct kho_refusal *r)
{
	return kept_records_check(tree->records, tree->info.record_bytes,
				  tree->info.nr_records, tree->info.nr_files,
				  r);
}

/* What the module says of it: the end of a sentence that starts with "since". */
static char *why_not(int dev, const char *name)
{
	autokept struct kept_list trees = { 0 };
	const struct kept_info *info;

	if (keptdev_list(dev, &trees))
		return format("the kernel log tells why");
	info = kept_list_find(&trees, name, true);
	return info && *info->why ? printable(info->why, strlen(info->why)) :
				    format("the kernel log tells why");
}

static void say_not_opened(const struct kept_tree *tree, int dev, int err)
{
	autofree char *why = NULL;

	switch (-err) {
	case ENOENT:
		break;
	case EBUSY:
		say("another program has tree '%s' open; wait until it is done.",
		    tree->shown);
		break;
	case EBADMSG:
		why = why_not(dev, tree->name);
		say("tree '%s' came in and was refused, since %s; nothing of it can be had. "
		    "`kho drop --incoming` gives its memory back.",
		    tree->shown, why);
		break;
	case ENODATA:
		why = why_not(dev, tree->name);
		say("the previous kernel did not hand tree '%s' over, since %s; there is nothing to "
		    "restore.",
		    tree->shown, why);
		break;
	case ENAMETOOLONG:
		say("the name of a tree has at most %d bytes, and '%s' has %zu.",
		    KHO_KEPT_NAME_SIZE - 1, tree->shown, strlen(tree->name));
		break;
	default:
		say("tree '%s' cannot be opened (%s); see the kernel log.",
		    tree->shown, strerror(-err));
	}
}

static int read_records(struct kept_tree *tree)
{
	u64 bytes = tree->info.record_bytes;
	ssize_t n;

	tree->records = need(malloc(bytes ? bytes : 1));
	n = read_full(tree->fd, tree->records, bytes);
	if (n >= 0 && (u64)n == bytes)
		return 0;
	say("the records of tree '%s' cannot be read (%s); see the kernel log.",
	    tree->shown, n < 0 ? strerror((int)-n) : "they end early");
	return n < 0 ? (int)n : -EBADMSG;
}

int kept_tree_open(struct kept_tree *tree, int dev, const char *name)
{
	struct kho_refusal r = { 0 };
	int err;

	*tree = (struct kept_tree){ .name = name,
				    .shown = printable(name, strlen(name)) };
	tree->fd = keptdev_open_tree(dev, name, &tree->info);
	if (tree->fd < 0) {
		say_not_opened(tree, dev, tree->fd);
		return tree->fd;
	}
	err = read_records(tree);
	if (err)
		return err;
	err = kept_tree_check(tree, &r);
	if (!err)
		return 0;
	say("tree '%s' is damaged, so nothing of it can be had: %s at byte %llu of its records is "
	    "%llu. `kho drop --tree` gives its memory back.",
	    tree->shown, r.check ? r.check : strerror(-err),
	    (unsigned long long)r.where, (unsigned long long)r.found);
	return err == -ENOMEM ? err : -EBADMSG;
}

void kept_tree_free(struct kept_tree *tree)
{
	close_descriptor(&tree->fd);
	free(tree->records);
	free(tree->shown);
	*tree = (struct kept_tree){ .fd = -1 };
}

const char *kept_name(const struct kho_kept_record *record,
		      char buf[KHO_KEPT_NAME_MAX + 1])
{
	memcpy(buf, record->name, record->name_bytes);
	buf[record->name_bytes] = '\0';
	return buf;
}

/* ---------------------------------------------------------------------------------- paths */

void kept_trail_push(struct kept_trail *t, const char *name, u32 bytes)
{
	if (t->nr == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->list = need(realloc(t->list, t->room * sizeof(*t->list)));
	}
	t->list[t->nr++] = (struct kept_part){ name, bytes };
}

void kept_trail_pop(struct kept_trail *t)
{
	t->nr--;
}

void kept_trail_free(struct kept_trail *t)
{
	free(t->list);
	*t = (struct kept_trail){ 0 };
}

/* Return: where the next part goes. The kept directory itself has no name. */
static char *put_part(char *to, const char *start, const char *name, u32 bytes)
{
	if (!bytes)
		return to;
	if (to != start)
		*to++ = '/';
	memcpy(to, name, bytes);
	return to + bytes;
}

char *kept_trail_path(const struct kept_trail *t, const char *first,
		      const char *name, u32 bytes)
{
	size_t room = strlen(first) + bytes + 2, i;
	char *path, *to;

	for (i = 0; i < t->nr; i++)
		room += t->list[i].bytes + 1;
	path = need(malloc(room));
	to = put_part(path, path, first, (u32)strlen(first));
	for (i = 0; i < t->nr; i++)
		to = put_part(to, path, t->list[i].name, t->list[i].bytes);
	to = put_part(to, path, name, bytes);
	*to = '\0';
	return path;
}

/* The one at @offset, or what the XATTR there is of, is left in it as the last. */
static void follow(struct kept_trail *t, const struct kept_tree *tree,
		   u64 offset)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	bool leaf = false;

	kho_kept_reader_init(&reader, tree->records, tree->info.record_bytes);
	while (kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT &&
	       record.offset <= offset) {
		if (record.type == KHO_KEPT_RECORD_XATTR)
			continue;
		/* What is no directory has nothing in it. */
		if (leaf)
			kept_trail_pop(t);
		leaf = false;
		if (record.type == KHO_KEPT_RECORD_UP && t->nr)
			kept_trail_pop(t);
		if (record.type != KHO_KEPT_RECORD_NODE &&
		    record.type != KHO_KEPT_RECORD_LINK)
			continue;
		kept_trail_push(t, record.name, record.name_bytes);
		leaf = record.type == KHO_KEPT_RECORD_LINK ||
		       (record.node.mode & 0170000) != 0040000;
	}
}

char *kept_tree_path(const struct kept_tree *tree, u64 offset)
{
	struct kept_trail t = { 0 };
	char *path;

	follow(&t, tree, offset);
	/* The kept directory itself has no name. */
	path = t.nr > 1 ? kept_trail_path(&t, "", NULL, 0) : format(".");
	kept_trail_free(&t);
	return path;
}

/* ---------------------------------------------------------------------------------- links */

static int by_inode(const void *a, const void *b)
{
	const struct kept_link *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Several of an inode become one. */
static void unite(struct kept_links *links)
{
	size_t i, nr = 0;

	for (i = 0; i < links->nr; i++) {
		if (!nr || links->list[nr - 1].inode != links->list[i].inode)
			links->list[nr++] = links->list[i];
	}
	links->nr = nr;
}

void kept_links_find(struct kept_links *links, const struct kept_tree *tree)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	size_t room = 0;

	*links = (struct kept_links){ 0 };
	kho_kept_reader_init(&reader, tree->records, tree->info.record_bytes);
	while (kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT) {
		if (record.type != KHO_KEPT_RECORD_LINK)
			continue;
		if (links->nr == room) {
			room = room ? 2 * room : 64;
			links->list = need(realloc(
				links->list, room * sizeof(*links->list)));
		}
		links->list[links->nr++] = (struct kept_link){
			.inode = record.node.inode,
		};
	}
	if (links->nr)
		qsort(links->list, links->nr, sizeof(*links->list), by_inode);
	unite(links);
}

void kept_links_free(struct kept_links *links)
{
	free(links->list);
	*links = (struct kept_links){ 0 };
}

struct kept_link *kept_links_get(const struct kept_links *links, u64 inode)
{
	const struct kept_link key = { .inode = inode };

	if (!links->nr)
		return NULL;
	return bsearch(&key, links->list, links->nr, sizeof(key), by_inode);
}

/* ----------------------------------------------------------------------------- attributes */

void kept_xattrs_add(struct kept_xattrs *x,
		     const struct kho_kept_record *record)
{
	struct kept_xattr *one;

	x->list = need(realloc(x->list, (x->nr + 1) * sizeof(*x->list)));
	one = &x->list[x->nr++];
	kept_name(record, one->name);
	one->value = record->value;
	one->value_bytes = record->value_bytes;
}

// SPDX-License-Identifier: GPL-2.0
#include "reftree.h"

#include <stdlib.h>

enum { ENTRIES = 512, ROOT_LEVEL = 5 };

/* One reading of a whole tree. */
struct reading {
	const struct testmem *m;
	struct refset keys;
	u64 nr_nodes;
	u64 sought_phys;
	bool found;
	bool at_rest;
};

u64 ref_key(u64 phys, unsigned int order)
{
	u64 blocks = phys / KHO_PAGE_SIZE;
	u64 marker = 1ULL << 52;
	unsigned int i;

	for (i = 0; i < order; i++) {
		blocks /= 2;
		marker /= 2;
	}
	return marker + blocks;
}

static size_t position(const struct refset *s, u64 key)
{
	size_t low = 0, high = s->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->key[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool has_key(const struct refset *s, u64 key)
{
	size_t at = position(s, key);

	return at < s->nr && s->key[at] == key;
}

static bool add_key(struct refset *s, u64 key)
{
	size_t at = position(s, key);

	if (has_key(s, key))
		return false;
	if (s->nr == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->key = realloc(s->key, s->room * sizeof(*s->key));
		if (!s->key)
			test_die("reftree: out of memory");
	}
	memmove(&s->key[at + 1], &s->key[at], (s->nr - at) * sizeof(*s->key));
	s->key[at] = key;
	s->nr++;
	return true;
}

bool refset_has(const struct refset *s, u64 phys, unsigned int order)
{
	return has_key(s, ref_key(phys, order));
}

bool refset_add(struct refset *s, u64 phys, unsigned int order)
{
	return add_key(s, ref_key(phys, order));
}

bool refset_del(struct refset *s, u64 phys, unsigned int order)
{
	u64 key = ref_key(phys, order);
	size_t at = position(s, key);

	if (!has_key(s, key))
		return false;
	s->nr--;
	memmove(&s->key[at], &s->key[at + 1], (s->nr - at) * sizeof(*s->key));
	return true;
}

void refset_free(struct refset *s)
{
	free(s->key);
	memset(s, 0, sizeof(*s));
}

static unsigned int order_of(u64 key)
{
	unsigned int order = 52;

	while (key >>= 1)
		order--;
	return order;
}

struct kho_tally_ser refset_tally(const struct refset *s)
{
	struct kho_tally_ser tally = { 0 };
	size_t i;

	for (i = 0; i < s->nr; i++) {
		tally.nr_keys++;
		tally.nr_pages += 1ULL << order_of(s->key[i]);
		tally.hash += kho_mix64(s->key[i]);
	}
	return tally;
}

unsigned int ref_cut(u64 phys, u64 nr_pages, u64 *block, unsigned int max)
{
	u64 pfn = phys / KHO_PAGE_SIZE;
	unsigned int nr = 0;

	while (nr_pages) {
		unsigned int order = 52;

		while (1ULL << order > nr_pages || pfn % (1ULL << order))
			order--;
		if (nr == max)
			test_die("range cut into more than %u blocks", max);
		block[nr++] = ref_key(pfn * KHO_PAGE_SIZE, order);
		pfn += 1ULL << order;
		nr_pages -= 1ULL << order;
	}
	return nr;
}

/* Reads the subtree of the node at @phys; its keys begin with the bits @base. */
static void read_node(struct reading *r, u64 phys, int level, u64 base)
{
	const u64 *entry = testmem_page(r->m, phys);
	unsigned long used = 0;
	unsigned int i, bit;

	if (!entry)
		test_die("tree leads to %#llx, which is no node",
			 (unsigned long long)phys);
	if (++r->nr_nodes > r->m->nr_pages)
		test_die("tree has more nodes than there are pages");
	r->found |= phys == r->sought_phys;
	for (i = 0; i < ENTRIES; i++) {
		if (!entry[i])
			continue;
		if (level) {
			used++;
			read_node(r, entry[i], level - 1, base * ENTRIES + i);
			continue;
		}
		for (bit = 0; bit < 64; bit++) {
			if (!(entry[i] >> bit & 1))
				continue;
			used++;
			add_key(&r->keys, (base * ENTRIES + i) * 64 + bit);
		}
	}
	if (!r->at_rest)
		return;
	if (!used && level != ROOT_LEVEL)
		test_die("node of level %d at %#llx is empty", level,
			 (unsigned long long)phys);
	if (*testmem_population((void *)(uintptr_t)r->m,
				(void *)(uintptr_t)entry) != used)
		test_die("population of the node at %#llx is wrong",
			 (unsigned long long)phys);
}

static bool tally_equal(const struct kho_tally_ser *a,
			const struct kho_tally_ser *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void ref_check_instant(const struct testmem *m, u64 root_phys,
		       const struct kho_tally_ser *tally)
{
	struct reading r = { .m = m };
	struct kho_tally_ser seen;

	read_node(&r, root_phys, ROOT_LEVEL, 0);
	if (r.keys.nr && !r.keys.key[0])
		test_die("key 0 in the tree");
	seen = refset_tally(&r.keys);
	if (!tally_equal(&seen, &tally[0]) && !tally_equal(&seen, &tally[1]))
		test_die("tree of %llu keys matches neither tally",
			 (unsigned long long)seen.nr_keys);
	refset_free(&r.keys);
}

void ref_check_tracker(struct testmem *m, struct kho_tracker *t,
		       const struct refset *s)
{
	struct reading r = { .m = m, .at_rest = true };
	struct kho_tally_ser want = refset_tally(s);

	read_node(&r, kho_tracker_root_phys(t), ROOT_LEVEL, 0);
	if (r.keys.nr != s->nr)
		test_die("tree has %zu keys, not %zu", r.keys.nr, s->nr);
	if (s->nr && memcmp(r.keys.key, s->key, s->nr * sizeof(*s->key)))
		test_die("tree has other keys");
	if (!tally_equal(&want, &t->tally[0]) ||
	    !tally_equal(&want, &t->tally[1]))
		test_die("tally is wrong");
	if (r.nr_nodes != t->nr_nodes || r.nr_nodes != m->nr_used)
		test_die("%llu nodes, %llu counted, %llu held",
			 (unsigned long long)r.nr_nodes,
			 (unsigned long long)t->nr_nodes,
			 (unsigned long long)m->nr_used);
	refset_free(&r.keys);
}

bool ref_reaches(const struct testmem *m, u64 root_phys, u64 phys)
{
	struct reading r = { .m = m, .sought_phys = phys };

	read_node(&r, root_phys, ROOT_LEVEL, 0);
	refset_free(&r.keys);
	return r.found;
}

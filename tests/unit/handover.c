// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "handover.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/crc32c.h"

enum { NODE_SLOTS = 512, ROOT_LEVEL = 5 };

static void *map_or_die(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		test_die("handover: cannot map %zu bytes", bytes);
	return p;
}

static void begin(struct handover *h)
{
	h->chain_page = KHO_WIRE_CHAIN_A;
	h->fdt_page = KHO_WIRE_FDT_A;
	h->next_node_phys = HANDOVER_BASE + MAP_NODES;
	h->tree_phys = handover_new_node(h);
	h->nr_subtrees = 1;
	h->subtree[0].name = KHO_MODULE_SUBTREE;
	h->subtree[0].phys = h->head_phys + KHO_WIRE_MODULE * KHO_PAGE_SIZE;
	h->subtree[0].bytes = sizeof(struct kho_module_ser);
	memset(&h->tally, 0, sizeof(h->tally));
}

void handover_init(struct handover *h)
{
	static const struct kho_range extent[HANDOVER_EXTENTS] = {
		{ HANDOVER_BASE + MAP_EXTENT_0,
		  HANDOVER_BASE + MAP_EXTENT_0_END },
		{ HANDOVER_BASE + MAP_EXTENT_1,
		  HANDOVER_BASE + MAP_EXTENT_1_END },
		{ HANDOVER_BASE + MAP_EXTENT_2,
		  HANDOVER_BASE + MAP_EXTENT_2_END },
	};

	memset(h, 0, sizeof(*h));
	h->va = map_or_die(HANDOVER_PAGES * KHO_PAGE_SIZE);
	h->mark = map_or_die(HANDOVER_PAGES);
	memcpy(h->extent, extent, sizeof(extent));
	h->head_phys = HANDOVER_BASE + MAP_WIRE;
	begin(h);
}

void handover_exit(struct handover *h)
{
	munmap(h->va, HANDOVER_PAGES * KHO_PAGE_SIZE);
	munmap(h->mark, HANDOVER_PAGES);
	free(h->seen);
	memset(h, 0, sizeof(*h));
}

void handover_clear(struct handover *h)
{
	memset(handover_at(h, HANDOVER_BASE + MAP_NODES), 0,
	       h->next_node_phys - (HANDOVER_BASE + MAP_NODES));
	memset(handover_wire(h, KHO_WIRE_HEAD), 0,
	       KHO_WIRE_PAGES * KHO_PAGE_SIZE);
	handover_forget_marks(h);
	begin(h);
}

static bool in_memory(u64 phys)
{
	return phys >= HANDOVER_BASE &&
	       phys < HANDOVER_BASE + HANDOVER_PAGES * KHO_PAGE_SIZE;
}

static u64 page_nr(u64 phys)
{
	return (phys - HANDOVER_BASE) / KHO_PAGE_SIZE;
}

void *handover_at(const struct handover *h, u64 phys)
{
	if (!in_memory(phys))
		test_die("handover: no memory at %#llx",
			 (unsigned long long)phys);
	return h->va + (phys - HANDOVER_BASE);
}

void *handover_wire(const struct handover *h, enum kho_wire_page page)
{
	return handover_at(h, h->head_phys + page * KHO_PAGE_SIZE);
}

struct kho_head_ser *handover_head(const struct handover *h)
{
	return handover_wire(h, KHO_WIRE_HEAD);
}

struct kho_chain_ser *handover_chain(const struct handover *h)
{
	return handover_wire(h, h->chain_page);
}

struct kho_module_ser *handover_module(const struct handover *h)
{
	return handover_wire(h, KHO_WIRE_MODULE);
}

struct kho_tally_ser *handover_tally(const struct handover *h)
{
	return (void *)((u8 *)handover_module(h) +
			offsetof(struct kho_module_ser, tally));
}

/* ---- writer of the tree ---- */

u64 handover_new_node(struct handover *h)
{
	u64 phys = h->next_node_phys;

	if (phys == HANDOVER_BASE + MAP_NODES_END)
		test_die("handover: no room for nodes");
	h->next_node_phys += KHO_PAGE_SIZE;
	return phys;
}

/* Whether a page that handover_new_node() gave is there. */
static bool is_node(const struct handover *h, u64 phys)
{
	return phys >= HANDOVER_BASE + MAP_NODES && phys < h->next_node_phys &&
	       phys % KHO_PAGE_SIZE == 0;
}

u64 *handover_slot(struct handover *h, u64 key, unsigned int level)
{
	u64 *node = handover_at(h, h->tree_phys);
	unsigned int l;

	for (l = ROOT_LEVEL;; l--) {
		u64 *slot = &node[(key >> (15 + 9 * (l - 1))) % NODE_SLOTS];

		if (l == level)
			return slot;
		if (!*slot)
			*slot = handover_new_node(h);
		if (!is_node(h, *slot))
			return NULL;
		node = handover_at(h, *slot);
		if (l == 1)
			return &node[key % 32768 / 64];
	}
}

void handover_enter_key(struct handover *h, u64 key)
{
	u64 *word = handover_slot(h, key, 0);

	if (word)
		*word |= 1ULL << key % 64;
	h->tally.nr_keys++;
	h->tally.hash += kho_mix64(key);
}

void handover_preserve(struct handover *h, u64 phys, unsigned int order)
{
	handover_enter_key(h, kho_key(phys, order));
	h->tally.nr_pages += 1ULL << order;
}

static bool is_reserved(const struct handover *h, u64 start, u64 end)
{
	unsigned int i;

	if (start < HANDOVER_BASE + MAP_HOLE_END &&
	    end > HANDOVER_BASE + MAP_HOLE)
		return false;
	for (i = 0; i < HANDOVER_EXTENTS; i++)
		if (start >= h->extent[i].start && end <= h->extent[i].end)
			return start < end;
	return false;
}

/* Bytes of the memory taken by the wire area and the nodes. */
static bool is_metadata(u64 start, u64 end)
{
	return start < HANDOVER_BASE + MAP_NODES_END &&
	       end > HANDOVER_BASE + MAP_WIRE;
}

void handover_preserve_random(struct handover *h, struct testrand *r,
			      unsigned int nr)
{
	u8 *used = calloc(HANDOVER_PAGES, 1);

	while (nr--) {
		unsigned int order =
			testrand_below(r, 3) ? 0 : testrand_below(r, 14);
		u64 bytes = KHO_PAGE_SIZE << order;
		u64 phys = HANDOVER_BASE +
			   testrand_below(r, HANDOVER_PAGES >> order) * bytes;
		u8 *page = used + page_nr(phys);

		if (!is_reserved(h, phys, phys + bytes) ||
		    is_metadata(phys, phys + bytes) ||
		    memchr(page, 1, 1UL << order))
			continue;
		memset(page, 1, 1UL << order);
		handover_preserve(h, phys, order);
	}
	free(used);
}

/* ---- writer of the wire area ---- */

static void seal_module(struct handover *h)
{
	struct kho_module_ser *m = handover_module(h);

	memset(m, 0, sizeof(*m));
	m->magic = KHO_MODULE_MAGIC;
	m->version = KHO_MODULE_VERSION_WORD;
	m->size = sizeof(*m);
	memcpy(m->module_version, "1.0", sizeof("1.0"));
	memcpy(m->release, "6.1.0-1-amd64", sizeof("6.1.0-1-amd64"));
	m->wire_phys = h->head_phys;
	m->tree_phys = h->tree_phys;
	m->kexec_count = 1;
	m->tally[0] = h->tally;
	m->tally[1] = h->tally;
	m->stamp_ns[KHO_STAMP_MODULE_LOAD] = 1700000000000000000ULL;
	handover_fix_module(h);
}

static void seal_head(struct handover *h)
{
	struct kho_head_ser *head = handover_head(h);
	struct kho_scratch *scratch;

	scratch = (void *)((u8 *)head + KHO_WIRE_SCRATCH_OFFSET);
	scratch->addr = HANDOVER_BASE + 16 * MIB;
	scratch->size = 8 * MIB;
	head->hdr.next = h->head_phys + h->chain_page * KHO_PAGE_SIZE;
	head->hdr.type = KHO_SETUP_DATA_TYPE;
	head->hdr.len = sizeof(head->data);
	head->data.fdt_addr = h->head_phys + h->fdt_page * KHO_PAGE_SIZE;
	head->data.fdt_size = KHO_PAGE_SIZE;
	head->data.scratch_addr = h->head_phys + KHO_WIRE_SCRATCH_OFFSET;
	head->data.scratch_size = sizeof(*scratch);
}

static void seal_memmap(struct handover *h)
{
	struct kho_memmap_ser *map = handover_wire(h, KHO_WIRE_MEMMAP);

	map->magic = KHO_MEMMAP_MAGIC;
	map->nr_entries = 2;
	map->entry[0] = (struct kho_memmap_entry_ser){ .addr = 0,
						       .bytes = 0x9f000,
						       .type = 1 };
	map->entry[1] = (struct kho_memmap_entry_ser){
		.addr = MIB, .bytes = 0x200000000ULL - MIB, .type = 1
	};
	map->crc = kho_crc32c(0, map->entry,
			      map->nr_entries * sizeof(map->entry[0]));
}

void handover_seal(struct handover *h)
{
	seal_module(h);
	if (kho_fdt_write(handover_wire(h, h->fdt_page), h->tree_phys,
			  h->subtree, h->nr_subtrees))
		test_die("handover: root FDT not written");
	handover_fix_fdt(h);
	kho_chain_write(handover_chain(h),
			h->head_phys + h->chain_page * KHO_PAGE_SIZE, h->extent,
			HANDOVER_EXTENTS);
	seal_memmap(h);
	seal_head(h);
}

u32 handover_chain_crc(const struct kho_chain_ser *chain)
{
	size_t nr = chain->nr_extents < KHO_MAX_EXTENTS ? chain->nr_extents :
							  KHO_MAX_EXTENTS;
	u8 bytes[sizeof(*chain)];
	size_t used = nr * sizeof(chain->node[0]);
	size_t rest = offsetof(struct kho_chain_ser, pad) -
		      offsetof(struct kho_chain_ser, magic);

	memcpy(bytes, chain->node, used);
	memcpy(bytes + used, &chain->magic, rest);
	return kho_crc32c(0, bytes, used + rest);
}

void handover_fix_chain(struct handover *h)
{
	struct kho_chain_ser *chain = handover_chain(h);

	chain->crc = handover_chain_crc(chain);
}

void handover_fix_module(struct handover *h)
{
	struct kho_module_ser *m = handover_module(h);

	m->fixed_crc =
		kho_crc32c(0, m, offsetof(struct kho_module_ser, fixed_crc));
}

void handover_fix_fdt(struct handover *h)
{
	struct kho_module_ser *m = handover_module(h);

	m->fdt_crc[h->fdt_page == KHO_WIRE_FDT_B] =
		kho_crc32c(0, handover_wire(h, h->fdt_page), KHO_PAGE_SIZE);
}

/* ---- environment ---- */

static const void *page_op(void *ctx, u64 phys)
{
	struct handover *h = ctx;

	if (phys < h->head_phys ||
	    phys >= h->head_phys + KHO_WIRE_PAGES * KHO_PAGE_SIZE)
		h->reads_elsewhere++;
	if (phys % KHO_PAGE_SIZE)
		test_die("handover: unaligned page asked for");
	if (!is_reserved(h, phys, phys + KHO_PAGE_SIZE))
		return NULL;
	return handover_at(h, phys);
}

static void note_key(u64 **key, size_t *nr, size_t *room, u64 new)
{
	if (*nr == *room) {
		*room = *room ? *room * 2 : 64;
		*key = realloc(*key, *room * sizeof(**key));
		if (!*key)
			test_die("handover: out of memory");
	}
	(*key)[(*nr)++] = new;
}

static int mark_op(void *ctx, u64 phys, unsigned int order)
{
	struct handover *h = ctx;

	if (!is_reserved(h, phys, phys + (KHO_PAGE_SIZE << order)))
		return -ERANGE;
	if (h->mark[page_nr(phys)])
		return -EEXIST;
	h->mark[page_nr(phys)] = (u8)kho_mark_of(order).bits;
	note_key(&h->seen, &h->nr_seen, &h->room, kho_key(phys, order));
	return 0;
}

static struct kho_mark marked_op(void *ctx, u64 phys)
{
	struct handover *h = ctx;

	return kho_mark_stored(in_memory(phys) ? h->mark[page_nr(phys)] : 0);
}

struct kho_checked_ops handover_ops(struct handover *h)
{
	return (struct kho_checked_ops){
		.page = page_op,
		.mark = mark_op,
		.marked = marked_op,
		.ctx = h,
	};
}

void handover_forget_marks(struct handover *h)
{
	size_t i;

	for (i = 0; i < h->nr_seen; i++)
		h->mark[page_nr(kho_key_phys(h->seen[i]))] = 0;
	h->nr_seen = 0;
}

int handover_check(struct handover *h, struct kho_checked *in,
		   struct kho_refusal *r)
{
	struct kho_checked_ops ops = handover_ops(h);

	handover_forget_marks(h);
	h->reads_elsewhere = 0;
	return kho_handover_check(in, &ops, h->head_phys, r);
}

/* ---- naive reader ---- */

enum use { USE_FREE = 0, USE_NODE = 1, USE_BLOCK = 2 };

struct reading {
	const struct handover *h;
	struct handover_keys *keys;
	u8 *use;
	u64 nodes_left;
	u64 way[ROOT_LEVEL + 1]; /* addresses of the nodes being read, by level */
};

static bool read_key(struct reading *rd, u64 key)
{
	unsigned int order = 0;
	u64 marker = 1ULL << 52, phys, i;

	if (!key)
		return false;
	for (; !(key & marker); marker >>= 1)
		order++;
	if (order > 20) /* more than all of this memory */
		return false;
	phys = (key ^ marker) * (KHO_PAGE_SIZE << order);
	if (!is_reserved(rd->h, phys, phys + (KHO_PAGE_SIZE << order)))
		return false;
	for (i = 0; i < 1ULL << order; i++) {
		if (rd->use[page_nr(phys) + i] & USE_BLOCK)
			return false;
		rd->use[page_nr(phys) + i] |= USE_BLOCK;
	}
	note_key(&rd->keys->key, &rd->keys->nr, &rd->keys->room, key);
	rd->keys->tally.nr_keys++;
	rd->keys->tally.nr_pages += 1ULL << order;
	rd->keys->tally.hash += kho_mix64(key);
	return true;
}

static bool is_on_the_way(const struct reading *rd, u64 phys, int level)
{
	while (++level <= ROOT_LEVEL)
		if (rd->way[level] == phys)
			return true;
	return false;
}

static bool read_node(struct reading *rd, u64 phys, u64 key, int level)
{
	const u64 *node;
	u64 i;

	if (phys % KHO_PAGE_SIZE || !rd->nodes_left-- ||
	    !is_reserved(rd->h, phys, phys + KHO_PAGE_SIZE) ||
	    is_on_the_way(rd, phys, level) ||
	    (phys >= rd->h->head_phys &&
	     phys < rd->h->head_phys + KHO_WIRE_PAGES * KHO_PAGE_SIZE))
		return false;
	rd->use[page_nr(phys)] |= USE_NODE;
	rd->way[level] = phys;
	node = handover_at(rd->h, phys);
	if (!level) {
		for (i = 0; i < 32768; i++)
			if (node[i / 64] >> i % 64 & 1 &&
			    !read_key(rd, key * 32768 + i))
				return false;
		return true;
	}
	if (level == ROOT_LEVEL)
		for (i = 4; i < NODE_SLOTS; i++)
			if (node[i])
				return false;
	for (i = 0; i < NODE_SLOTS; i++)
		if (node[i] &&
		    !read_node(rd, node[i], key * NODE_SLOTS + i, level - 1))
			return false;
	return true;
}

static bool no_node_in_block(const struct reading *rd)
{
	u64 i;

	for (i = 0; i < HANDOVER_PAGES; i++)
		if (rd->use[i] == (USE_NODE | USE_BLOCK))
			return false;
	return true;
}

bool handover_tree_is_good(const struct handover *h, struct handover_keys *keys)
{
	const struct kho_module_ser *m = handover_module(h);
	struct reading rd = { .h = h, .keys = keys };
	unsigned int i;
	bool good;

	memset(keys, 0, sizeof(*keys));
	rd.use = calloc(HANDOVER_PAGES, 1);
	for (i = 0; i < HANDOVER_EXTENTS; i++)
		rd.nodes_left +=
			(h->extent[i].end - h->extent[i].start) / KHO_PAGE_SIZE;
	good = read_node(&rd, m->tree_phys, 0, ROOT_LEVEL) &&
	       no_node_in_block(&rd) &&
	       (!memcmp(&keys->tally, &m->tally[0], sizeof(keys->tally)) ||
		!memcmp(&keys->tally, &m->tally[1], sizeof(keys->tally)));
	free(rd.use);
	return good;
}

// SPDX-License-Identifier: GPL-2.0
/* A decoded handover as JSON. */
#include "cli/wire/wirejson.h"

#include <string.h>
#include <linux/kho/abi/metadata.h>

#include "core/chain.h"
#include "core/crc32c.h"
#include "core/tracker.h"

const char *const wire_sections[] = { "verdict", "head",    "extents",	"fdt",
				      "module",	 "memmap",  "metadata", "tree",
				      "parcels", "regions", "kept",	NULL };

void json_add_text(struct json_object *o, const char *key, const char *text,
		   size_t size)
{
	autofree char *copy = need(strndup(text, size));
	char *p;

	for (p = copy; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	json_object_object_add(o, key, json_object_new_string(copy));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void json_add_verdict(struct json_object *o, int err,
		      const struct kho_refusal *r)
{
	add_bool(o, "good", !err);
	if (!err)
		return;
	json_add_text(o, "check", r->check, 256);
	json_add_number(o, "address", r->where);
	json_add_number(o, "found", r->found);
	json_add_number(o, "wanted", r->wanted);
}

static struct json_object *json_range(u64 start, u64 bytes)
{
	struct json_object *o = json_object_new_object();

	json_add_number(o, "start", start);
	json_add_number(o, "end", start + bytes);
	json_add_number(o, "bytes", bytes);
	return o;
}

static struct json_object *json_verdict(struct wire *w, bool all)
{
	struct json_object *o = json_object_new_object();

	json_add_verdict(o, w->err, &w->r);
	json_add_number(o, "blocks", w->nr_blocks);
	json_add_number(o, "nodes", w->nr_nodes);
	if (w->tree_trouble)
		json_add_text(o, "tree", w->tree_trouble, 256);
	return o;
}

static struct json_object *json_head(struct wire *w, bool all)
{
	const u8 *page = wire_page_of(w, KHO_WIRE_HEAD);
	const struct kho_head_ser *head = (const void *)page;
	struct json_object *o, *list;
	u64 i, nr;

	if (!head)
		return NULL;
	o = json_object_new_object();
	list = json_object_new_array();
	nr = head->data.scratch_size / sizeof(struct kho_scratch);
	json_add_number(o, "address", w->head_phys);
	json_add_number(o, "type", head->hdr.type);
	json_add_number(o, "bytes", head->hdr.len);
	json_add_number(o, "next-address", head->hdr.next);
	json_add_number(o, "fdt-address", head->data.fdt_addr);
	json_add_number(o, "fdt-bytes", head->data.fdt_size);
	json_add_number(o, "scratch-address", head->data.scratch_addr);
	json_add_number(o, "scratch-bytes", head->data.scratch_size);
	for (i = 0; i < nr && i < KHO_MAX_SCRATCH; i++) {
		const struct kho_scratch *s =
			(const void *)(page + KHO_WIRE_SCRATCH_OFFSET);

		json_object_array_add(list, json_range(s[i].addr, s[i].size));
	}
	json_object_object_add(o, "scratch", list);
	return o;
}

static struct json_object *json_chain(struct wire *w, enum kho_wire_page which)
{
	const struct kho_head_ser *head = wire_page_of(w, KHO_WIRE_HEAD);
	const struct kho_chain_ser *chain = wire_page_of(w, which);
	u64 phys = w->head_phys + which * KHO_PAGE_SIZE;
	struct kho_refusal r = { 0 };
	struct json_object *o, *list;
	u32 i;

	if (!chain || !chain->magic)
		return NULL;
	o = json_object_new_object();
	list = json_object_new_array();
	json_add_number(o, "address", phys);
	add_bool(o, "in-use", head && head->hdr.next == phys);
	json_add_verdict(o, kho_chain_check(chain, phys, &r), &r);
	json_add_number(o, "magic", chain->magic);
	json_add_number(o, "version", chain->version);
	json_add_number(o, "crc", chain->crc);
	json_add_number(o, "nr", chain->nr_extents);
	for (i = 0; i < chain->nr_extents && i < KHO_MAX_EXTENTS; i++)
		json_object_array_add(list, json_range(chain->node[i].ind.addr,
						       chain->node[i].ind.len));
	json_object_object_add(o, "extents", list);
	return o;
}

static struct json_object *json_chains(struct wire *w, bool all)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "A", json_chain(w, KHO_WIRE_CHAIN_A));
	json_object_object_add(o, "B", json_chain(w, KHO_WIRE_CHAIN_B));
	return o;
}

static struct json_object *json_subtrees(const struct kho_fdt *fdt)
{
	struct json_object *list = json_object_new_array();
	struct kho_fdt_subtree s;
	u32 i;

	for (i = 0; !kho_fdt_subtree_at(fdt, i, &s); i++) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "name", s.name, KHO_FDT_NAME_MAX);
		json_add_number(o, "address", s.phys);
		json_add_number(o, "bytes", s.bytes);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_fdt(struct wire *w, enum kho_wire_page which)
{
	const struct kho_head_ser *head = wire_page_of(w, KHO_WIRE_HEAD);
	const void *page = wire_page_of(w, which);
	u64 phys = w->head_phys + which * KHO_PAGE_SIZE;
	struct kho_refusal r = { 0 };
	struct json_object *o;
	struct kho_fdt fdt;
	int err;

	if (!page || !*(const u32 *)page)
		return NULL;
	o = json_object_new_object();
	err = kho_fdt_check(&fdt, page, phys, &r);
	json_add_number(o, "address", phys);
	add_bool(o, "in-use", head && head->data.fdt_addr == phys);
	json_add_number(o, "crc", kho_crc32c(0, page, KHO_PAGE_SIZE));
	json_add_verdict(o, err, &r);
	if (err)
		return o;
	json_add_number(o, "bytes", kho_fdt_bytes(page));
	json_add_number(o, "tree-address", fdt.tree_phys);
	json_object_object_add(o, "subtrees", json_subtrees(&fdt));
	return o;
}

static struct json_object *json_fdts(struct wire *w, bool all)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "A", json_fdt(w, KHO_WIRE_FDT_A));
	json_object_object_add(o, "B", json_fdt(w, KHO_WIRE_FDT_B));
	return o;
}

static struct json_object *json_tallies(const struct kho_module_ser *m)
{
	struct json_object *list = json_object_new_array();
	u32 i;

	for (i = 0; i < 2; i++) {
		struct json_object *o = json_object_new_object();
		struct kho_tally_ser t;

		memcpy(&t, &m->tally[i], sizeof(t));
		json_add_number(o, "blocks", t.nr_keys);
		json_add_number(o, "pages", t.nr_pages);
		json_add_number(o, "hash", t.hash);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_module(struct wire *w, bool all)
{
	static const char *const stamp[KHO_STAMP_MAX] = {
		[KHO_STAMP_MODULE_LOAD] = "module-load-time-ns",
		[KHO_STAMP_IMAGE_LOAD] = "image-load-time-ns",
		[KHO_STAMP_REBOOT] = "reboot-time-ns",
		[KHO_STAMP_STOPPING] = "stopping-time-ns",
	};
	const struct kho_module_ser *m = wire_page_of(w, KHO_WIRE_MODULE);
	struct json_object *o;
	u32 i;

	if (!m)
		return NULL;
	o = json_object_new_object();
	json_add_number(o, "magic", m->magic);
	json_add_number(o, "version", m->version);
	json_add_number(o, "bytes", m->size);
	json_add_text(o, "module-version", m->module_version,
		      sizeof(m->module_version));
	json_add_text(o, "release", m->release, sizeof(m->release));
	json_add_number(o, "head-address", m->wire_phys);
	json_add_number(o, "tree-address", m->tree_phys);
	json_add_number(o, "kexec-count", m->kexec_count);
	json_add_number(o, "crc", m->fixed_crc);
	json_add_number(o, "fdt-A-crc", m->fdt_crc[0]);
	json_add_number(o, "fdt-B-crc", m->fdt_crc[1]);
	json_object_object_add(o, "tally", json_tallies(m));
	for (i = 0; i < KHO_STAMP_MAX; i++) {
		if (stamp[i])
			json_add_number(o, stamp[i], m->stamp_ns[i]);
	}
	return o;
}

static struct json_object *json_memmap(struct wire *w, bool all)
{
	const struct kho_memmap_ser *map = wire_page_of(w, KHO_WIRE_MEMMAP);
	struct json_object *o, *list;
	u32 i;

	if (!map || map->magic != KHO_MEMMAP_MAGIC)
		return NULL;
	o = json_object_new_object();
	list = json_object_new_array();
	json_add_number(o, "nr", map->nr_entries);
	json_add_number(o, "crc", map->crc);
	add_bool(o, "good",
		 map->nr_entries <= KHO_MAX_MEMMAP &&
			 map->crc == kho_crc32c(0, map->entry,
						map->nr_entries *
							sizeof(map->entry[0])));
	for (i = 0; i < map->nr_entries && i < KHO_MAX_MEMMAP; i++) {
		struct json_object *e =
			json_range(map->entry[i].addr, map->entry[i].bytes);

		json_add_number(e, "type", map->entry[i].type);
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "ranges", list);
	return o;
}

static struct json_object *json_metadata(struct wire *w, bool all)
{
	const struct kho_kexec_metadata *m;
	struct kho_fdt_subtree s;
	struct json_object *o;

	if (!w->have_fdt ||
	    kho_fdt_subtree_find(&w->fdt, KHO_METADATA_NODE_NAME, &s) ||
	    s.phys % KHO_PAGE_SIZE || s.bytes < sizeof(*m))
		return NULL;
	m = (const void *)wire_pages_get(w->pages, s.phys);
	if (!m)
		return NULL;
	o = json_object_new_object();
	json_add_number(o, "address", s.phys);
	json_add_number(o, "version", m->version);
	json_add_text(o, "previous-release", m->previous_release,
		      sizeof(m->previous_release));
	json_add_number(o, "kexec-count", m->kexec_count);
	return o;
}

static struct json_object *json_orders(const struct wire *w)
{
	struct json_object *list = json_object_new_array();
	u64 count[64] = { 0 };
	size_t i;

	for (i = 0; i < w->nr_blocks; i++)
		count[w->block[i].order & 63]++;
	for (i = 0; i < ARRAY_LEN(count); i++) {
		struct json_object *o;

		if (!count[i])
			continue;
		o = json_object_new_object();
		json_add_number(o, "order", i);
		json_add_number(o, "blocks", count[i]);
		json_add_number(o, "bytes", count[i] << (KHO_PAGE_SHIFT + i));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_nodes(const struct wire *w)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < w->nr_nodes; i++) {
		struct json_object *o = json_object_new_object();

		json_add_number(o, "address", w->node[i].phys);
		json_add_number(o, "level", w->node[i].level);
		json_add_number(o, "key", w->node[i].key);
		json_add_number(o, "used", w->node[i].used);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_blocks(const struct wire *w)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < w->nr_blocks; i++) {
		const struct wire_block *b = &w->block[i];
		struct json_object *o = json_object_new_object();

		json_add_number(o, "address", b->phys);
		json_add_number(o, "order", b->order);
		json_add_number(o, "bytes", KHO_PAGE_SIZE << b->order);
		json_add_number(o, "key", kho_key(b->phys, b->order));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_tree(struct wire *w, bool all)
{
	struct json_object *o;

	if (!w->tree_phys)
		return NULL;
	o = json_object_new_object();
	json_add_number(o, "root-address", w->tree_phys);
	json_add_number(o, "nodes", w->nr_nodes);
	json_add_number(o, "blocks", w->nr_blocks);
	json_object_object_add(o, "orders", json_orders(w));
	if (all) {
		json_object_object_add(o, "node-list", json_nodes(w));
		json_object_object_add(o, "block-list", json_blocks(w));
	}
	return o;
}

static struct json_object *json_parcels(struct wire *w, bool all)
{
	return wire_json_parcels(w);
}

static struct json_object *json_regions(struct wire *w, bool all)
{
	return wire_json_regions(w);
}

struct json_object *wire_json(struct wire *w, const char *section, bool all)
{
	static struct json_object *(*const make[])(struct wire *, bool) = {
		json_verdict, json_head,    json_chains,    json_fdts,
		json_module,  json_memmap,  json_metadata,  json_tree,
		json_parcels, json_regions, wire_json_kept,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(make); i++) {
		if (!strcmp(wire_sections[i], section))
			return make[i](w, all);
	}
	return NULL;
}

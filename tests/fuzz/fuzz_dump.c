// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a dump, with a checksum made right; then a good handover that the same bytes
 * damage. All of it is decoded.
 */
#define _GNU_SOURCE

#include <setjmp.h>

#include "cli/wire/dumpfile.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"
#include "cli/wire/wirepages.c"
#include "cli/wire/wiremarks.c"
#include "cli/base/printable.c"
#include "cli/wire/wireclients.c"
#include "cli/kept/records.c"
#include "cli/wire/wirekept.c"
#include "cli/base/output.c"
#include "cli/wire/wirejson.c"
#include "cli/wire/wire.c"
#include "handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct handover h;

static bool fetch(void *ctx, u64 phys, u8 *data)
{
	if (phys < HANDOVER_BASE + MAP_EXTENT_0 ||
	    phys >= HANDOVER_BASE + MAP_EXTENT_2_END)
		return false;
	memcpy(data, handover_at(&h, phys), KHO_PAGE_SIZE);
	return true;
}

static void decode(struct wire_pages *pages, u64 head_phys)
{
	struct wire w;
	size_t i;

	wire_read(&w, pages, head_phys);
	for (i = 0; wire_sections[i]; i++) {
		struct json_object *o = wire_json(&w, wire_sections[i], true);

		if (o && !json_object_to_json_string(o))
			abort();
		json_object_put(o);
	}
	wire_free(&w);
	wire_pages_free(pages);
}

/* The head is the input's, what follows it too, as far as it goes. */
static void decode_file(const u8 *data, size_t bytes)
{
	struct wire_pages pages = { 0 };
	struct dumpfile_head head;
	u8 *file;

	if (!dumpfile_parse(data, bytes, &head, &pages))
		decode(&pages, head.head_phys);
	if (bytes < sizeof(head))
		return;
	file = need(malloc(bytes));
	memcpy(file, data, bytes);
	memcpy(&head, file, sizeof(head));
	memcpy(head.magic, DUMPFILE_MAGIC, sizeof(head.magic));
	head.version = DUMPFILE_VERSION;
	head.page_bytes = PAGE_BYTES;
	head.crc = file_crc(head, file + sizeof(head), bytes - sizeof(head));
	memcpy(file, &head, sizeof(head));
	if (!dumpfile_parse(file, bytes, &head, &pages))
		decode(&pages, head.head_phys);
	free(file);
}

/* Each ten bytes change a word of the wire area, or of a node of the tree. */
static void damage(const u8 *data, size_t bytes)
{
	for (; bytes >= 11; data += 11, bytes -= 11) {
		u64 page = data[0] % 16, word = (data[1] | data[2] << 8) % 512;
		u64 value;

		memcpy(&value, data + 3, sizeof(value));
		page = page < KHO_WIRE_PAGES ?
			       h.head_phys + page * KHO_PAGE_SIZE :
			       HANDOVER_BASE + MAP_NODES +
				       (page - KHO_WIRE_PAGES) * KHO_PAGE_SIZE;
		((u64 *)handover_at(&h, page))[word] = value;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wire_pages pages = { .fetch = fetch };

	if (!h.va)
		handover_init(&h);
	decode_file(data, bytes);
	handover_clear(&h);
	handover_preserve(&h, HANDOVER_BASE + MAP_EXTENT_1, 3);
	handover_seal(&h);
	damage(data, bytes);
	if (bytes & 1) {
		handover_fix_module(&h);
		handover_fix_fdt(&h);
	}
	decode(&pages, h.head_phys);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* Files that kho dump --save writes. */
#include "cli/wire/dumpfile.h"

#include <errno.h>
#include <string.h>

#include "core/crc32c.h"
#include "cli/base/savefile.h"

static u32 file_crc(struct dumpfile_head head, const u8 *rest, size_t bytes)
{
	head.crc = 0;
	return kho_crc32c(kho_crc32c(0, &head, sizeof(head)), rest, bytes);
}

static const char *check_head(const struct dumpfile_head *head, const u8 *data,
			      size_t bytes)
{
	u64 rest = bytes - sizeof(*head);

	if (memcmp(head->magic, DUMPFILE_MAGIC, sizeof(head->magic)))
		return "is not a dump; `kho dump --save` writes one";
	if (head->version != DUMPFILE_VERSION)
		return "was written by a kho of another version";
	if (head->page_bytes != PAGE_BYTES)
		return "is of a machine with another page size";
	if (head->nr_pages > rest / (sizeof(u64) + PAGE_BYTES) ||
	    head->nr_pages * (sizeof(u64) + PAGE_BYTES) != rest)
		return "is damaged: its size is not what it says";
	if (head->crc != file_crc(*head, data + sizeof(*head), rest))
		return "is damaged: its checksum is wrong";
	return NULL;
}

const char *dumpfile_parse(const u8 *data, size_t bytes,
			   struct dumpfile_head *head, struct wire_pages *pages)
{
	const char *why;
	size_t i;

	if (bytes < sizeof(*head))
		return "is not a dump: it is too short";
	memcpy(head, data, sizeof(*head));
	why = check_head(head, data, bytes);
	if (why)
		return why;
	for (i = 0; i < head->nr_pages; i++) {
		const u8 *list = data + sizeof(*head);
		u64 phys;

		memcpy(&phys, list + i * sizeof(phys), sizeof(phys));
		if (wire_pages_add(pages, phys,
				   list + head->nr_pages * sizeof(phys) +
					   i * PAGE_BYTES))
			continue;
		wire_pages_free(pages);
		return "is damaged: a page is there twice, or not aligned";
	}
	return NULL;
}

int dumpfile_write(const char *path, u64 head_phys, bool incoming,
		   const struct wire_pages *pages)
{
	struct dumpfile_head head = {
		.version = DUMPFILE_VERSION,
		.page_bytes = PAGE_BYTES,
		.head_phys = head_phys,
		.nr_pages = pages->nr,
		.flags = incoming ? DUMPFILE_INCOMING : 0,
	};
	size_t i, bytes = sizeof(head) + pages->nr * (sizeof(u64) + PAGE_BYTES);
	u8 *file = need(calloc(1, bytes)), *list = file + sizeof(head);
	struct timespec now;
	int err;

	memcpy(head.magic, DUMPFILE_MAGIC, sizeof(head.magic));
	clock_gettime(CLOCK_REALTIME, &now);
	head.created_ns = (u64)now.tv_sec * 1000000000ULL + (u64)now.tv_nsec;
	for (i = 0; i < pages->nr; i++) {
		memcpy(list + i * sizeof(u64), &pages->page[i].phys,
		       sizeof(u64));
		memcpy(list + pages->nr * sizeof(u64) + i * PAGE_BYTES,
		       pages->page[i].data, PAGE_BYTES);
	}
	head.crc = file_crc(head, list, bytes - sizeof(head));
	memcpy(file, &head, sizeof(head));
	err = save_file(path, 0600, file, bytes);
	free(file);
	return err;
}

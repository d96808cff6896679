// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "bad.h"

#include "crc32c.h"

void kho_bad_add(struct kho_bad_ser *bad, u64 phys)
{
	u32 at = bad->nr_pages, last;

	while (at && bad->phys[at - 1] > phys)
		at--;
	if (at && bad->phys[at - 1] == phys)
		return;
	if (bad->nr_pages == KHO_MAX_BAD)
		bad->nr_more++;
	else
		bad->nr_pages++;
	if (at == KHO_MAX_BAD)
		return;
	last = bad->nr_pages - 1;
	memmove(&bad->phys[at + 1], &bad->phys[at],
		(last - at) * sizeof(bad->phys[0]));
	bad->phys[at] = phys;
}

static u32 sum(const struct kho_bad_ser *bad)
{
	u32 crc =
		kho_crc32c(0, bad->phys, bad->nr_pages * sizeof(bad->phys[0]));

	return kho_crc32c(crc, bad, offsetof(struct kho_bad_ser, crc));
}

void kho_bad_seal(struct kho_bad_ser *bad)
{
	bad->magic = KHO_BAD_MAGIC;
	bad->version = KHO_BAD_VERSION;
	bad->crc = sum(bad);
}

static int check_pages(const struct kho_bad_ser *bad, u64 phys,
		       struct kho_refusal *r)
{
	u64 before = 0;
	u32 i;

	for (i = 0; i < bad->nr_pages; i++) {
		/* The end of the last page there can be does not fit in 64 bits. */
		if (bad->phys[i] % KHO_PAGE_SIZE || bad->phys[i] <= before ||
		    bad->phys[i] > ~0ULL - KHO_PAGE_SIZE)
			return kho_refuse(r, -EBADMSG, "address of a page",
					  phys, bad->phys[i], 0);
		before = bad->phys[i];
	}
	return 0;
}

int kho_bad_check(const struct kho_bad_ser *bad, u64 phys, u64 bytes,
		  struct kho_refusal *r)
{
	u32 crc;

	if (!bad)
		return kho_refuse(r, -EBADMSG, "list is not preserved", phys, 0,
				  0);
	if (bytes != sizeof(*bad))
		return kho_refuse(r, -EBADMSG, "size", phys, bytes,
				  sizeof(*bad));
	if (bad->magic != KHO_BAD_MAGIC)
		return kho_refuse(r, -EBADMSG, "magic number", phys, bad->magic,
				  KHO_BAD_MAGIC);
	if (bad->version != KHO_BAD_VERSION)
		return kho_refuse(r, -EPROTONOSUPPORT, "version", phys,
				  bad->version, KHO_BAD_VERSION);
	if (!bad->nr_pages || bad->nr_pages > KHO_MAX_BAD)
		return kho_refuse(r, -EBADMSG, "number of pages", phys,
				  bad->nr_pages, KHO_MAX_BAD);
	crc = sum(bad);
	if (bad->crc != crc)
		return kho_refuse(r, -EBADMSG, "checksum", phys, bad->crc, crc);
	return check_pages(bad, phys, r);
}

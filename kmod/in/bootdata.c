// SPDX-License-Identifier: GPL-2.0
/*
 * The list of setup_data nodes this kernel was booted with. The head of the list is not exported
 * to modules; sysfs shows it.
 */

#include <linux/err.h>
#include <linux/io.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/*
 * Where the zero page (boot protocol) has boot_params.hdr.setup_data, and what follows. The
 * kernel's own header for it cannot be had beside ours: newer ones name a struct alike.
 */
#define BOOT_PARAMS_SETUP_DATA 0x250
/* What the log calls nodes of others. */
#define LOADER_NODE "a node of the boot loader"
/* More nodes than any boot loader makes, few enough to end a cycle quickly. */
#define MAX_NODES 1024

/* Reads the physical address of the first node, and the size of the kernel's image. */
static int read_setup_header(u64 *phys, u32 *image_bytes)
{
	struct {
		u64 setup_data;
		u64 pref_address;
		u32 init_size;
	} hdr;
	int ret =
		kho_boot_params_read(&hdr, sizeof(hdr), BOOT_PARAMS_SETUP_DATA);

	if (ret)
		return ret;
	*phys = hdr.setup_data;
	*image_bytes = hdr.init_size;
	return 0;
}

static void note_extent(struct kho_boot_list *list,
			const struct kho_setup_indirect *ind)
{
	struct kho_range *extent = &list->extent[list->nr_extents];

	if (list->nr_extents == KHO_MAX_EXTENTS)
		return;
	extent->start = ind->addr;
	extent->end = ind->addr + ind->len;
	/* Anything else is not ours, and rounding it could wrap. */
	if (extent->end > extent->start &&
	    PAGE_ALIGNED(extent->start | extent->end))
		list->nr_extents++;
}

/* A node that names other memory: extents of ours, or what a loader left. */
static int take_indirect(struct kho_boot_list *list, u64 phys,
			 const struct kho_setup_header *hdr)
{
	struct kho_setup_indirect ind;
	int ret = kho_phys_read(&ind, phys + sizeof(struct kho_setup_header),
				sizeof(ind));

	if (ret)
		return ret;
	if (ind.type == (KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE)) {
		note_extent(list, &ind);
		return 0;
	}
	ret = kho_stays_add(ind.addr, ind.addr + ind.len, LOADER_NODE);
	if (ret)
		return ret;
	return kho_stays_add(phys, phys + sizeof(*hdr) + hdr->len, LOADER_NODE);
}

/* The kernel reserves every node, whoever made it, and what it names. */
static int take_node(struct kho_boot_list *list, u64 phys,
		     const struct kho_setup_header *hdr)
{
	if (hdr->type == KHO_SETUP_DATA_TYPE) {
		if (!list->head_phys)
			list->head_phys = phys;
		return 0;
	}
	if (hdr->type == KHO_SETUP_INDIRECT &&
	    hdr->len >= sizeof(struct kho_setup_indirect))
		return take_indirect(list, phys, hdr);
	return kho_stays_add(phys, phys + sizeof(*hdr) + hdr->len, LOADER_NODE);
}

/**
 * kho_boot_list_read() - find what a previous kernel left in the list of setup_data nodes
 * @list: filled
 * @head_phys: physical address of the head node if it is known by other means, else 0
 *
 * This only finds; nothing is validated. What others left in the list is noted to stay. The
 * kernel has walked the same list while it booted, so that reading the nodes is safe.
 *
 * Context: may sleep.
 *
 * Return: 0 (also if there is nothing), -ELOOP if the list does not end, -E2BIG, or an error of
 * reading it.
 */
int kho_boot_list_read(struct kho_boot_list *list, u64 head_phys)
{
	struct kho_setup_header hdr;
	u64 phys = head_phys;
	unsigned int i;
	int ret;

	memset(list, 0, sizeof(*list));
	ret = head_phys ? 0 : read_setup_header(&phys, &list->image_bytes);
	for (i = 0; !ret && phys && i < MAX_NODES; i++, phys = hdr.next) {
		ret = kho_phys_read(&hdr, phys, sizeof(hdr));
		if (!ret)
			ret = take_node(list, phys, &hdr);
	}
	if (!ret && i == MAX_NODES)
		ret = -ELOOP;
	return ret;
}

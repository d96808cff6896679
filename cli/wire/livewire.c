// SPDX-License-Identifier: GPL-2.0
/* The handover that the running kernel holds. */
#include "cli/wire/livewire.h"

#include <errno.h>
#include <string.h>

#include "cli/base/dev.h"
#include "cli/image/sysinfo.h"

enum {
	TRIES = 8,
	NODES_OF_SETUP_DATA = 256,
};

u64 livewire_incoming_head(void)
{
	unsigned int i;

	for (i = 0; i < NODES_OF_SETUP_DATA; i++) {
		autofree char *tail = format("%u/type", i);
		autofree char *type = sysinfo_path(
			"/sys/kernel/boot_params/setup_data/", tail);
		autofree char *number = NULL, *data = NULL;
		struct kho_data payload;
		struct blob file;
		int err;

		if (read_file(type, 65536, &file))
			return 0;
		number = format("%.*s", (int)file.bytes, (char *)file.data);
		blob_free(&file);
		if (strtoull(number, NULL, 0) != KHO_SETUP_DATA_TYPE)
			continue;
		free(tail);
		tail = format("%u/data", i);
		data = sysinfo_path("/sys/kernel/boot_params/setup_data/",
				    tail);
		err = read_file(data, 65536, &file);
		if (err || file.bytes != sizeof(payload)) {
			blob_free(&file);
			return 0;
		}
		memcpy(&payload, file.data, sizeof(payload));
		blob_free(&file);
		/* The FDT is in the wire area, which is aligned to its size. */
		return payload.fdt_addr & ~(KHO_WIRE_PAGES * KHO_PAGE_SIZE - 1);
	}
	return 0;
}

static char *find_head(int dev, u64 *head)
{
	struct kho_ioctl_status st;

	*head = 0;
	if (dev < 0) {
		*head = livewire_incoming_head();
		return *head ? NULL :
			       format("the previous kernel left nothing (no setup_data of type %d in "
				      "/sys/kernel/boot_params).",
				      KHO_SETUP_DATA_TYPE);
	}
	if (dev_status(dev, &st))
		return format(
			"the kho module does not tell its state; use a tool and module of the same version.");
	*head = st.out_head_phys;
	if (*head)
		return NULL;
	if (st.flags & KHO_STATUS_ENABLED)
		return format(
			"the kho module is too old: it does not tell where its structures are.");
	return format(
		"the kho module is disabled, so nothing is preserved for the next kernel.");
}

char *livewire_read(struct livewire *l, int dev)
{
	unsigned int tries;
	u64 head;
	char *why;
	int err;

	*l = (struct livewire){ .kcore.fd = -1 };
	why = find_head(dev, &head);
	if (why)
		return why;
	err = kcore_open(&l->kcore, "/proc/kcore");
	if (err)
		return format(
			"/proc/kcore, through which memory is read, cannot be used (%s); it wants root, a kernel with CONFIG_PROC_KCORE, and no lockdown of confidentiality.",
			strerror(-err));
	for (tries = 0; tries < TRIES; tries++) {
		l->pages.fetch = kcore_page;
		l->pages.ctx = &l->kcore;
		wire_read(&l->wire, &l->pages, head);
		if (!l->wire.err || dev < 0 || tries + 1 == TRIES)
			break;
		wire_free(&l->wire);
		wire_pages_free(&l->pages);
	}
	return NULL;
}

void livewire_free(struct livewire *l)
{
	wire_free(&l->wire);
	wire_pages_free(&l->pages);
	kcore_close(&l->kcore);
}

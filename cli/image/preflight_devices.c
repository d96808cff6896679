// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers whose devices are known to survive a kexec badly, bound to a device now. The jump does
 * not reset hardware as firmware does; what is preserved is not touched by any of this. The list
 * is in kho(8) too.
 */
#include <dirent.h>
#include <string.h>

#include "cli/image/preflight.h"

struct fragile {
	const char *bus;
	const char *driver;
	const char *what;
	const char *todo;
};

#define GPU_WHAT                                                               \
	"graphics processors keep running their firmware through a kexec and " \
	"may not start again"
#define GPU_TODO \
	"try it on this machine before relying on it, or unload the driver before"
#define FC_WHAT \
	"fibre channel adapters that are not shut down may lose their storage"
#define FC_TODO "start the next kernel with `systemctl kexec`, not `kho exec`"

static const struct fragile list[] = {
	{ "pci", "amdgpu", GPU_WHAT, GPU_TODO },
	{ "pci", "nouveau", GPU_WHAT, GPU_TODO },
	{ "pci", "nvidia", GPU_WHAT, GPU_TODO },
	{ "pci", "radeon", GPU_WHAT, GPU_TODO },
	{ "pci", "lpfc", FC_WHAT, FC_TODO },
	{ "pci", "qla2xxx", FC_WHAT, FC_TODO },
	{ "pci", "vfio-pci",
	  "devices given to virtual machines are reset, and lose what the guest set up",
	  "shut the guests down, or detach the devices, before" },
};

/* A bound device is a link in the driver's directory; files there are attributes. */
static size_t bound_devices(const struct fragile *f)
{
	autofree char *tail = format("%s/drivers/%s", f->bus, f->driver);
	autofree char *path = sysinfo_path("/sys/bus/", tail);
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t nr = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		nr += entry->d_type == DT_LNK &&
		      strcmp(entry->d_name, "module");
	closedir(dir);
	return nr;
}

void preflight_devices(struct image *im)
{
	size_t i, nr, before = im->findings.nr;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		nr = bound_devices(&list[i]);
		if (nr)
			finding_note(&im->findings, "devices", list[i].todo,
				     "%s drives %zu device%s here: %s",
				     list[i].driver, nr, nr == 1 ? "" : "s",
				     list[i].what);
	}
	if (im->findings.nr == before)
		finding_ok(&im->findings, "devices",
			   "no device here is known to survive a kexec badly");
}

// SPDX-License-Identifier: GPL-2.0
/* Whose image is loaded? */
#include "cli/image/loaded.h"

#include "cli/image/sysinfo.h"

enum loaded_image loaded_image(const struct kho_ioctl_status *st)
{
	int loaded = sysinfo_kexec_loaded();
	bool ours = st->flags & KHO_STATUS_IMAGE_LOADED;

	if (!loaded)
		return ours ? LOADED_GONE : LOADED_NONE;
	if (st->flags & KHO_STATUS_FOREIGN_IMAGE || (loaded > 0 && !ours))
		return LOADED_FOREIGN;
	if (st->flags & KHO_STATUS_STALE_IMAGE)
		return LOADED_STALE;
	return ours ? LOADED_OURS : LOADED_NONE;
}

// SPDX-License-Identifier: GPL-2.0
/* What this process may do. */
#include "cli/base/capability.h"

#include <unistd.h>
#include <sys/syscall.h>
#include <linux/capability.h>

bool capability_have(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[capability / 32].effective & (1U << capability % 32);
}

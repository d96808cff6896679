// SPDX-License-Identifier: GPL-2.0
/* What the kernel has logged. */
#include "cli/base/klog.h"

#include <string.h>
#include <sys/klog.h>

#include "cli/base/util.h"

/* Actions of syslog(2). */
enum { READ_ALL = 3, SIZE_BUFFER = 10 };

bool klog_has(const char *text)
{
	autofree char *log = NULL;
	int room = klogctl(SIZE_BUFFER, NULL, 0), n;

	if (room <= 0)
		return false;
	log = need(malloc((size_t)room));
	n = klogctl(READ_ALL, log, room);
	return n > 0 && memmem(log, (size_t)n, text, strlen(text));
}

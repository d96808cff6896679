/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that nobody serves, for programs of tests/vm and tests/luo. */
#ifndef KHO_TESTS_UNSERVED_PAGE_H
#define KHO_TESTS_UNSERVED_PAGE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

/*
 * A page that nobody ever serves: whoever touches it waits for ever, or until UFFDIO_ZEROPAGE
 * on @uffd. Return: NULL with errno set on failure.
 */
static inline void *unserved_page_make(int *uffd, size_t bytes)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)page;
	reg.range.len = bytes;
	if (*uffd < 0 || page == MAP_FAILED || ioctl(*uffd, UFFDIO_API, &api) ||
	    ioctl(*uffd, UFFDIO_REGISTER, &reg))
		return NULL;
	return page;
}

#endif /* KHO_TESTS_UNSERVED_PAGE_H */

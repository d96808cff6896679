// SPDX-License-Identifier: GPL-2.0
/* Physical memory, through /proc/kcore. */
#include "cli/wire/kcore.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int read_at(int fd, void *to, size_t bytes, u64 offset)
{
	ssize_t n = pread(fd, to, bytes, (off_t)offset);

	if (n < 0)
		return -errno;
	return (size_t)n == bytes ? 0 : -ENODATA;
}

static int read_segments(struct kcore *k)
{
	autofree Elf64_Phdr *segment = NULL;
	Elf64_Ehdr head;
	size_t i;
	int err = read_at(k->fd, &head, sizeof(head), 0);

	if (err)
		return err;
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(*segment))
		return -EBADMSG;
	segment = need(calloc(head.e_phnum + 1U, sizeof(*segment)));
	err = read_at(k->fd, segment, head.e_phnum * sizeof(*segment),
		      head.e_phoff);
	if (err)
		return err;
	k->range = need(calloc(head.e_phnum + 1U, sizeof(*k->range)));
	for (i = 0; i < head.e_phnum; i++) {
		/* An address of all ones is said of what is no RAM. */
		if (segment[i].p_type == PT_LOAD &&
		    segment[i].p_paddr != ~0ULL && segment[i].p_filesz)
			k->range[k->nr++] =
				(struct kcore_range){ segment[i].p_paddr,
						      segment[i].p_filesz,
						      segment[i].p_offset };
	}
	return k->nr ? 0 : -EBADMSG;
}

int kcore_open(struct kcore *k, const char *path)
{
	int err;

	*k = (struct kcore){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (k->fd < 0)
		return -errno;
	err = read_segments(k);
	if (err)
		kcore_close(k);
	return err;
}

bool kcore_page(void *kcore, u64 phys, u8 *data)
{
	struct kcore *k = kcore;
	size_t i;

	for (i = 0; i < k->nr; i++) {
		const struct kcore_range *r = &k->range[i];

		if (phys >= r->phys && r->bytes >= PAGE_BYTES &&
		    phys - r->phys <= r->bytes - PAGE_BYTES &&
		    !read_at(k->fd, data, PAGE_BYTES,
			     r->offset + (phys - r->phys)))
			return true;
	}
	return false;
}

void kcore_close(struct kcore *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k->range);
	*k = (struct kcore){ .fd = -1 };
}

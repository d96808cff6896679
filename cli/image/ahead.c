// SPDX-License-Identifier: GPL-2.0
/* The kernel inside a bzImage, made ready to run. */
#include "cli/image/ahead.h"

#include <errno.h>
#include <string.h>

#include "cli/image/decompress.h"
#include "cli/image/kaslr.h"
#include "cli/image/vmlinux.h"

#define NO_MEMORY "there is no memory for its unpacked kernel"

/**
 * struct unpacked - what a payload becomes
 * @data: to be freed
 * @bytes: how many there are so far
 * @room: how many the file says that there will be
 */
struct unpacked {
	u8 *data;
	size_t bytes;
	size_t room;
};

static bool take(void *ctx, const u8 *data, size_t bytes)
{
	struct unpacked *u = ctx;

	memcpy(u->data + u->bytes, data, bytes);
	u->bytes += bytes;
	return true;
}

/*
 * What the file says: the last word of the payload, whatever its format. bzimage_parse() leaves
 * that word out but for gzip, where it is a part of the format. It has to fit into the memory
 * that the kernel asks for. Return: 0 if it does not.
 */
static size_t declared(const struct bzimage *bz, const u8 *file)
{
	const u8 *payload = file + bz->payload_offset;
	size_t end = bz->payload_bytes;
	u32 bytes;

	if (compression_of(payload, end) == COMPRESSION_GZIP)
		end -= 4;
	else if (bz->code_offset + bz->code_bytes - bz->payload_offset <
		 end + 4)
		return 0;
	bytes = le32(payload + end);
	return bytes <= bz->init_bytes ? bytes : 0;
}

u64 ahead_bytes(const struct bzimage *bz, const u8 *file)
{
	u64 bytes = declared(bz, file);

	return bytes ? bytes + round_up_to(bz->init_bytes, VMLINUX_ALIGN) : 0;
}

static const char *unpack(struct ahead *a, struct unpacked *u,
			  const struct bzimage *bz, const u8 *file)
{
	struct sink sink = { take, u };
	size_t used;
	int err;

	u->room = declared(bz, file);
	if (!u->room)
		return "it says an impossible length of its unpacked kernel";
	u->data = malloc(u->room);
	if (!u->data)
		return NO_MEMORY;
	err = decompress(file + bz->payload_offset, bz->payload_bytes, u->room,
			 &sink, &used);
	a->damaged = err == -EBADMSG || err == -ENODATA || err == -EFBIG ||
		     (!err && u->bytes != u->room);
	if (err == -EFBIG || (!err && u->bytes != u->room))
		return "its kernel has another length than it says";
	return err ? decompress_explain(err) : NULL;
}

/* Where boot code looks for an address, it has all that it unpacks there at first. */
static u64 bytes_at_first(const struct vmlinux *v)
{
	u64 bytes = round_up_to(v->bytes, VMLINUX_ALIGN);

	return bytes > v->memory_bytes ? bytes : v->memory_bytes;
}

/* One that has no list of places runs at one address only, also by itself. */
static const char *choose(const struct vmlinux *v, const struct bzimage *bz,
			  u64 *distance)
{
	u64 slot, nr = kaslr_virtual_slots(v->linked_phys, bz->align,
					   bytes_at_first(v));

	if (kaslr_below(nr, &slot))
		return "this kernel gives no random bytes, and it is to run at a random address";
	*distance = slot * bz->align;
	return NULL;
}

static const char *build(struct ahead *a, const struct vmlinux *v,
			 const struct bzimage *bz, bool kaslr)
{
	u64 distance = 0;
	const char *why;

	kaslr &= v->nr_relocs != 0;
	why = kaslr ? choose(v, bz, &distance) : NULL;
	if (why)
		return why;
	a->image = calloc(1, v->memory_bytes);
	if (!a->image)
		return NO_MEMORY;
	vmlinux_place(v, a->image);
	vmlinux_relocate(v, a->image, distance);
	a->image_bytes = v->image_bytes;
	a->memory_bytes = v->memory_bytes;
	a->entry = v->entry;
	a->align = bz->align;
	a->kaslr = kaslr;
	return NULL;
}

const char *ahead_unpack(struct ahead *a, const struct bzimage *bz,
			 const u8 *file, bool kaslr)
{
	struct unpacked u = { 0 };
	struct vmlinux v;
	const char *why;

	*a = (struct ahead){ 0 };
	if (bz->align % VMLINUX_ALIGN || bz->preferred_phys % bz->align)
		return "its alignment is not known";
	why = unpack(a, &u, bz, file);
	if (!why)
		why = vmlinux_parse(&v, u.data, u.bytes, bz->preferred_phys,
				    bz->init_bytes);
	if (!why)
		why = build(a, &v, bz, kaslr);
	free(u.data);
	return why;
}

void ahead_free(struct ahead *a)
{
	free(a->image);
	*a = (struct ahead){ 0 };
}

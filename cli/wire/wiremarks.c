// SPDX-License-Identifier: GPL-2.0
/* A set of blocks by their addresses. */
#include "cli/wire/wiremarks.h"

/* Frame number of the block in the upper bits, its mark in the lower eight; 0 is empty. */
struct wire_marks {
	u64 *slot;
	size_t slots; /* a power of two */
	size_t nr;
};

enum { FIRST_SLOTS = 1024 };

struct wire_marks *wire_marks_create(void)
{
	struct wire_marks *m = need(calloc(1, sizeof(*m)));

	m->slots = FIRST_SLOTS;
	m->slot = need(calloc(m->slots, sizeof(*m->slot)));
	return m;
}

void wire_marks_destroy(struct wire_marks *m)
{
	if (m)
		free(m->slot);
	free(m);
}

static u64 *marks_find(const struct wire_marks *m, u64 frame)
{
	size_t i = (size_t)(frame * 0x9e3779b97f4a7c15ULL >> 20);

	for (;; i++) {
		u64 *slot = &m->slot[i & (m->slots - 1)];

		if (!*slot || *slot >> 8 == frame)
			return slot;
	}
}

static void marks_grow(struct wire_marks *m)
{
	struct wire_marks old = *m;
	size_t i;

	m->slots *= 2;
	m->slot = need(calloc(m->slots, sizeof(*m->slot)));
	for (i = 0; i < old.slots; i++) {
		if (old.slot[i])
			*marks_find(m, old.slot[i] >> 8) = old.slot[i];
	}
	free(old.slot);
}

bool wire_marks_add(struct wire_marks *m, u64 phys, u32 order)
{
	u64 *slot = marks_find(m, phys / PAGE_BYTES);

	if (*slot)
		return false;
	*slot = phys / PAGE_BYTES << 8 | kho_mark_of(order).bits;
	if (++m->nr > m->slots / 2)
		marks_grow(m);
	return true;
}

struct kho_mark wire_marks_at(const struct wire_marks *m, u64 phys)
{
	return kho_mark_stored(*marks_find(m, phys / PAGE_BYTES) & 0xff);
}

// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "testmem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void test_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static void *map_or_die(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		test_die("testmem: cannot map %zu bytes", bytes);
	return p;
}

void testmem_init(struct testmem *m, u64 phys, u64 nr_pages)
{
	if (phys % KHO_PAGE_SIZE || !nr_pages || nr_pages > UINT32_MAX)
		test_die("testmem: impossible memory");
	memset(m, 0, sizeof(*m));
	m->va = map_or_die(nr_pages * KHO_PAGE_SIZE);
	m->population = map_or_die(nr_pages * sizeof(*m->population));
	m->used = map_or_die(nr_pages);
	m->free = map_or_die(nr_pages * sizeof(*m->free));
	m->phys = phys;
	m->nr_pages = nr_pages;
}

void testmem_reset(struct testmem *m)
{
	if (m->nr_used)
		test_die("testmem: %llu pages leaked",
			 (unsigned long long)m->nr_used);
	m->nr_free = 0;
	m->nr_touched = 0;
	testmem_fail_at(m, 0, false);
}

void testmem_exit(struct testmem *m)
{
	testmem_reset(m);
	munmap(m->va, m->nr_pages * KHO_PAGE_SIZE);
	munmap(m->population, m->nr_pages * sizeof(*m->population));
	munmap(m->used, m->nr_pages);
	munmap(m->free, m->nr_pages * sizeof(*m->free));
	memset(m, 0, sizeof(*m));
}

static bool must_fail(const struct testmem *m)
{
	if (!m->fail_at)
		return false;
	return m->nr_calls == m->fail_at ||
	       (m->fail_on && m->nr_calls > m->fail_at);
}

void *testmem_alloc(void *ctx)
{
	struct testmem *m = ctx;
	u32 nr;

	m->nr_calls++;
	if (must_fail(m) || m->nr_used == m->nr_pages)
		return NULL;
	nr = m->nr_free ? m->free[--m->nr_free] : (u32)m->nr_touched++;
	m->used[nr] = 1;
	m->nr_used++;
	return m->va + nr * KHO_PAGE_SIZE;
}

/* Number of an allocated page; everything else is fatal. */
static u64 page_nr(const struct testmem *m, const void *page)
{
	u64 offset = (u64)((const u8 *)page - m->va);

	if (offset >= m->nr_pages * KHO_PAGE_SIZE || offset % KHO_PAGE_SIZE ||
	    !m->used[offset / KHO_PAGE_SIZE])
		test_die("testmem: %p is not an allocated page", page);
	return offset / KHO_PAGE_SIZE;
}

static bool page_is_zero(const void *page)
{
	const u64 *word = page;
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < KHO_PAGE_SIZE / sizeof(*word); i++)
		sum |= word[i];
	return !sum;
}

static void put_page(struct testmem *m, u64 nr)
{
	m->used[nr] = 0;
	m->nr_used--;
	m->free[m->nr_free++] = (u32)nr;
}

void testmem_free(void *ctx, void *page)
{
	struct testmem *m = ctx;
	u64 nr = page_nr(m, page);

	if (!page_is_zero(page))
		test_die("testmem: page %p handed back with contents", page);
	if (m->population[nr])
		test_die("testmem: page %p handed back populated", page);
	put_page(m, nr);
}

void testmem_free_dirty(struct testmem *m, void *page)
{
	u64 nr = page_nr(m, page);

	memset(page, 0, KHO_PAGE_SIZE);
	m->population[nr] = 0;
	put_page(m, nr);
}

unsigned long *testmem_population(void *ctx, void *page)
{
	struct testmem *m = ctx;

	return &m->population[page_nr(m, page)];
}

void testmem_fail_at(struct testmem *m, u64 n, bool on)
{
	m->nr_calls = 0;
	m->fail_at = n;
	m->fail_on = on;
}

u64 testmem_phys(const struct testmem *m, const void *va)
{
	return m->phys + (u64)((const u8 *)va - m->va);
}

void *testmem_page(const struct testmem *m, u64 phys)
{
	u64 nr = (phys - m->phys) / KHO_PAGE_SIZE;

	if (phys < m->phys || phys % KHO_PAGE_SIZE || nr >= m->nr_pages ||
	    !m->used[nr])
		return NULL;
	return m->va + nr * KHO_PAGE_SIZE;
}

struct kho_tracker_ops testmem_tracker_ops(struct testmem *m)
{
	return (struct kho_tracker_ops){
		.node_alloc = testmem_alloc,
		.node_free = testmem_free,
		.node_population = testmem_population,
		.ctx = m,
		.va_offset = (u64)(uintptr_t)m->va - m->phys,
	};
}

u64 testrand_next(struct testrand *r)
{
	return kho_mix64(r->state += 0x9e3779b97f4a7c15ULL);
}

u64 testrand_below(struct testrand *r, u64 bound)
{
	return testrand_next(r) % bound;
}

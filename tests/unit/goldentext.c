// SPDX-License-Identifier: GPL-2.0
#include "goldentext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PFN_BITS = 52, PAGE_BITS = 12 };

static bool wrong(struct golden *g, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(g->why, sizeof(g->why), fmt, args);
	va_end(args);
	return false;
}

struct golden_page *golden_find(struct golden *g, const char *name)
{
	unsigned int i;

	for (i = 0; i < g->nr; i++)
		if (!strcmp(g->page[i].name, name))
			return &g->page[i];
	return NULL;
}

/* ------------------------------------------------------------------------------ from a text */

static void put(uint8_t *to, uint64_t number, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		to[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t *from)
{
	uint64_t number = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		number |= (uint64_t)from[i] << 8 * i;
	return number;
}

static bool add_link(struct golden_page *page, unsigned int at, const char *to,
		     bool is_pfn, uint64_t flags)
{
	struct golden_link *link = &page->link[page->nr_links];

	if (page->nr_links == GOLDEN_LINKS || at > GOLDEN_PAGE - 8)
		return false;
	page->nr_links++;
	link->at = at;
	link->is_pfn = is_pfn;
	link->flags = flags;
	return snprintf(link->to, sizeof(link->to), "%s", to) < GOLDEN_NAME;
}

static bool add_field(struct golden_page *page, char *word[4], int nr)
{
	unsigned long at = strtoul(word[0], NULL, 0);
	uint64_t number = strtoull(word[nr - 1], NULL, 0);
	unsigned int bytes;

	if (at >= GOLDEN_PAGE)
		return false;
	if (!strcmp(word[1], "pfn"))
		return nr == 4 && add_link(page, at, word[2], true, number);
	if (nr != 3)
		return false;
	if (!strcmp(word[1], "addr"))
		return add_link(page, at, word[2], false, 0);
	if (!strcmp(word[1], "text")) {
		bytes = strlen(word[2]);
		if (at + bytes > GOLDEN_PAGE)
			return false;
		memcpy(page->data + at, word[2], bytes);
		return true;
	}
	bytes = !strcmp(word[1], "u16") ? 2 :
		!strcmp(word[1], "u32") ? 4 :
		!strcmp(word[1], "u64") ? 8 :
					  0;
	if (!bytes || at + bytes > GOLDEN_PAGE || number >> (8 * bytes - 1) > 1)
		return false;
	put(page->data + at, number, bytes);
	return true;
}

static bool add_page(struct golden *g, const char *name)
{
	struct golden_page *page = &g->page[g->nr];

	if (g->nr == GOLDEN_PAGES || golden_find(g, name))
		return false;
	g->nr++;
	return snprintf(page->name, sizeof(page->name), "%s", name) <
	       GOLDEN_NAME;
}

static bool add_line(struct golden *g, char *line)
{
	char *word[5] = { NULL }, *rest = NULL;
	int nr = 0;

	if (*line == '#')
		return true;
	for (char *w = strtok_r(line, "\n ", &rest); w && nr < 5;
	     w = strtok_r(NULL, "\n ", &rest))
		word[nr++] = w;
	if (nr == 2 && !strcmp(word[0], "page"))
		return add_page(g, word[1]);
	if (nr == 0)
		return true;
	return nr >= 3 && nr <= 4 && g->nr &&
	       add_field(&g->page[g->nr - 1], word, nr);
}

static bool links_lead_somewhere(struct golden *g)
{
	unsigned int i, j;

	for (i = 0; i < g->nr; i++)
		for (j = 0; j < g->page[i].nr_links; j++)
			if (!golden_find(g, g->page[i].link[j].to))
				return wrong(g, "there is no page %s",
					     g->page[i].link[j].to);
	return true;
}

bool golden_read(struct golden *g, const char *path)
{
	FILE *f = fopen(path, "r");
	bool good = true;
	char line[256];
	int nr = 0;

	memset(g, 0, sizeof(*g));
	if (!f)
		return wrong(g, "%s cannot be opened", path);
	while (good && fgets(line, sizeof(line), f)) {
		nr++;
		good = add_line(g, line);
	}
	fclose(f);
	return good ? links_lead_somewhere(g) :
		      wrong(g, "%s:%d is not understood", path, nr);
}

/* --------------------------------------------------------------------------------- to bytes */

void golden_bytes(struct golden *g, const struct golden_page *page,
		  uint8_t data[GOLDEN_PAGE])
{
	unsigned int i;

	memcpy(data, page->data, GOLDEN_PAGE);
	for (i = 0; i < page->nr_links; i++) {
		const struct golden_link *link = &page->link[i];
		uint64_t phys = golden_find(g, link->to)->phys;

		put(data + link->at,
		    link->is_pfn ? phys >> PAGE_BITS | link->flags << PFN_BITS :
				   phys,
		    8);
	}
}

/* ------------------------------------------------------------------------------- comparison */

/* Takes note of where a page lies that memory has a link to. */
static bool follow(struct golden *g, const struct golden_page *page,
		   const struct golden_link *link, uint64_t value)
{
	struct golden_page *to = golden_find(g, link->to);
	uint64_t phys = link->is_pfn ? value << PAGE_BITS : value;

	/* What is wrong with it shows when bytes are compared, or when the page is. */
	if (!to->phys)
		to->phys = phys;
	if (!to->phys)
		return wrong(g, "page %s: no link to %s at %#x", page->name,
			     to->name, link->at);
	return true;
}

static bool compare_page(struct golden *g, struct golden_page *page,
			 const uint8_t *found)
{
	uint8_t wanted[GOLDEN_PAGE];
	unsigned int i;

	for (i = 0; i < page->nr_links; i++)
		if (!follow(g, page, &page->link[i],
			    get(found + page->link[i].at)))
			return false;
	golden_bytes(g, page, wanted);
	for (i = 0; i < GOLDEN_PAGE; i++) {
		unsigned int at = i & ~7U;

		if (found[i] != wanted[i])
			return wrong(g,
				     "page %s (%#" PRIx64 ") at %#x: %#" PRIx64
				     ", not %#" PRIx64,
				     page->name, page->phys, at,
				     get(found + at), get(wanted + at));
	}
	page->compared = true;
	return true;
}

static struct golden_page *next_page(struct golden *g)
{
	unsigned int i;

	for (i = 0; i < g->nr; i++)
		if (g->page[i].phys && !g->page[i].compared)
			return &g->page[i];
	return NULL;
}

bool golden_compare(struct golden *g, const char *name, uint64_t phys,
		    bool (*fetch)(void *ctx, uint64_t phys, uint8_t *data),
		    void *ctx)
{
	struct golden_page *page = golden_find(g, name);
	uint8_t data[GOLDEN_PAGE];
	unsigned int i;

	if (!page)
		return wrong(g, "there is no page %s", name);
	for (i = 0; i < g->nr; i++) {
		g->page[i].phys = 0;
		g->page[i].compared = false;
	}
	page->phys = phys;
	while ((page = next_page(g))) {
		if (page->phys % GOLDEN_PAGE || !fetch(ctx, page->phys, data))
			return wrong(g, "page %s cannot be read at %#" PRIx64,
				     page->name, page->phys);
		if (!compare_page(g, page, data))
			return false;
	}
	for (i = 0; i < g->nr; i++)
		if (!g->page[i].compared)
			return wrong(g, "nothing leads to page %s",
				     g->page[i].name);
	return true;
}

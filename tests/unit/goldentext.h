/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of the wire, written down as text (tests/golden/luo.txt tells how): made into bytes, or
 * compared with memory in which they may lie anywhere.
 */
#ifndef KHO_TESTS_GOLDENTEXT_H
#define KHO_TESTS_GOLDENTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GOLDEN_PAGE = 4096,
	GOLDEN_PAGES = 32,
	GOLDEN_LINKS = 8,
	GOLDEN_NAME = 32,
};

/**
 * struct golden_link - a field that names another page
 * @at: offset of the field
 * @to: name of the page
 * @is_pfn: it is a frame number with flags, not an address
 * @flags: bits 52 and up
 */
struct golden_link {
	unsigned int at;
	char to[GOLDEN_NAME];
	bool is_pfn;
	uint64_t flags;
};

/**
 * struct golden_page - a page
 * @name: its name in the text
 * @phys: where it lies, 0 if that is not known yet
 * @data: its bytes; links are 0
 * @link: links to other pages
 * @nr_links: how many
 * @compared: it was found in memory, and is as it should be
 */
struct golden_page {
	char name[GOLDEN_NAME];
	uint64_t phys;
	uint8_t data[GOLDEN_PAGE];
	struct golden_link link[GOLDEN_LINKS];
	unsigned int nr_links;
	bool compared;
};

/**
 * struct golden - a text
 * @page: its pages
 * @nr: how many
 * @why: what is wrong, for people; empty if nothing is
 */
struct golden {
	struct golden_page page[GOLDEN_PAGES];
	unsigned int nr;
	char why[256];
};

/* Reads a text. Return: whether all of it is understood and all links lead somewhere. */
bool golden_read(struct golden *g, const char *path);

/* NULL if there is none of this name. */
struct golden_page *golden_find(struct golden *g, const char *name);

/* The bytes of a page, all of whose links lead to pages with an address. */
void golden_bytes(struct golden *g, const struct golden_page *page,
		  uint8_t data[GOLDEN_PAGE]);

/**
 * golden_compare() - compare all pages with memory
 * @g: the text
 * @name: the page to begin with; from it all others can be reached
 * @phys: where that lies
 * @fetch: reads a page of memory
 * @ctx: passed to it
 *
 * Return: whether every byte is as it should be.
 */
bool golden_compare(struct golden *g, const char *name, uint64_t phys,
		    bool (*fetch)(void *ctx, uint64_t phys, uint8_t *data),
		    void *ctx);

#endif /* KHO_TESTS_GOLDENTEXT_H */

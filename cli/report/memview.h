/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What physical memory is used for, for a picture of it.
 */
#ifndef KHO_CLI_MEMVIEW_H
#define KHO_CLI_MEMVIEW_H

#include "cli/image/memmap.h"
#include "cli/base/util.h"

enum memview_kind {
	MEMVIEW_RAM,
	MEMVIEW_EXTENT, /* what the next kernel will reserve, preserved or not */
	MEMVIEW_PRESERVED,
	MEMVIEW_SCRATCH,
	MEMVIEW_INCOMING, /* came in, and nobody has claimed it */
	MEMVIEW_KEPT, /* files of kept trees: preserved, too */
	MEMVIEW_KINDS
};

/**
 * struct memview - memory
 * @kind: ranges of each kind; ascending, neither overlapping nor adjacent once finished
 * @title: whose memory, for people
 */
struct memview {
	struct memmap kind[MEMVIEW_KINDS];
	char *title;
};

/**
 * struct memview_cell - what lies in a part of memory
 * @bytes: of each kind; those of MEMVIEW_EXTENT without what is preserved, and those of
 *         MEMVIEW_PRESERVED without what is in files of kept trees
 */
struct memview_cell {
	u64 bytes[MEMVIEW_KINDS];
};

/**
 * struct memview_rows - how memory is cut into rows of a picture
 * @row_bytes: length of a row, a power of two
 * @start: where each row starts; rows without RAM are left out
 * @nr: how many
 */
struct memview_rows {
	u64 row_bytes;
	u64 *start;
	size_t nr;
};

void memview_add(struct memview *v, enum memview_kind kind, u64 start, u64 end);
/* Sort and join what was added. */
void memview_finish(struct memview *v);
void memview_free(struct memview *v);

/* Bytes of one kind in [start, end). */
u64 memview_bytes(const struct memview *v, enum memview_kind kind, u64 start,
		  u64 end);
void memview_cell(const struct memview *v, u64 start, u64 end,
		  struct memview_cell *cell);

/**
 * memview_cell_kind() - what a cell is shown as: the rarest that is in it
 * @cell: cell
 *
 * Return: kind, or MEMVIEW_KINDS if there is nothing in it.
 */
enum memview_kind memview_cell_kind(const struct memview_cell *cell);

/**
 * memview_cut() - cut memory into rows
 * @v: finished
 * @most: most rows, at least 2
 * @least_bytes: shortest length of a row, a power of two
 * @rows: filled; @start is to be freed
 */
void memview_cut(const struct memview *v, size_t most, u64 least_bytes,
		 struct memview_rows *rows);

/* What a kind is called, and a sentence about how much there is of it; to be freed. */
const char *memview_name(enum memview_kind kind);
char *memview_summary(const struct memview *v, enum memview_kind kind);

/**
 * memview_print() - draw on the terminal
 * @v: finished
 * @width: columns of the terminal
 * @unicode: block characters can be shown
 * @color: colours can be shown
 */
void memview_print(const struct memview *v, unsigned int width, bool unicode,
		   bool color);

/* The picture as SVG; to be freed. */
char *memview_svg(const struct memview *v);

#endif /* KHO_CLI_MEMVIEW_H */

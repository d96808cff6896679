// SPDX-License-Identifier: GPL-2.0
/* The map of memory on a terminal: a character for each cell, rows of equal length. */
#include <string.h>

#include "cli/report/memview.h"

enum {
	ROWS_MOST = 24,
	LABEL = 12, /* columns before a row */
	CELLS_LEAST = 16,
	CELLS_MOST = 256,
};

/* Shortest row that says anything. */
#define ROW_LEAST (1ULL << 20)

enum share { WHOLE, PART, TRACE, SHARES };

/* How a cell looks: by its kind, and by how much of it is of that kind. */
struct look {
	const char *unicode[SHARES];
	const char *ascii[SHARES];
	const char *color;
};

static const struct look look[] = {
	[MEMVIEW_RAM] = { { "·", "·", "·" }, { ".", ".", "." }, "\033[2m" },
	[MEMVIEW_EXTENT] = { { "░", "░", "░" }, { "-", "-", "-" }, "\033[33m" },
	[MEMVIEW_PRESERVED] = { { "█", "▓", "▪" },
				{ "#", "+", "," },
				"\033[32m" },
	[MEMVIEW_SCRATCH] = { { "▒", "▒", "▒" }, { "S", "S", "S" }, "\033[34m" },
	[MEMVIEW_INCOMING] = { { "▌", "▎", "▏" },
			       { "I", "I", "i" },
			       "\033[35m" },
	[MEMVIEW_KEPT] = { { "▙", "▚", "▖" }, { "K", "k", "k" }, "\033[36m" },
	[MEMVIEW_KINDS] = { { " ", " ", " " }, { " ", " ", " " }, "" },
};

static enum share share_of(const struct memview_cell *cell,
			   enum memview_kind kind, u64 cell_bytes)
{
	u64 bytes = kind == MEMVIEW_KINDS ? 0 : cell->bytes[kind];

	if (bytes >= cell_bytes - cell_bytes / 8)
		return WHOLE;
	return bytes >= cell_bytes / 8 ? PART : TRACE;
}

static const char *glyph(enum memview_kind kind, enum share share, bool unicode)
{
	return unicode ? look[kind].unicode[share] : look[kind].ascii[share];
}

static void put_glyph(const char *text, enum memview_kind kind, bool color)
{
	if (color && *look[kind].color)
		printf("%s%s\033[0m", look[kind].color, text);
	else
		fputs(text, stdout);
}

static void print_row(const struct memview *v, u64 start, u64 cell_bytes,
		      u64 cells, bool unicode, bool color)
{
	char label[32];
	u64 i;

	printf("%*s ", LABEL - 1,
	       start ? human_bytes(start, label, sizeof(label)) : "0");
	for (i = 0; i < cells; i++) {
		u64 from = start + i * cell_bytes;
		struct memview_cell cell;
		enum memview_kind kind;

		memview_cell(v, from, from + cell_bytes, &cell);
		kind = memview_cell_kind(&cell);
		put_glyph(glyph(kind, share_of(&cell, kind, cell_bytes),
				unicode),
			  kind, color);
	}
	putchar('\n');
}

/* The characters of a kind, each once. */
static void put_key(enum memview_kind kind, bool unicode, bool color)
{
	const char *before = "";
	size_t i, nr = 0;

	for (i = 0; i < SHARES; i++) {
		const char *text = glyph(kind, i, unicode);

		if (!strcmp(text, before))
			continue;
		put_glyph(text, kind, color);
		before = text;
		nr++;
	}
	printf("%*s", (int)(SHARES - nr), "");
}

static void print_legend(const struct memview *v, bool unicode, bool color)
{
	static const enum memview_kind order[] = {
		MEMVIEW_PRESERVED, MEMVIEW_KEPT,     MEMVIEW_EXTENT,
		MEMVIEW_SCRATCH,   MEMVIEW_INCOMING, MEMVIEW_RAM
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++) {
		autofree char *summary = NULL;
		enum memview_kind kind = order[i];

		if (!v->kind[kind].nr)
			continue;
		summary = memview_summary(v, kind);
		put_key(kind, unicode, color);
		printf(" %-10s %s\n", memview_name(kind), summary);
	}
}

/* The most cells of a power of two that fit: then each has a round size. */
static u64 cells_that_fit(unsigned int width)
{
	u64 cells = CELLS_LEAST;

	while (cells < CELLS_MOST && 2 * cells + LABEL <= width)
		cells *= 2;
	return cells;
}

void memview_print(const struct memview *v, unsigned int width, bool unicode,
		   bool color)
{
	u64 cells = cells_that_fit(width);
	struct memview_rows rows;
	char a[32], b[32], c[32];
	size_t i;

	memview_cut(v, ROWS_MOST, ROW_LEAST, &rows);
	printf("%s\n", v->title);
	printf("%*s %s a row, %s a character\n\n", LABEL - 1, "address",
	       human_bytes(rows.row_bytes, a, sizeof(a)),
	       human_bytes(rows.row_bytes / cells, b, sizeof(b)));
	for (i = 0; i < rows.nr; i++) {
		u64 before = i ? rows.start[i - 1] + rows.row_bytes : 0;

		if (rows.start[i] > before)
			printf("%*s (%s without RAM)\n", LABEL - 1, "",
			       human_bytes(rows.start[i] - before, c,
					   sizeof(c)));
		print_row(v, rows.start[i], rows.row_bytes / cells, cells,
			  unicode, color);
	}
	putchar('\n');
	print_legend(v, unicode, color);
	free(rows.start);
}

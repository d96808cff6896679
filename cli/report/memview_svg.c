// SPDX-License-Identifier: GPL-2.0
/* The map of memory as a picture, exact to half a pixel. */
#include <string.h>

#include "cli/report/memview.h"

enum {
	ROWS_MOST = 32,
	LEFT = 96,
	TOP = 72,
	ROW_WIDTH = 1024, /* pixels */
	CELLS = 2048, /* of half a pixel each */
	ROW_HEIGHT = 18,
	ROW_STEP = 24,
	RIGHT = 24,
	LEGEND_STEP = 22,
	TICKS = 8,
};

/* Shortest row: a cell then is half a page. */
#define ROW_LEAST (4ULL << 20)

static const char *const fill[] = {
	[MEMVIEW_RAM] = "#e4e7eb",	 [MEMVIEW_EXTENT] = "#f5c76b",
	[MEMVIEW_PRESERVED] = "#1f8a4c", [MEMVIEW_SCRATCH] = "#3b78c4",
	[MEMVIEW_INCOMING] = "#9b4fb5",	 [MEMVIEW_KEPT] = "#12908f",
};

/* From the back to the front. */
static const enum memview_kind layer[] = { MEMVIEW_RAM,	    MEMVIEW_EXTENT,
					   MEMVIEW_SCRATCH, MEMVIEW_INCOMING,
					   MEMVIEW_KEPT,    MEMVIEW_PRESERVED };

/*
 * Darkness of a cell in steps, so that neighbours that look alike become one rectangle. What is
 * there at all can be seen.
 */
static unsigned int shade(u64 bytes, u64 cell_bytes)
{
	enum { LEAST = 7, MOST = 20 };

	if (!bytes)
		return 0;
	return LEAST + (unsigned int)((MOST - LEAST) * (double)bytes /
				      (double)cell_bytes);
}

static void draw_run(FILE *f, enum memview_kind kind, unsigned int from,
		     unsigned int to, unsigned int y, unsigned int dark)
{
	fprintf(f,
		"<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"%s\"",
		LEFT + from / 2.0, y, (to - from) / 2.0, ROW_HEIGHT,
		fill[kind]);
	if (dark < 20)
		fprintf(f, " fill-opacity=\"%.2f\"", dark / 20.0);
	fputs("/>\n", f);
}

static void draw_layer(FILE *f, const struct memview *v, enum memview_kind kind,
		       u64 start, u64 cell_bytes, unsigned int y)
{
	unsigned int i, from = 0, dark = 0;

	for (i = 0; i <= CELLS; i++) {
		u64 at = start + i * cell_bytes;
		unsigned int now = i == CELLS ?
					   0 :
					   shade(memview_bytes(v, kind, at,
							       at + cell_bytes),
						 cell_bytes);

		if (i < CELLS && now == dark)
			continue;
		if (dark)
			draw_run(f, kind, from, i, y, dark);
		from = i;
		dark = now;
	}
}

static void draw_row(FILE *f, const struct memview *v, u64 start, u64 row_bytes,
		     unsigned int y)
{
	char label[32];
	size_t i;

	fprintf(f, "<text x=\"%u\" y=\"%u\" class=\"label\">%s</text>\n",
		LEFT - 10, y + ROW_HEIGHT - 5,
		start ? human_bytes(start, label, sizeof(label)) : "0");
	for (i = 0; i < ARRAY_LEN(layer); i++)
		draw_layer(f, v, layer[i], start, row_bytes / CELLS, y);
	fprintf(f,
		"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"frame\"/>\n",
		LEFT, y, ROW_WIDTH, ROW_HEIGHT);
}

static void draw_text(FILE *f, unsigned int x, unsigned int y,
		      const char *class, const char *text)
{
	fprintf(f, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, class);
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else
			fputc(*text, f);
	}
	fputs("</text>\n", f);
}

static void draw_ticks(FILE *f, u64 row_bytes)
{
	unsigned int i;
	char text[32];

	for (i = 0; i <= TICKS; i++) {
		unsigned int x = LEFT + i * ROW_WIDTH / TICKS;

		fprintf(f,
			"<text x=\"%u\" y=\"%u\" class=\"tick\">+%s</text>\n",
			x, TOP - 8,
			human_bytes(i * (row_bytes / TICKS), text,
				    sizeof(text)));
	}
}

static unsigned int draw_rows(FILE *f, const struct memview *v,
			      const struct memview_rows *rows)
{
	unsigned int y = TOP;
	char size[32];
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		u64 before = i ? rows->start[i - 1] + rows->row_bytes : 0;

		if (rows->start[i] > before) {
			autofree char *text =
				format("%s without RAM",
				       human_bytes(rows->start[i] - before,
						   size, sizeof(size)));

			draw_text(f, LEFT, y + 13, "note", text);
			y += ROW_STEP;
		}
		draw_row(f, v, rows->start[i], rows->row_bytes, y);
		y += ROW_STEP;
	}
	return y;
}

static unsigned int draw_legend(FILE *f, const struct memview *v,
				unsigned int y)
{
	size_t i;

	y += 12;
	for (i = ARRAY_LEN(layer); i-- > 0;) {
		autofree char *summary = NULL;

		if (!v->kind[layer[i]].nr)
			continue;
		summary = memview_summary(v, layer[i]);
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"22\" height=\"14\" rx=\"2\" fill=\"%s\"/>\n",
			LEFT, y, fill[layer[i]]);
		draw_text(f, LEFT + 32, y + 12, "name", memview_name(layer[i]));
		draw_text(f, LEFT + 120, y + 12, "text", summary);
		y += LEGEND_STEP;
	}
	return y;
}

static void draw(FILE *f, const struct memview *v,
		 const struct memview_rows *rows, unsigned int height)
{
	unsigned int width = LEFT + ROW_WIDTH + RIGHT + 16;

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">\n"
		"<style>text{font-family:\"DejaVu Sans\",Helvetica,Arial,sans-serif;fill:#24292f}"
		".title{font-size:17px;font-weight:bold}"
		".label{font-size:11px;text-anchor:end}"
		".tick{font-size:10px;text-anchor:middle;fill:#6a737d}"
		".note{font-size:11px;font-style:italic;fill:#6a737d}"
		".name{font-size:12px;font-weight:bold}.text{font-size:12px}"
		".frame{fill:none;stroke:#8c959f;stroke-width:.6}</style>\n"
		"<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n",
		width, height, width, height, width, height);
	draw_text(f, LEFT, 30, "title", v->title);
	draw_ticks(f, rows->row_bytes);
	draw_legend(f, v, draw_rows(f, v, rows));
	fputs("</svg>\n", f);
}

static unsigned int picture_height(const struct memview *v,
				   const struct memview_rows *rows)
{
	unsigned int height = TOP + 12 + 16;
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		u64 before = i ? rows->start[i - 1] + rows->row_bytes : 0;

		height += ROW_STEP * (rows->start[i] > before ? 2 : 1);
	}
	for (i = 0; i < MEMVIEW_KINDS; i++)
		height += v->kind[i].nr ? LEGEND_STEP : 0;
	return height;
}

char *memview_svg(const struct memview *v)
{
	struct memview_rows rows;
	char *text = NULL;
	size_t bytes;
	FILE *f = need(open_memstream(&text, &bytes));

	memview_cut(v, ROWS_MOST, ROW_LEAST, &rows);
	draw(f, v, &rows, picture_height(v, &rows));
	fclose(f);
	free(rows.start);
	return need(text);
}

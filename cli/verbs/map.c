// SPDX-License-Identifier: GPL-2.0
/* kho map: draw what memory is used for. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/wire/dumpfile.h"
#include "cli/wire/livewire.h"
#include "cli/report/memview.h"
#include "cli/base/output.h"
#include "cli/wire/pageflags.h"
#include "cli/wire/wirejson.h"
#include "cli/base/savefile.h"
#include "cli/image/sysinfo.h"
#include "cli/base/table.h"
#include "cli/base/terminal.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho map [FILE] [OPTION...]\n\n"
	"Draw what physical memory is used for: what is preserved for the next kernel, the gaps\n"
	"between it, memory for the image, and what came in and is not claimed yet. Of the running\n"
	"kernel, or of a handover that `kho dump --save` saved in FILE.\n\n"
	"Options:\n"
	"  -s, --svg FILE      write a picture (SVG) to FILE instead; - is the standard output\n"
	"  -w, --width N       columns to use; that of the terminal is the default, or 80\n"
	"  -A, --ascii         no other characters than those of ASCII\n"
	"  -o, --output COL,...  a table of the ranges: KIND, START, END, SIZE\n"
	"  -n, --noheadings    such a table without the names of the columns\n" TABLE_HELP
	"  -J, --json          ranges of each kind as JSON, start and end in bytes\n"
	"  -h, --help          this help\n\n"
	"Colours are used on a terminal, unless NO_COLOR is set.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho map\n"
	"  kho map --svg memory.svg\n"
	"  kho map -n -o START,END,KIND\n"
	"  kho map handover.khodump --width 140\n";

enum { WIDTH_LEAST = 40 };

struct map_options {
	const char *file;
	const char *svg;
	unsigned int width;
	bool ascii;
	bool json;
	struct table table;
};

static void add_kept(void *ctx, u64 start, u64 end)
{
	memview_add(ctx, MEMVIEW_KEPT, start, end);
}

static void add_wire(struct memview *v, struct wire *w)
{
	size_t i;

	for (i = 0; i < w->nr_blocks; i++)
		memview_add(v, MEMVIEW_PRESERVED, w->block[i].phys,
			    w->block[i].phys +
				    (KHO_PAGE_SIZE << w->block[i].order));
	/* The module's own structures travel too, without being entered in the tree. */
	for (i = 0; i < w->nr_nodes; i++)
		memview_add(v, MEMVIEW_PRESERVED, w->node[i].phys,
			    w->node[i].phys + KHO_PAGE_SIZE);
	memview_add(v, MEMVIEW_PRESERVED, w->head_phys,
		    w->head_phys + KHO_WIRE_PAGES * KHO_PAGE_SIZE);
	wire_kept_each(w, add_kept, v);
}

/* ------------------------------------------------------------------------------ from a file */

static void add_saved_ram(struct memview *v, const struct wire *w)
{
	const struct kho_memmap_ser *map = w->in.memmap;
	u32 i;

	for (i = 0; map && i < map->nr_entries; i++) {
		u64 start = map->entry[i].addr, bytes = map->entry[i].bytes;

		if (map->entry[i].type == KHO_E820_RAM && start + bytes > start)
			memview_add(v, MEMVIEW_RAM, start, start + bytes);
	}
	/* No image was loaded when it was saved, so that nobody wrote a map. */
	for (i = 0; !v->kind[MEMVIEW_RAM].nr && i < w->in.nr_extents; i++)
		memview_add(v, MEMVIEW_RAM, w->in.extent[i].start,
			    w->in.extent[i].end);
}

static void add_saved(struct memview *v, struct wire *w)
{
	const u8 *page = wire_page_of(w, KHO_WIRE_HEAD);
	const struct kho_scratch *scratch =
		(const void *)(page + KHO_WIRE_SCRATCH_OFFSET);
	u64 i, nr = w->in.head->data.scratch_size / sizeof(*scratch);

	add_wire(v, w);
	for (i = 0; i < w->in.nr_extents; i++)
		memview_add(v, MEMVIEW_EXTENT, w->in.extent[i].start,
			    w->in.extent[i].end);
	for (i = 0; i < nr; i++) {
		if (scratch[i].addr + scratch[i].size > scratch[i].addr)
			memview_add(v, MEMVIEW_SCRATCH, scratch[i].addr,
				    scratch[i].addr + scratch[i].size);
	}
	add_saved_ram(v, w);
	v->title = format("%s: memory handed over by %s", "kho map",
			  w->in.module->release);
}

static int view_file(struct memview *v, const char *path)
{
	struct wire_pages pages = { 0 };
	struct dumpfile_head head;
	const char *why;
	struct blob file;
	struct wire w;
	int err = read_file(path, 16 * GIB, &file);

	if (err) {
		say("%s cannot be read (%s).", path, strerror(-err));
		return err;
	}
	why = dumpfile_parse(file.data, file.bytes, &head, &pages);
	blob_free(&file);
	if (why) {
		say("%s %s.", path, why);
		return -EBADMSG;
	}
	wire_read(&w, &pages, head.head_phys);
	err = w.err;
	if (err)
		say("%s holds a handover that a kernel would refuse (%s); `kho dump` shows it.",
		    path, w.r.check);
	else
		add_saved(v, &w);
	wire_free(&w);
	wire_pages_free(&pages);
	return err;
}

/* -------------------------------------------------------------------- of the running kernel */

static void add_ram(struct memview *v)
{
	struct memmap map = { 0 };
	size_t i;

	if (sysinfo_memmap(&map))
		return;
	for (i = 0; i < map.nr; i++) {
		if (map.range[i].type == KHO_E820_RAM)
			memview_add(v, MEMVIEW_RAM, map.range[i].start,
				    map.range[i].end);
	}
	memmap_free(&map);
}

/* Pages of an extent that came in are reserved until they are claimed or given back. */
static void add_incoming(void *ctx, u64 start, u64 end)
{
	memview_add(ctx, MEMVIEW_INCOMING, start, end);
}

static int add_ranges(struct memview *v, int dev)
{
	autofree struct kho_range_info *range = NULL;
	u32 i, nr = 0;
	int err = dev_ranges(dev, &range, &nr);

	for (i = 0; !err && i < nr; i++) {
		const struct kho_range_info *r = &range[i];

		if (r->type == KHO_RANGE_EXTENT)
			memview_add(v, MEMVIEW_EXTENT, r->start, r->end);
		else if (r->type == KHO_RANGE_SCRATCH)
			memview_add(v, MEMVIEW_SCRATCH, r->start, r->end);
		else if (r->type == KHO_RANGE_IN_EXTENT)
			pageflags_reserved(r->start, r->end, add_incoming, v);
		else if (r->type == KHO_RANGE_MEMMAP && r->info == KHO_E820_RAM)
			memview_add(v, MEMVIEW_RAM, r->start, r->end);
	}
	return err;
}

static int view_live(struct memview *v)
{
	autoclose int dev = dev_open_or_say();
	autofree char *why = NULL;
	struct livewire l;
	int err;

	if (dev < 0)
		return dev;
	err = add_ranges(v, dev);
	if (err) {
		say("the kho module does not list its ranges (%s); see the kernel log.",
		    strerror(-err));
		return -EIO;
	}
	add_ram(v);
	why = livewire_read(&l, dev);
	if (why)
		say("what is preserved cannot be drawn, only the extents around it: %s",
		    why);
	else
		add_wire(v, &l.wire);
	livewire_free(&l);
	v->title = format("%s: memory of the running kernel", "kho map");
	return 0;
}

/* ----------------------------------------------------------------------------------- output */

static const char *const kind_names[] = { "ram",     "extents",	 "preserved",
					  "scratch", "incoming", "kept" };
static const char *const column_names[] = { "KIND", "START", "END", "SIZE" };

/* Rows are the ranges of the first kind, then those of the second, and so on. */
static char *cell(const void *data, size_t row, size_t column)
{
	const struct memview *v = data;
	size_t kind = 0;
	u64 start, end;

	while (row >= v->kind[kind].nr)
		row -= v->kind[kind++].nr;
	start = v->kind[kind].range[row].start;
	end = v->kind[kind].range[row].end;
	if (!column)
		return format("%s", kind_names[kind]);
	if (column == 3)
		return format("%llu", (unsigned long long)(end - start));
	return format("0x%llx",
		      (unsigned long long)(column == 1 ? start : end));
}

static int print_table(const struct memview *v, const struct table *table)
{
	size_t i, nr = 0;

	for (i = 0; i < MEMVIEW_KINDS; i++)
		nr += v->kind[i].nr;
	return table_print(table, v, nr);
}

static struct json_object *json_ranges(const struct memmap *map)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < map->nr; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(
			o, "start",
			json_object_new_uint64(map->range[i].start));
		json_object_object_add(
			o, "end", json_object_new_uint64(map->range[i].end));
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(const struct memview *v)
{
	struct json_object *root = json_object_new_object();
	size_t i;

	for (i = 0; i < MEMVIEW_KINDS; i++)
		json_object_object_add(root, kind_names[i],
				       json_ranges(&v->kind[i]));
	output_json(root);
}

static int write_svg(const struct memview *v, const char *path)
{
	autofree char *svg = memview_svg(v);
	int err;

	if (!strcmp(path, "-")) {
		fputs(svg, stdout);
		return finish_output();
	}
	err = save_file(path, 0644, svg, strlen(svg));
	if (!err)
		return EXIT_OK;
	say("%s cannot be written (%s); nothing was changed.", path,
	    strerror(-err));
	return EXIT_FAILED;
}

static int print(const struct memview *v, const struct map_options *opt)
{
	if (opt->table.wanted)
		return print_table(v, &opt->table);
	if (opt->json)
		print_json(v);
	else
		memview_print(v, opt->width ? opt->width : terminal_width(),
			      !opt->ascii && terminal_unicode(),
			      terminal_color());
	return finish_output();
}

static int map(const struct map_options *opt)
{
	struct memview v = { 0 };
	int code, err = opt->file ? view_file(&v, opt->file) : view_live(&v);

	if (err) {
		code = exit_code_of_open(err);
	} else {
		memview_finish(&v);
		code = opt->svg ? write_svg(&v, opt->svg) : print(&v, opt);
	}
	memview_free(&v);
	return code;
}

static bool take_option(struct map_options *opt, int c)
{
	switch (c) {
	case 's':
		opt->svg = optarg;
		return true;
	case 'w':
		opt->width = (unsigned int)atoi(optarg);
		if (opt->width >= WIDTH_LEAST)
			return true;
		say("'%s' is no width; give at least %d columns.", optarg,
		    WIDTH_LEAST);
		return false;
	case 'A':
		opt->ascii = true;
		return true;
	case 'J':
		opt->json = true;
		return true;
	default:
		return table_take(&opt->table, c, optarg);
	}
}

int verb_map(int argc, char **argv)
{
	static const struct option options[] = {
		{ "svg", required_argument, NULL, 's' },
		{ "width", required_argument, NULL, 'w' },
		{ "ascii", no_argument, NULL, 'A' },
		TABLE_OPTIONS,
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct map_options opt = {
		.table = { .verb = "map",
			   .names = column_names,
			   .nr_names = ARRAY_LEN(column_names),
			   .numbers = 0xe,
			   .cell = cell },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:w:A" TABLE_LETTERS "Jh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!take_option(&opt, c))
			return usage_error("map");
	}
	if (argc - optind > 1 || !!opt.svg + opt.json + opt.table.wanted > 1) {
		say(argc - optind <= 1 ?
			    "--svg, --json and a table exclude each other." :
			    "map takes one file at most.");
		return usage_error("map");
	}
	opt.file = argv[optind];
	return map(&opt);
}

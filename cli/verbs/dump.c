// SPDX-License-Identifier: GPL-2.0
/* kho dump: decode every structure of the handover. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/wire/dumpfile.h"
#include "cli/wire/dumptable.h"
#include "cli/base/jsontext.h"
#include "cli/wire/livewire.h"
#include "cli/base/output.h"
#include "cli/verbs/verbs.h"
#include "cli/wire/wirejson.h"

static const char help_text[] =
	"Usage: kho dump [FILE] [OPTION...]\n\n"
	"Decode every structure of the handover that the running kernel holds for the next one, or of\n"
	"one that was saved in FILE: head page, lists of extents, root FDT, module page, memory map,\n"
	"metadata, tree, index of the parcels, regions, kept trees. Says whether a kernel would accept\n"
	"it. The contents of parcels, of files and of other preserved memory are neither shown nor\n"
	"saved; the names of files in kept trees are.\n\n"
	"Options:\n"
	"  -i, --incoming      what the previous kernel left: before the kho module is loaded, or if\n"
	"                      it refused it. What it accepted it has given back since\n"
	"  -S, --section NAME  only this: verdict, head, extents, fdt, module, memmap, metadata, tree,\n"
	"                      parcels, regions or kept; may be given several times\n"
	"  -a, --all           also each node of the tree, each preserved block and each record of kept trees\n"
	"      --save FILE     write all pages of the structures to FILE, which `kho dump FILE` decodes\n"
	"                      on any machine\n"
	"  -o, --output COL,...  a table of the one section that --section names, with these columns\n"
	"  -n, --noheadings    such a table without the names of the columns\n" TABLE_HELP
	"  -J, --json          JSON; sizes in bytes, instants in nanoseconds since 1970\n"
	"  -h, --help          this help\n\n"
	"Sections that are lists, which a table can be made of, and their columns:\n" DUMPTABLE_HELP
	"LIST is A or B: there are two, of which USED says whether it is the one that counts.\n\n"
	"Exit status: 0 a kernel would accept it, 1 failure, or it would be refused, 2 wrong usage, 6\n"
	"not permitted.\n\n"
	"Examples:\n"
	"  kho dump\n"
	"  kho dump --section extents -n -o START,END\n"
	"  kho dump --save handover.khodump\n"
	"  kho dump handover.khodump --section tree --all --json | jq '.tree.\"block-list\"'\n";

enum { SECTIONS_MAX = 16, OPT_SAVE = 0x100 };

struct dump_options {
	const char *file;
	const char *save;
	const char *section[SECTIONS_MAX];
	size_t nr_sections;
	const char *columns;
	struct table table;
	bool incoming;
	bool all;
	bool json;
};

static struct json_object *describe(struct wire *w,
				    const struct dump_options *opt)
{
	struct json_object *root = json_object_new_object();
	size_t i, nr = opt->nr_sections;

	for (i = 0; nr ? i < nr : !!wire_sections[i]; i++) {
		const char *name = nr ? opt->section[i] : wire_sections[i];

		json_object_object_add(root, name,
				       wire_json(w, name, opt->all));
	}
	return root;
}

static int save(struct wire *w, const struct dump_options *opt, bool incoming)
{
	char size[32];
	int err = dumpfile_write(opt->save, w->head_phys, incoming, w->pages);

	if (err) {
		say("%s cannot be written (%s); nothing was changed.",
		    opt->save, strerror(-err));
		return EXIT_FAILED;
	}
	printf("saved %zu pages, %s, to %s\n", w->pages->nr,
	       human_bytes(w->pages->nr * PAGE_BYTES, size, sizeof(size)),
	       opt->save);
	return finish_output();
}

static int print_table(struct wire *w, const struct dump_options *opt)
{
	struct json_object *o = wire_json(w, opt->section[0], true);
	int code = dumptable_print(&opt->table, opt->section[0], o);

	json_object_put(o);
	return code;
}

static int show(struct wire *w, const struct dump_options *opt, bool incoming)
{
	struct json_object *root;
	int code;

	if (opt->table.wanted) {
		code = print_table(w, opt);
		return w->err ? EXIT_FAILED : code;
	}
	/* Describing it fetches what is left to be saved. */
	root = describe(w, opt);
	if (opt->save) {
		json_object_put(root);
		return save(w, opt, incoming);
	}
	if (opt->json) {
		output_json(root);
	} else {
		jsontext_print(root);
		json_object_put(root);
	}
	code = finish_output();
	return w->err ? EXIT_FAILED : code;
}

static int dump_file(const struct dump_options *opt)
{
	struct wire_pages pages = { 0 };
	struct dumpfile_head head;
	struct blob file;
	struct wire w;
	const char *why;
	int err = read_file(opt->file, 16 * GIB, &file), code;

	if (err) {
		say("%s cannot be read (%s).", opt->file, strerror(-err));
		return EXIT_FAILED;
	}
	why = dumpfile_parse(file.data, file.bytes, &head, &pages);
	blob_free(&file);
	if (why) {
		say("%s %s.", opt->file, why);
		return EXIT_FAILED;
	}
	wire_read(&w, &pages, head.head_phys);
	code = show(&w, opt, head.flags & DUMPFILE_INCOMING);
	wire_free(&w);
	wire_pages_free(&pages);
	return code;
}

static int dump_live(const struct dump_options *opt, int dev)
{
	autofree char *why = NULL;
	struct livewire l;
	int code = EXIT_FAILED;

	why = livewire_read(&l, dev);
	if (why)
		say("%s", why);
	else
		code = show(&l.wire, opt, opt->incoming);
	livewire_free(&l);
	return code;
}

static int dump_outgoing(const struct dump_options *opt)
{
	autoclose int dev = dev_open_or_say();

	return dev < 0 ? exit_code_of_open(dev) : dump_live(opt, dev);
}

static bool take_section(struct dump_options *opt, const char *name)
{
	size_t i;

	for (i = 0; wire_sections[i]; i++) {
		if (!strcmp(wire_sections[i], name) &&
		    opt->nr_sections < SECTIONS_MAX) {
			opt->section[opt->nr_sections++] = wire_sections[i];
			return true;
		}
	}
	say("there is no section '%s'; `kho dump --help` lists them.", name);
	return false;
}

static bool take_option(struct dump_options *opt, int c)
{
	switch (c) {
	case 'i':
		opt->incoming = true;
		return true;
	case 'S':
		return take_section(opt, optarg);
	case 'a':
		opt->all = true;
		return true;
	case OPT_SAVE:
		opt->save = optarg;
		return true;
	case 'o':
		opt->columns = optarg;
		opt->table.wanted = true;
		return true;
	case 'n':
	case 'r':
	case 'P':
		return table_take(&opt->table, c, NULL);
	case 'J':
		opt->json = true;
		return true;
	default:
		return false;
	}
}

static const char *objection(const struct dump_options *opt, int nr_files)
{
	if (nr_files > 1)
		return "dump takes one file at most.";
	if (nr_files && (opt->incoming || opt->save))
		return "a file excludes --incoming and --save, which are about the running kernel.";
	if (opt->save && (opt->nr_sections || opt->json || opt->table.wanted))
		return "--save writes everything; leave out --section, --json and --output.";
	return NULL;
}

/* Which columns there are depends on the section, which may be named after them. */
static bool take_columns(struct dump_options *opt)
{
	if (!opt->table.wanted)
		return true;
	if (opt->nr_sections != 1 ||
	    !dumptable_init(&opt->table, opt->section[0])) {
		say("a table shows one section that is a list; `kho dump --help` tells which are.");
		return false;
	}
	return table_or_json(&opt->table, opt->json) &&
	       (!opt->columns || table_take(&opt->table, 'o', opt->columns));
}

int verb_dump(int argc, char **argv)
{
	static const struct option options[] = {
		{ "incoming", no_argument, NULL, 'i' },
		{ "section", required_argument, NULL, 'S' },
		{ "all", no_argument, NULL, 'a' },
		{ "save", required_argument, NULL, OPT_SAVE },
		TABLE_OPTIONS,
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct dump_options opt = { .table.verb = "dump" };
	int c;

	while ((c = getopt_long(argc, argv, "iS:a" TABLE_LETTERS "Jh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!take_option(&opt, c))
			return usage_error("dump");
	}
	if (objection(&opt, argc - optind)) {
		say("%s", objection(&opt, argc - optind));
		return usage_error("dump");
	}
	if (!take_columns(&opt))
		return usage_error("dump");
	opt.file = argv[optind];
	if (opt.file)
		return dump_file(&opt);
	return opt.incoming ? dump_live(&opt, -1) : dump_outgoing(&opt);
}

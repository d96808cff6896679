// SPDX-License-Identifier: GPL-2.0
/*
 * kho check: would a handover to a kernel work?
 */
#include <json-c/json.h>

#include "cli/verbs/imageopts.h"
#include "cli/image/loaded.h"
#include "cli/base/output.h"
#include "cli/image/preflight.h"
#include "cli/base/table.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho check [KERNEL] [OPTION...]\n\n"
	"Tell whether a handover to KERNEL would work, and if not, why and what to do: whether\n"
	"`kho load` with the same arguments would succeed, and whether KERNEL could then take over\n"
	"what it is given. Nothing is changed. Without KERNEL only this machine and the running\n"
	"kernel are looked at.\n\n"
	"Options:\n" IMAGE_OPTIONS_HELP
	"  -o, --output COL,...  a table with these columns: RESULT, CHECK, TEXT, TODO\n"
	"  -n, --noheadings      a table without the names of the columns\n" TABLE_HELP
	"  -J, --json            findings as JSON\n"
	"  -q, --quiet           print nothing; the exit status tells\n"
	"  -h, --help            this help\n\n"
	"Each line begins with ok, note (worth knowing), warning (it works, but something may be\n"
	"lost), unknown (this process could not look) or problem (it does not work).\n\n"
	"Exit status: 0 the handover would work, 1 there is a problem, 2 wrong usage, 7 there is no\n"
	"problem to see, but not everything could be looked at.\n\n"
	"Examples:\n"
	"  kho check\n"
	"  kho check /boot/vmlinuz --initrd /boot/initrd.img --reuse-cmdline\n"
	"  kho check /boot/vmlinuz -n -o CHECK,RESULT\n"
	"  kho check /boot/vmlinuz --json | jq -r '.findings[] | .result, .text'\n";

static struct json_object *json_string(const char *text)
{
	return text && *text ? json_object_new_string(text) : NULL;
}

static struct json_object *json_target(const struct target *t)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "release", json_string(t->release));
	json_object_object_add(
		o, "compression",
		json_object_new_string(compression_name(t->how)));
	json_object_object_add(o, "configuration", json_string(t->config_from));
	json_object_object_add(o, "native-kho", json_string(t->abi));
	return o;
}

/* null: nobody can tell. */
static struct json_object *json_verdict(const struct findings *f)
{
	if (f->nr_unknown && !f->nr_problems)
		return NULL;
	return json_object_new_boolean(!f->nr_problems);
}

static void print_json(const struct image *im, const struct target *t,
		       bool load)
{
	const struct findings *f = &im->findings;
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	size_t i;

	json_object_object_add(root, "handover-would-work", json_verdict(f));
	json_object_object_add(root, "load-would-succeed",
			       json_object_new_boolean(load));
	json_object_object_add(root, "kernel",
			       im->have_kernel ? json_target(t) : NULL);
	json_object_object_add(root, "findings", list);
	for (i = 0; i < f->nr; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "check",
				       json_object_new_string(f->list[i].id));
		json_object_object_add(
			o, "result",
			json_object_new_string(
				finding_level_name(f->list[i].level)));
		json_object_object_add(o, "text",
				       json_object_new_string(f->list[i].text));
		json_object_object_add(o, "todo", json_string(f->list[i].todo));
		json_object_array_add(list, o);
	}
	output_json(root);
}

static const char *const column_names[] = { "RESULT", "CHECK", "TEXT", "TODO" };

static char *cell(const void *data, size_t row, size_t column)
{
	const struct finding *one = &((const struct findings *)data)->list[row];
	const char *const text[] = { finding_level_name(one->level), one->id,
				     one->text, one->todo ? one->todo : "-" };

	return format("%s", text[column]);
}

static void print_people(const struct findings *f, bool kernel)
{
	size_t i;

	for (i = 0; i < f->nr; i++) {
		const struct finding *one = &f->list[i];

		printf("%-7s  %s: %s.\n", finding_level_name(one->level),
		       one->id, one->text);
		if (one->todo)
			printf("%-7s  to do: %s.\n", "", one->todo);
	}
	if (f->nr_problems)
		printf("A handover would fail: %zu problem%s.\n",
		       f->nr_problems, f->nr_problems == 1 ? "" : "s");
	else if (f->nr_unknown)
		printf("Whether a handover would work cannot be told: %zu thing%s could not be looked at.\n",
		       f->nr_unknown, f->nr_unknown == 1 ? "" : "s");
	else
		puts(kernel ?
			     "The handover would work." :
			     "Nothing here is in the way of a handover; give the kernel to check that too.");
}

/* Not in the way of a load, which replaces it. */
static void note_loaded(struct image *im)
{
	enum loaded_image loaded = im->dev < 0 ? LOADED_NONE :
						 loaded_image(&im->status);

	if (loaded == LOADED_STALE)
		finding_note(
			&im->findings, "stale-image",
			"load it again with `kho load`",
			"memory was plugged or unplugged since the image was loaded, and the next "
			"kernel would be told of what was there before");
	if (loaded != LOADED_FOREIGN)
		return;
	finding_note(
		&im->findings, "foreign-image",
		"replace it with `kho load`, or take it away with `kho unload`",
		"the image that is loaded now carries nothing%s%s: %s",
		*im->status.image_why_not ? ", since " : "",
		im->status.image_why_not,
		loaded_state(&im->status) ?
			"the next kernel would lose everything that is preserved" :
			"what is preserved from now on would be lost");
}

static int verdict(const struct findings *f)
{
	if (f->nr_problems)
		return EXIT_FAILED;
	return f->nr_unknown ? EXIT_UNKNOWN : EXIT_OK;
}

static int check(const struct image_options *opt, bool json, bool quiet,
		 const struct table *table)
{
	autoimage struct image im = { .opt = *opt, .dev = -1 };
	bool load = image_check(&im, true);
	struct target t;
	int code = EXIT_OK;

	note_loaded(&im);
	preflight_check(&im, &t);
	if (quiet)
		;
	else if (json)
		print_json(&im, &t, load);
	else if (table->wanted)
		code = table_print(table, &im.findings, im.findings.nr);
	else
		print_people(&im.findings, im.have_kernel);
	target_free(&t);
	if (!code)
		code = finish_output();
	return code ? code : verdict(&im.findings);
}

int verb_check(int argc, char **argv)
{
	struct image_options opt = { 0 };
	struct table table = { .verb = "check",
			       .names = column_names,
			       .nr_names = ARRAY_LEN(column_names),
			       .cell = cell };
	bool json = false, quiet = false;
	int c;

	while ((c = getopt_long(argc, argv, TABLE_LETTERS IMAGE_LETTERS "Jqh",
				imageopts_of_check, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'J')
			json = true;
		else if (c == 'q')
			quiet = true;
		else if (!imageopts_take(&opt, c) &&
			 !table_take(&table, c, optarg))
			return usage_error("check");
	}
	if (argc - optind > 1 || imageopts_objection(&opt)) {
		say("%s",
		    argc - optind > 1 ?
			    "there is more than one kernel; give one file." :
			    imageopts_objection(&opt));
		return usage_error("check");
	}
	if (!table_or_json(&table, json))
		return usage_error("check");
	opt.kernel = argc > optind ? argv[optind] : NULL;
	return check(&opt, json, quiet, &table);
}

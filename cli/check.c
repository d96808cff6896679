// SPDX-License-Identifier: GPL-2.0
#include <json-c/json.h>

#include "imageopts.h"
#include "loaded.h"
#include "output.h"
#include "verbs.h"

static const char help_text[] =
	"Usage: kho check [KERNEL] [OPTION...]\n\n"
	"Tell whether `kho load` with the same arguments would succeed, and if not, why and "
	"what to do.\n"
	"Nothing is changed. Without KERNEL only the machine and the running kernel are looked "
	"at.\n\n"
	"Options:\n" IMAGE_OPTIONS_HELP
	"  --json                findings as JSON\n"
	"  -h, --help            this help\n\n"
	"Exit status: 0 a load would succeed, 1 it would fail, 2 wrong usage.\n\n"
	"Examples:\n"
	"  kho check\n"
	"  kho check /boot/vmlinuz --initrd /boot/initrd.img --reuse-cmdline\n";

static void print_json(const struct findings *f)
{
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	size_t i;

	json_object_object_add(root, "load-would-succeed",
			       json_object_new_boolean(!f->nr_problems));
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
		json_object_object_add(
			o, "todo",
			f->list[i].todo ?
				json_object_new_string(f->list[i].todo) :
				NULL);
		json_object_array_add(list, o);
	}
	output_json(root);
}

static void print_people(const struct findings *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++) {
		const struct finding *one = &f->list[i];

		printf("%-7s  %s: %s.\n", finding_level_name(one->level),
		       one->id, one->text);
		if (one->todo)
			printf("%-7s  to do: %s.\n", "", one->todo);
	}
	if (!f->nr_problems)
		puts("A load would succeed.");
	else
		printf("A load would fail: %zu problem%s.\n", f->nr_problems,
		       f->nr_problems == 1 ? "" : "s");
}

/* Not in the way of a load, which replaces it. */
static void note_foreign(struct image *im)
{
	if (im->dev < 0 || loaded_image(&im->status) != LOADED_FOREIGN)
		return;
	finding_note(
		&im->findings, "foreign-image",
		"replace it with `kho load`, or take it away with `kho unload`",
		"another program loaded the image that is loaded now: %s",
		loaded_state(&im->status) ?
			"the next kernel would lose everything that is preserved" :
			"it keeps nothing");
}

static int check(const struct image_options *opt, bool json)
{
	autoimage struct image im = { .opt = *opt, .dev = -1 };
	bool good = image_check(&im, true);
	int code;

	note_foreign(&im);
	if (json)
		print_json(&im.findings);
	else
		print_people(&im.findings);
	code = finish_output();
	return good ? code : EXIT_FAILED;
}

int verb_check(int argc, char **argv)
{
	struct image_options opt = { 0 };
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "Jh", imageopts_of_check, NULL)) !=
	       -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'J')
			json = true;
		else if (!imageopts_take(&opt, c))
			return usage_error("check");
	}
	if (argc - optind > 1 || imageopts_objection(&opt)) {
		say("%s",
		    argc - optind > 1 ?
			    "there is more than one kernel; give one file." :
			    imageopts_objection(&opt));
		return usage_error("check");
	}
	opt.kernel = argc > optind ? argv[optind] : NULL;
	return check(&opt, json);
}

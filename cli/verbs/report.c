// SPDX-License-Identifier: GPL-2.0
/* kho report: how long the last handovers took. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/report/history.h"
#include "cli/base/output.h"
#include "cli/report/prometheus.h"
#include "cli/base/savefile.h"
#include "cli/base/table.h"
#include "cli/base/terminal.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho report [OPTION...]\n\n"
	"Show how long the last handover stopped the work, by phase: from the reboot of the old\n"
	"kernel, after its services were stopped, until clients of the new one could go on; and kept\n"
	"trees that did not come along, or are not restored yet. Below it, the handovers that were\n"
	"saved before.\n\n"
	"Options:\n"
	"      --save             keep it, among the last 50, in " HISTORY_PATH
	"\n"
	"      --history FILE     use another file for that\n"
	"      --prometheus FILE  write metrics for the textfile collector of the node exporter\n"
	"  -o, --output COL,...   columns: TIME, COUNT, FROM, TO, SIZE, SERVICES, SHUTDOWN, JUMP,\n"
	"                         KERNEL, INITRAMFS, USERSPACE, RESTORE, BLACKOUT (seconds), LOST\n"
	"                         (kept trees); the table only\n"
	"  -n, --noheadings       no line with the names of the columns\n" TABLE_HELP
	"  -J, --json             JSON: all handovers, durations in nanoseconds\n"
	"  -h, --help             this help\n\n"
	"Exit status: 0 success, 1 failure, or there is nothing to report, 2 wrong usage, 6 not\n"
	"permitted.\n\n"
	"Examples:\n"
	"  kho report\n"
	"  kho report --save --prometheus /var/lib/prometheus/node-exporter/kho.prom\n"
	"  kho report -n -o BLACKOUT\n";

enum { OPT_SAVE = 0x100, OPT_HISTORY, OPT_PROMETHEUS };

enum column {
	COLUMN_TIME,
	COLUMN_COUNT,
	COLUMN_FROM,
	COLUMN_TO,
	COLUMN_SIZE,
	COLUMN_SERVICES,
	COLUMN_PHASES, /* one for each */
	COLUMN_BLACKOUT = COLUMN_PHASES + PHASES,
	COLUMN_LOST,
	NR_COLUMNS
};

static const char *const column_names[] = {
	"TIME",	     "COUNT",	 "FROM",     "TO",     "SIZE",
	"SERVICES",  "SHUTDOWN", "JUMP",     "KERNEL", "INITRAMFS",
	"USERSPACE", "RESTORE",	 "BLACKOUT", "LOST"
};

_Static_assert(ARRAY_LEN(column_names) == NR_COLUMNS, "a name for each column");

struct report_options {
	const char *history;
	const char *prometheus;
	struct table table; /* and nothing else, if it is wanted */
	bool save;
	bool json;
};

static char *cell(const void *data, size_t row, size_t column)
{
	const struct blackout *b = &((const struct history *)data)->entry[row];
	char buf[64];

	switch (column) {
	case COLUMN_TIME:
		return format("%s",
			      human_time(b->ready_time_ns, buf, sizeof(buf)));
	case COLUMN_COUNT:
		return format("%llu", (unsigned long long)b->count);
	case COLUMN_FROM:
		return format("%s", b->from);
	case COLUMN_TO:
		return format("%s", b->to);
	case COLUMN_SIZE:
		return format("%s", human_bytes(b->bytes, buf, sizeof(buf)));
	case COLUMN_SERVICES:
		return b->services_ns ?
			       format("%.3f", (double)b->services_ns / 1e9) :
			       format("-");
	case COLUMN_BLACKOUT:
		return format("%.3f", (double)b->total_ns / 1e9);
	case COLUMN_LOST:
		return format("%llu", (unsigned long long)b->trees_lost);
	default:
		return format("%.3f",
			      (double)b->phase_ns[column - COLUMN_PHASES] /
				      1e9);
	}
}

static void print_json(const struct history *h)
{
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	size_t i;

	for (i = 0; i < h->nr; i++)
		json_object_array_add(list, blackout_json(&h->entry[i]));
	json_object_object_add(root, "handovers", list);
	output_json(root);
}

static int show(const struct history *h, const struct blackout *current,
		const struct report_options *opt)
{
	if (opt->json) {
		print_json(h);
		return finish_output();
	}
	if (opt->table.wanted || !current)
		return table_print(&opt->table, h, h->nr);
	blackout_print(current, terminal_width(), terminal_unicode());
	if (h->nr == 1)
		return finish_output();
	putchar('\n');
	return table_print(&opt->table, h, h->nr);
}

/* @trees: NULL if they cannot be listed */
static int write_metrics(const struct kho_ioctl_status *st,
			 const struct blackout *current,
			 const struct kept_list *trees, const char *path)
{
	struct session_losses losses;
	char *text;
	int err;

	session_losses_read(&losses);
	text = prometheus_text(st, current, trees, &losses);
	session_losses_free(&losses);
	err = save_file(path, 0644, text, strlen(text));
	free(text);
	if (err)
		say("%s cannot be written (%s); nothing was changed.", path,
		    strerror(-err));
	return err;
}

static int say_bad_history(const char *path, int err)
{
	if (err == -EBADMSG)
		say("%s is damaged, so it was left alone; move it away.", path);
	else
		say("%s cannot be read (%s).", path, strerror(-err));
	return EXIT_FAILED;
}

static int keep(const struct history *h, const struct report_options *opt)
{
	int err = opt->save ? history_write(h, opt->history) : 0;

	if (err)
		say("%s cannot be written (%s); nothing was changed.",
		    opt->history, strerror(-err));
	return err;
}

static int read_trees(struct kept_list *trees)
{
	int err = kept_list_read(trees);

	if (err)
		say("trees cannot be listed (%s), so nothing is told of them; see the kernel log.",
		    strerror(-err));
	return err;
}

/* With those before; @b: this one, NULL: there is none. */
static int report_history(const struct kho_ioctl_status *st,
			  const struct blackout *b,
			  const struct report_options *opt)
{
	autofree struct history *h = need(calloc(1, sizeof(*h)));
	int err = history_read(h, opt->history);

	if (err)
		return say_bad_history(opt->history, err);
	if (b)
		history_add(h, b);
	if (b && keep(h, opt))
		return EXIT_FAILED;
	if (!h->nr) {
		say("there is nothing to report: this kernel was not started by a handover%s.",
		    st->flags & KHO_STATUS_IN_PRESENT ?
			    " whose times are known" :
			    "");
		return EXIT_FAILED;
	}
	return show(h, b, opt);
}

static int report_of(const struct kho_ioctl_status *st,
		     const struct report_options *opt)
{
	autokept struct kept_list trees = { 0 };
	int no_trees = read_trees(&trees);
	struct boot_instants boot;
	struct blackout b;
	bool known;

	boot_instants_read(&boot);
	known = blackout_compute(&b, st, &boot);
	blackout_count_trees(&b, &trees);
	if (opt->prometheus &&
	    write_metrics(st, known ? &b : NULL, no_trees ? NULL : &trees,
			  opt->prometheus))
		return EXIT_FAILED;
	return report_history(st, known ? &b : NULL, opt);
}

static int report(const struct report_options *opt)
{
	autoclose int dev = dev_open_or_say();
	struct kho_ioctl_status st;
	int err;

	if (dev < 0)
		return exit_code_of_open(dev);
	err = dev_status(dev, &st);
	if (!err)
		return report_of(&st, opt);
	say("the kho module does not tell its state (%s); use a tool and module of the same version.",
	    strerror(-err));
	return EXIT_FAILED;
}

static bool take_option(struct report_options *opt, int c)
{
	switch (c) {
	case OPT_SAVE:
		opt->save = true;
		return true;
	case OPT_HISTORY:
		opt->history = optarg;
		return true;
	case OPT_PROMETHEUS:
		opt->prometheus = optarg;
		return true;
	case 'J':
		opt->json = true;
		return true;
	default:
		return table_take(&opt->table, c, optarg);
	}
}

int verb_report(int argc, char **argv)
{
	static const struct option options[] = {
		{ "save", no_argument, NULL, OPT_SAVE },
		{ "history", required_argument, NULL, OPT_HISTORY },
		{ "prometheus", required_argument, NULL, OPT_PROMETHEUS },
		TABLE_OPTIONS,
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct report_options opt = {
		.history = HISTORY_PATH,
		.table = { .verb = "report",
			   .names = column_names,
			   .nr_names = NR_COLUMNS,
			   .numbers = ~0U << COLUMN_SIZE,
			   .cell = cell },
	};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_LETTERS "Jh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!take_option(&opt, c))
			return usage_error("report");
	}
	if (optind != argc) {
		say("report takes no argument, but there is '%s'.",
		    argv[optind]);
		return usage_error("report");
	}
	if (!table_or_json(&opt.table, opt.json))
		return usage_error("report");
	return report(&opt);
}

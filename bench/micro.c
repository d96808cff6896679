// SPDX-License-Identifier: GPL-2.0
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_FIGURES = 256, COLUMNS = 6, COLUMN_WIDTH = 12 };

/* All rounds of one figure. */
struct figure {
	const struct bench_case *of;
	const char *side;
	const char *what;
	const char *unit;
	double value[BENCH_ROUNDS];
	unsigned int nr;
};

static struct figure figures[MAX_FIGURES];
static unsigned int nr_figures;
static const struct bench_case *current;
static const char *current_side;
static bool warming_up;
static volatile u64 sink;

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

u64 bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

u64 bench_random(u64 *seed)
{
	return kho_mix64(*seed += 0x9e3779b97f4a7c15ULL);
}

void bench_use(u64 value)
{
	sink = value;
}

static struct figure *figure_of(const char *what, const char *unit)
{
	struct figure *f;

	for (f = figures; f < &figures[nr_figures]; f++)
		if (f->of == current && f->side == current_side &&
		    !strcmp(f->what, what))
			return f;
	if (nr_figures == MAX_FIGURES)
		bench_die("too many figures");
	nr_figures++;
	f->of = current;
	f->side = current_side;
	f->what = what;
	f->unit = unit;
	return f;
}

void bench_record(const char *what, const char *unit, double value)
{
	struct figure *f;

	if (warming_up)
		return;
	f = figure_of(what, unit);
	if (f->nr == BENCH_ROUNDS)
		bench_die("more figures than rounds");
	f->value[f->nr++] = value;
}

static void run_case(const struct bench_case *c)
{
	const struct bench_side *side;
	int round;

	current = c;
	c->fill();
	for (round = -1; round < BENCH_ROUNDS; round++) {
		warming_up = round < 0;
		for (side = c->side; side->name; side++) {
			current_side = side->name;
			side->run();
		}
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sort_figures(void)
{
	unsigned int i;

	for (i = 0; i < nr_figures; i++)
		qsort(figures[i].value, figures[i].nr,
		      sizeof(figures[i].value[0]), compare);
}

static double median(const struct figure *f)
{
	return f->value[f->nr / 2];
}

static void print_json(const char *program)
{
	const struct figure *f;

	printf("{\"program\":\"%s\",\"rounds\":%d,\"figures\":[", program,
	       BENCH_ROUNDS);
	for (f = figures; f < &figures[nr_figures]; f++)
		printf("%s\n{\"case\":\"%s\",\"text\":\"%s\",\"side\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",\"median\":%.3f,\"least\":%.3f,\"most\":%.3f}",
		       f == figures ? "" : ",", f->of->name, f->of->text,
		       f->side, f->what, f->unit, median(f), f->value[0],
		       f->value[f->nr - 1]);
	puts("\n]}");
}

/* Fills @column with all that is measured, in order. Return: how many. */
static unsigned int find_columns(const struct figure **column)
{
	const struct figure *f;
	unsigned int nr = 0, i;

	for (f = figures; f < &figures[nr_figures]; f++) {
		for (i = 0; i < nr && strcmp(column[i]->what, f->what); i++)
			;
		if (i == nr && nr < COLUMNS)
			column[nr++] = f;
	}
	return nr;
}

static void print_table(void)
{
	const struct figure *column[COLUMNS], *f = figures;
	unsigned int nr = find_columns(column), i;
	char head[64];

	printf("%-38s %-8s", "medians of thread CPU time", "side");
	for (i = 0; i < nr; i++) {
		snprintf(head, sizeof(head), "%s %s", column[i]->what,
			 column[i]->unit);
		printf(" %*s", COLUMN_WIDTH, head);
	}
	while (f < &figures[nr_figures]) {
		const struct figure *row = f;

		printf("\n%-38s %-8s", row->of->text, row->side);
		for (i = 0; i < nr; i++) {
			for (f = row; f < &figures[nr_figures] &&
				      f->side == row->side && f->of == row->of;
			     f++)
				if (!strcmp(f->what, column[i]->what))
					break;
			if (f < &figures[nr_figures] && f->side == row->side &&
			    f->of == row->of)
				printf(" %*.1f", COLUMN_WIDTH, median(f));
			else
				printf(" %*s", COLUMN_WIDTH, "-");
		}
		for (f = row; f < &figures[nr_figures] &&
			      f->side == row->side && f->of == row->of;
		     f++)
			;
	}
	putchar('\n');
}

static bool wanted(const char *name, int argc, char **argv)
{
	bool any = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], name))
			return true;
		any |= argv[i][0] != '-';
	}
	return !any;
}

int bench_main(const char *program, const struct bench_case *cases,
	       unsigned int nr_cases, int argc, char **argv)
{
	bool json = false;
	unsigned int i;

	for (i = 1; i < (unsigned int)argc; i++) {
		json |= !strcmp(argv[i], "--json");
		if (argv[i][0] == '-' && strcmp(argv[i], "--json"))
			bench_die("usage: PROGRAM [--json] [CASE...]");
	}
	for (i = 0; i < nr_cases; i++)
		if (wanted(cases[i].name, argc, argv))
			run_case(&cases[i]);
	sort_figures();
	if (json)
		print_json(program);
	else
		print_table();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* How long the last handover stopped the work, by phase. */
#include "cli/report/blackout.h"

#include <string.h>

#include "cli/base/output.h"

static const char *const phase_names[PHASES] = { "shutdown",  "jump",
						 "kernel",    "initramfs",
						 "userspace", "restore" };

const char *phase_name(enum phase which)
{
	return phase_names[which];
}

static u64 minus(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* The new kernel's part, by its own clock, which starts with 0. */
static void compute_boot(struct blackout *b, const struct kho_ioctl_status *st,
			 const struct boot_instants *boot)
{
	u64 start = minus(st->in_ready_boottime_ns, st->in_validate_ns);
	u64 init = boot->init_ns && boot->init_ns < start ? boot->init_ns :
							    start;
	u64 root = boot->userspace_ns > init && boot->userspace_ns < start ?
			   boot->userspace_ns :
			   start;

	b->phase_ns[PHASE_KERNEL] = init;
	b->phase_ns[PHASE_INITRAMFS] = root - init;
	b->phase_ns[PHASE_USERSPACE] = start - root;
	b->phase_ns[PHASE_RESTORE] = st->in_ready_boottime_ns - start;
}

bool blackout_compute(struct blackout *b, const struct kho_ioctl_status *st,
		      const struct boot_instants *boot)
{
	u64 reboot = st->in_stamp_ns[2], jump = st->in_jump_ns, after;

	*b = (struct blackout){ 0 };
	if (!(st->flags & KHO_STATUS_IN_ACCEPTED) || !reboot ||
	    !st->in_ready_boottime_ns)
		return false;
	copy(b->from, sizeof(b->from), st->in_release);
	copy(b->to, sizeof(b->to), boot->release);
	copy(b->boot_id, sizeof(b->boot_id), boot->boot_id);
	b->count = st->kexec_count;
	b->ready_time_ns = st->in_ready_ns;
	b->bytes = st->in_bytes;
	/* An older module did not note the jump: its shutdown then counts as part of that. */
	if (!jump)
		jump = reboot;
	after = st->in_jump_to_ready_ns;
	b->by_clock = !after;
	if (!after)
		after = minus(st->in_ready_ns, jump);
	compute_boot(b, st, boot);
	if (st->in_stopping_ns)
		b->services_ns = minus(reboot, st->in_stopping_ns);
	b->phase_ns[PHASE_SHUTDOWN] = minus(jump, reboot);
	b->phase_ns[PHASE_JUMP] = minus(after, st->in_ready_boottime_ns);
	b->total_ns = b->phase_ns[PHASE_SHUTDOWN] +
		      (after > st->in_ready_boottime_ns ?
			       after :
			       st->in_ready_boottime_ns);
	return true;
}

void blackout_count_trees(struct blackout *b, const struct kept_list *trees)
{
	size_t i;

	b->trees_lost = 0;
	b->trees_waiting = 0;
	for (i = 0; i < trees->nr; i++) {
		switch (trees->list[i].state) {
		case KHO_KEPT_STATE_LOST:
		case KHO_KEPT_STATE_REFUSED:
			b->trees_lost++;
			break;
		case KHO_KEPT_STATE_WAITING:
		case KHO_KEPT_STATE_BEGUN:
			b->trees_waiting++;
			break;
		}
	}
}

/* ------------------------------------------------------------------------------------- JSON */

struct json_object *blackout_json(const struct blackout *b)
{
	struct json_object *o = json_object_new_object(),
			   *phases = json_object_new_object();
	size_t i;

	json_add_string(o, "boot-id", b->boot_id);
	json_add_string(o, "from", b->from);
	json_add_string(o, "to", b->to);
	json_add_number(o, "count", b->count);
	json_add_number(o, "ready-time-ns", b->ready_time_ns);
	json_add_number(o, "bytes", b->bytes);
	json_add_number(o, "services-ns", b->services_ns);
	json_add_number(o, "blackout-ns", b->total_ns);
	json_add_number(o, "trees-lost", b->trees_lost);
	json_add_number(o, "trees-waiting", b->trees_waiting);
	json_object_object_add(o, "by-clock",
			       json_object_new_boolean(b->by_clock));
	for (i = 0; i < PHASES; i++)
		json_add_number(phases, phase_names[i], b->phase_ns[i]);
	json_object_object_add(o, "phases-ns", phases);
	return o;
}

static u64 number_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return 0;
	return json_object_get_uint64(value);
}

/* What is not printable is not shown, whoever wrote the file. */
static void text_of(struct json_object *o, const char *key, char *to,
		    size_t size)
{
	struct json_object *value;
	char *p;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return;
	copy(to, size, json_object_get_string(value));
	for (p = to; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
}

bool blackout_from_json(struct blackout *b, struct json_object *o)
{
	struct json_object *phases, *by_clock;
	size_t i;

	*b = (struct blackout){ 0 };
	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "phases-ns", &phases) ||
	    !json_object_is_type(phases, json_type_object))
		return false;
	text_of(o, "boot-id", b->boot_id, sizeof(b->boot_id));
	text_of(o, "from", b->from, sizeof(b->from));
	text_of(o, "to", b->to, sizeof(b->to));
	b->count = number_of(o, "count");
	b->ready_time_ns = number_of(o, "ready-time-ns");
	b->bytes = number_of(o, "bytes");
	b->services_ns = number_of(o, "services-ns");
	b->total_ns = number_of(o, "blackout-ns");
	b->trees_lost = number_of(o, "trees-lost");
	b->trees_waiting = number_of(o, "trees-waiting");
	b->by_clock = json_object_object_get_ex(o, "by-clock", &by_clock) &&
		      json_object_get_boolean(by_clock);
	for (i = 0; i < PHASES; i++)
		b->phase_ns[i] = number_of(phases, phase_names[i]);
	return *b->boot_id;
}

/* -------------------------------------------------------------------------------- for people */

enum { NAME = 10, FIGURE = 12 };

static double seconds(u64 ns)
{
	return (double)ns / 1e9;
}

static void print_bar(const struct blackout *b, enum phase which, u64 before,
		      unsigned int columns, bool unicode)
{
	double scale = (double)columns / (double)b->total_ns;
	unsigned int from = (unsigned int)((double)before * scale);
	unsigned int to =
		(unsigned int)((double)(before + b->phase_ns[which]) * scale);

	printf("%*s", (int)from, "");
	/* What was there at all is drawn. */
	do {
		fputs(unicode ? "█" : "#", stdout);
	} while (++from < to && from < columns);
}

static void print_trees(const struct blackout *b)
{
	if (b->trees_lost)
		printf("\n%llu kept tree%s lost on the way; `kho status` tells which, and why.\n",
		       (unsigned long long)b->trees_lost,
		       b->trees_lost == 1 ? " was" : "s were");
	if (b->trees_waiting)
		printf("\n%llu kept tree%s restored yet: for who needs %s it is not over.\n",
		       (unsigned long long)b->trees_waiting,
		       b->trees_waiting == 1 ? " is not" : "s are not",
		       b->trees_waiting == 1 ? "it" : "them");
}

void blackout_print(const struct blackout *b, unsigned int width, bool unicode)
{
	unsigned int columns =
		width > NAME + FIGURE + 20 ? width - NAME - FIGURE - 3 : 20;
	u64 before = 0;
	size_t i;

	if (b->services_ns)
		printf("Services took %.3f s to stop.\n",
		       seconds(b->services_ns));
	printf("Handover %llu since the cold boot, %s to %s: blackout %.3f s%s.\n\n",
	       (unsigned long long)b->count, *b->from ? b->from : "unknown",
	       b->to, seconds(b->total_ns),
	       b->by_clock ?
		       " (by the machine's clock, give or take a second)" :
		       "");
	for (i = 0; i < PHASES && b->total_ns; i++) {
		if (!b->phase_ns[i])
			continue;
		printf("%-*s %*.3f s ", NAME, phase_names[i], FIGURE - 2,
		       seconds(b->phase_ns[i]));
		print_bar(b, i, before, columns, unicode);
		putchar('\n');
		before += b->phase_ns[i];
	}
	print_trees(b);
}

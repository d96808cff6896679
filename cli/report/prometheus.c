// SPDX-License-Identifier: GPL-2.0
/* Metrics for Prometheus' node exporter. */
#include "cli/report/prometheus.h"

static void head(FILE *f, const char *name, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void gauge(FILE *f, const char *name, const char *help, u64 value)
{
	head(f, name, help);
	fprintf(f, "%s %llu\n", name, (unsigned long long)value);
}

static void put_status(FILE *f, const struct kho_ioctl_status *st)
{
	gauge(f, "kho_preserved_bytes", "Memory preserved for the next kernel.",
	      st->out_bytes);
	gauge(f, "kho_extents", "Extents that cover it, of 64.",
	      st->nr_extents);
	gauge(f, "kho_image_loaded", "Whether kho load has loaded an image.",
	      !!(st->flags & KHO_STATUS_IMAGE_LOADED));
	gauge(f, "kho_handovers", "Handovers since the last cold boot.",
	      st->kexec_count);
	gauge(f, "kho_incoming_accepted",
	      "Whether what the previous kernel left was accepted.",
	      !!(st->flags & KHO_STATUS_IN_ACCEPTED));
	gauge(f, "kho_incoming_refused",
	      "Whether what the previous kernel left was refused.",
	      !!(st->flags & KHO_STATUS_IN_REFUSED));
	gauge(f, "kho_incoming_bytes", "What came in with the last handover.",
	      st->in_bytes);
	gauge(f, "kho_incoming_unclaimed_bytes",
	      "What came in and nobody has claimed.", st->in_unclaimed_bytes);
	gauge(f, "kho_sessions", "Sessions that the next kernel gets.",
	      st->out_sessions);
	gauge(f, "kho_session_bytes", "What their files hold.",
	      st->out_session_bytes);
	gauge(f, "kho_incoming_sessions",
	      "Sessions that came in and nobody has finished.",
	      st->in_sessions);
}

static void put_losses(FILE *f, const struct session_losses *losses)
{
	gauge(f, "kho_sessions_closed",
	      "Sessions that were closed with files in them, of the last eight.",
	      losses->nr_closed);
	gauge(f, "kho_incoming_sessions_lost",
	      "Sessions that the previous kernel did not hand over.",
	      losses->nr_lost);
}

static void put_blackout(FILE *f, const struct blackout *b)
{
	size_t i;

	head(f, "kho_blackout_seconds",
	     "From the reboot of the old kernel until clients of the new one could go on.");
	fprintf(f, "kho_blackout_seconds %.6f\n", (double)b->total_ns / 1e9);
	if (b->services_ns) {
		head(f, "kho_services_seconds",
		     "How long services took to stop before it.");
		fprintf(f, "kho_services_seconds %.6f\n",
			(double)b->services_ns / 1e9);
	}
	head(f, "kho_phase_seconds", "Phases of the blackout.");
	for (i = 0; i < PHASES; i++)
		fprintf(f, "kho_phase_seconds{phase=\"%s\"} %.6f\n",
			phase_name(i), (double)b->phase_ns[i] / 1e9);
	head(f, "kho_ready_timestamp_seconds",
	     "When clients could go on, since 1970.");
	fprintf(f, "kho_ready_timestamp_seconds %.3f\n",
		(double)b->ready_time_ns / 1e9);
}

static u64 count(const struct kept_list *trees, u32 state, u64 *bytes)
{
	u64 nr = 0;
	size_t i;

	for (i = 0; i < trees->nr; i++) {
		if (trees->list[i].state != state)
			continue;
		nr++;
		*bytes += trees->list[i].bytes;
	}
	return nr;
}

/* What came in has a series for each state, also of those that no tree is in. */
static void put_trees(FILE *f, const struct kept_list *trees)
{
	u64 bytes = 0, nr = count(trees, KHO_KEPT_STATE_KEPT, &bytes);
	u32 state;

	gauge(f, "kho_trees", "Trees that the next kernel gets.", nr);
	gauge(f, "kho_tree_bytes", "What their file systems have.", bytes);
	head(f, "kho_incoming_trees",
	     "Trees that came in with the last handover and are not restored.");
	for (state = KHO_KEPT_STATE_WAITING; state <= KHO_KEPT_STATE_LOST;
	     state++)
		fprintf(f, "kho_incoming_trees{state=\"%s\"} %llu\n",
			kept_state_name(state),
			(unsigned long long)count(trees, state, &bytes));
}

char *prometheus_text(const struct kho_ioctl_status *st,
		      const struct blackout *b, const struct kept_list *trees,
		      const struct session_losses *losses)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = need(open_memstream(&text, &bytes));

	put_status(f, st);
	if (losses)
		put_losses(f, losses);
	if (trees)
		put_trees(f, trees);
	if (b)
		put_blackout(f, b);
	fclose(f);
	return need(text);
}

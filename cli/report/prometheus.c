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

char *prometheus_text(const struct kho_ioctl_status *st,
		      const struct blackout *b)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = need(open_memstream(&text, &bytes));

	put_status(f, st);
	if (b)
		put_blackout(f, b);
	fclose(f);
	return need(text);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Metrics for Prometheus' node exporter. */
#ifndef KHO_CLI_PROMETHEUS_H
#define KHO_CLI_PROMETHEUS_H

#include "cli/base/keptdev.h"
#include "cli/report/blackout.h"
#include "cli/session/list.h"

/**
 * prometheus_text() - metrics for the textfile collector of Prometheus' node exporter
 * @st: what the module says
 * @b: the handover that came in; NULL if none did, or its phases are not known
 * @trees: trees of both directions; NULL if they are not known
 * @losses: sessions that were lost; likewise
 *
 * Return: text to be freed.
 */
char *prometheus_text(const struct kho_ioctl_status *st,
		      const struct blackout *b, const struct kept_list *trees,
		      const struct session_losses *losses);

#endif /* KHO_CLI_PROMETHEUS_H */

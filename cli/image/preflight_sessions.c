// SPDX-License-Identifier: GPL-2.0
/* What sessions of /dev/liveupdate hold, and what was lost with those that were closed. */
#include "cli/image/preflight.h"
#include "cli/session/list.h"

static void say_held(struct image *im)
{
	const struct kho_ioctl_status *st = &im->status;
	char size[32];

	if (st->out_sessions)
		finding_ok(&im->findings, "sessions",
			   "%u session%s hold%s %s in files now",
			   st->out_sessions, st->out_sessions == 1 ? "" : "s",
			   st->out_sessions == 1 ? "s" : "",
			   human_bytes(st->out_session_bytes, size,
				       sizeof(size)));
}

static void note_closed(struct image *im, const struct session_losses *losses)
{
	autofree char *text = session_closed_text(losses);

	finding_note(
		&im->findings, "sessions-closed",
		"if that was no intention, start again what had them",
		"sessions were closed with files in them, which the next kernel will not get: %s",
		text);
}

void preflight_sessions(struct image *im)
{
	struct session_losses losses;

	if (im->dev < 0)
		return;
	say_held(im);
	session_losses_read(&losses);
	if (losses.nr_closed)
		note_closed(im, &losses);
	session_losses_free(&losses);
}

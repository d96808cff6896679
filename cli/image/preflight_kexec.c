// SPDX-License-Identifier: GPL-2.0
/*
 * kexec-tools of Debian: its script loads an image of its own at each reboot, if it is configured
 * so, and that takes the place of what kho loaded.
 */
#include <string.h>

#include "cli/image/preflight.h"

void preflight_kexec_tools(struct image *im)
{
	autofree char *text = sysinfo_text("/etc/default/kexec");
	const char *line = text, *value = NULL;

	while (line) {
		line += strspn(line, " \t");
		if (!strncmp(line, "LOAD_KEXEC=", 11))
			value = line + 11;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!value)
		return;
	value += strspn(value, "\"'");
	if (strncmp(value, "true", 4))
		return;
	finding_warning(
		&im->findings, "kexec-tools",
		"set LOAD_KEXEC=false there, or run `dpkg-reconfigure kexec-tools`",
		"kexec-tools loads an image of its own at a reboot (LOAD_KEXEC=true in /etc/default/kexec), with which everything that is preserved would be lost");
}

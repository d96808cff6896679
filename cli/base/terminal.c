// SPDX-License-Identifier: GPL-2.0
/* What the terminal can show. */
#include "cli/base/terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80 };

unsigned int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return (unsigned int)atoi(columns);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

bool terminal_unicode(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

bool terminal_color(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

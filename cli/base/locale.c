// SPDX-License-Identifier: GPL-2.0
/* What of the user's locale the tool follows. */
#include "cli/base/locale.h"

#include <locale.h>

void locale_begin(void)
{
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
}

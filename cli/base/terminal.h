/* SPDX-License-Identifier: GPL-2.0 */
/* What the terminal can show. */
#ifndef KHO_CLI_TERMINAL_H
#define KHO_CLI_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal that is stdout, or of COLUMNS; 80 if nobody tells. */
unsigned int terminal_width(void);
/* Does the locale have block characters? */
bool terminal_unicode(void);
/* Is stdout a terminal, and are colours wanted? */
bool terminal_color(void);

#endif /* KHO_CLI_TERMINAL_H */

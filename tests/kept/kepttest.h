/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEPTTEST_H
#define KEPTTEST_H

#include <stdbool.h>

/* Ends the program, with the name of errno, unless it holds. */
__attribute__((format(printf, 2, 3))) void must(bool holds, const char *format,
						...);

#endif /* KEPTTEST_H */

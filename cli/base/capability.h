/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this process may do.
 */
#ifndef KHO_CLI_CAPABILITY_H
#define KHO_CLI_CAPABILITY_H

#include <stdbool.h>

/* Does this process have the capability of this number? */
bool capability_have(unsigned int capability);

#endif /* KHO_CLI_CAPABILITY_H */

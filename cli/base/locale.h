/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What of the user's locale the tool follows.
 */
#ifndef KHO_CLI_LOCALE_H
#define KHO_CLI_LOCALE_H

/**
 * locale_begin() - characters and messages as the user has them, numbers never
 *
 * What is printed is read by programs, too: a picture, metrics, a table. A decimal comma is wrong
 * in all of them, so that no function need take care.
 */
void locale_begin(void);

#endif /* KHO_CLI_LOCALE_H */

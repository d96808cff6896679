/* SPDX-License-Identifier: GPL-2.0 */
/* A line on the terminal while the kernel is busy for us and tells nothing of how far it is. */
#ifndef KHO_CLI_TICKER_H
#define KHO_CLI_TICKER_H

/**
 * ticker_begin() - say what takes long, once a second has passed, and how long it takes
 * @what: in its -ing form; not copied
 *
 * Draws on stderr, and only if that is a terminal. One at a time.
 */
void ticker_begin(const char *what);
/* Takes the line away. */
void ticker_end(void);

#endif /* KHO_CLI_TICKER_H */

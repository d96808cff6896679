/* SPDX-License-Identifier: GPL-2.0 */
/* Which directories can be kept. */
#ifndef KHO_CLI_KEPT_KEEPABLE_H
#define KHO_CLI_KEPT_KEEPABLE_H

/**
 * kept_objection() - is there a reason never to keep a directory?
 * @dir: descriptor of it; O_PATH will do
 *
 * Return: why, as the end of a sentence, static storage; NULL: it may be kept as far as can be
 * told before the kernel is asked.
 */
const char *kept_objection(int dir);

/**
 * kept_explain() - why was a directory not kept?
 * @err: of keptdev_keep(), or of keptdev_done() with KHO_KEPT_DONE_KEEP
 *
 * Return: the end of a sentence, static storage.
 */
const char *kept_explain(int err);

#endif /* KHO_CLI_KEPT_KEEPABLE_H */

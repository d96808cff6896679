/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small directories as an archive (pax), with owners, modes, times, attributes and holes.
 */
#ifndef KHO_CLI_KEPT_TREETAR_H
#define KHO_CLI_KEPT_TREETAR_H

#include "cli/base/util.h"

/**
 * treetar_bytes() - how much an archive of a directory takes, at least
 * @path: directory
 * @bytes: filled on success
 *
 * Return: 0, or negative errno after saying why it cannot be looked into, or be put.
 */
int treetar_bytes(const char *path, u64 *bytes);

/**
 * treetar_pack() - write a directory as an archive
 * @path: directory; what is mounted in it is left out
 * @fd: where to write
 * @progress: begun
 *
 * Sockets are left out; that is said. Return: 0, or negative errno after saying why.
 */
int treetar_pack(const char *path, int fd, struct progress *progress);

/**
 * treetar_unpack() - make a directory of an archive, as a whole or not at all
 * @fd: the archive, from its beginning; it may be from anybody, and is checked before
 * @path: directory, which is not there or empty
 *
 * It is made beside it in a directory that only this user may enter, and renamed.
 *
 * Return: 0; -EBADMSG the archive is not good; another negative errno. Why was said.
 */
int treetar_unpack(int fd, const char *path);

#endif /* KHO_CLI_KEPT_TREETAR_H */

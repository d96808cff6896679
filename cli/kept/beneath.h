/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opening what is in a directory, and nothing that a link or a mount there leads to.
 */
#ifndef KHO_CLI_KEPT_BENEATH_H
#define KHO_CLI_KEPT_BENEATH_H

#include <sys/types.h>

/**
 * beneath_open() - open a file of a directory
 * @dir: descriptor of the directory
 * @path: name, or path of less than PATH_MAX bytes
 * @flags: of open(2); O_NOFOLLOW and O_CLOEXEC are added. With O_PATH a symbolic link itself
 * @mode: with O_CREAT: of the new file
 *
 * Return: descriptor, or negative errno: -ELOOP there is a link on the way, -EXDEV a mount point.
 */
int beneath_open(int dir, const char *path, int flags, mode_t mode);

/* The same for a path of any length; it is changed meanwhile. */
int beneath_open_long(int dir, char *path, int flags);

/* Lets this process have so many descriptors open, where it may. */
void beneath_need_descriptors(unsigned int nr);

#endif /* KHO_CLI_KEPT_BENEATH_H */

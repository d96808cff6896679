/* SPDX-License-Identifier: GPL-2.0 */
/*
 * May this process load a kernel on this machine?
 */
#ifndef KHO_CLI_PERMISSION_H
#define KHO_CLI_PERMISSION_H

#include "cli/image/findings.h"
#include "cli/image/kexecload.h"

/**
 * permission_check() - capability, sysctls and lockdown
 * @f: findings are added
 * @wanted: system call that the user wants
 *
 * Return: the one that a load uses, never KEXEC_AUTO.
 */
enum kexec_call permission_check(struct findings *f, enum kexec_call wanted);

/* Is the kernel locked down? As far as it shows that. */
bool permission_locked_down(void);

/**
 * permission_check_encryption() - memory encryption of the machine
 * @f: a finding is added if it stands in the way
 */
void permission_check_encryption(struct findings *f);

#endif /* KHO_CLI_PERMISSION_H */

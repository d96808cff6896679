/* SPDX-License-Identifier: GPL-2.0 */
/*
 * May this process load a kernel on this machine?
 */
#ifndef KHO_CLI_PERMISSION_H
#define KHO_CLI_PERMISSION_H

#include "cli/image/findings.h"

/**
 * permission_check() - capability, sysctls and lockdown
 * @f: findings are added
 */
void permission_check(struct findings *f);

/**
 * permission_check_encryption() - memory encryption of the machine
 * @f: a finding is added if it stands in the way
 */
void permission_check_encryption(struct findings *f);

#endif /* KHO_CLI_PERMISSION_H */

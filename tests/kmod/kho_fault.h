/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KHO_FAULT_H
#define KHO_FAULT_H

#include <linux/types.h>

void kho_fault_arm(unsigned int nth);
bool kho_fault_disarm(void);

#endif /* KHO_FAULT_H */

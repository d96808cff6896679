/* SPDX-License-Identifier: GPL-2.0 */
/* Functions of the kernel that go through functions of ours; inside of image/. */
#ifndef KHO_KMOD_HOOK_H
#define KHO_KMOD_HOOK_H

#include <linux/ftrace.h>
#include <linux/types.h>

/**
 * struct kho_hook - one function of the kernel that is redirected
 * @ops: of ftrace
 * @symbol: the function
 * @to: a function of ours with the same arguments; each call of it holds a reference on this
 *   module, which it drops with kho_hook_done() before it returns
 * @addr: of the function; 0 if it is not known
 * @on: calls come to @to
 * @problem: why they cannot, for the log: what follows its name; NULL if they can
 */
struct kho_hook {
	struct ftrace_ops ops;
	const char *symbol;
	void *to;
	unsigned long addr;
	bool on;
	const char *problem;
};

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_REGS
void kho_hook_redirect(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs);

/*
 * Another place to go on at needs all registers, and that nobody else does the same.
 * kernel.ftrace_enabled=0 is refused meanwhile.
 */
#define KHO_HOOK_OPS                                                        \
	{                                                                   \
		.func = kho_hook_redirect,                                  \
		.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | \
			 FTRACE_OPS_FL_PERMANENT,                           \
	}
#else
#define KHO_HOOK_OPS \
	{            \
	}
#endif

#define KHO_HOOK(_symbol, _to)                                        \
	{                                                             \
		.ops = KHO_HOOK_OPS, .symbol = (_symbol), .to = (_to) \
	}

int kho_hook_find(struct kho_hook *h);
int kho_hook_on(struct kho_hook *h);
void kho_hook_off(struct kho_hook *h);
void kho_hook_done(void);

#endif /* KHO_KMOD_HOOK_H */

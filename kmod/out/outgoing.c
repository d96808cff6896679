// SPDX-License-Identifier: GPL-2.0
/*
 * The outgoing side, put together: wire area, tree and subtrees, and who listens to the kernel.
 * Each file of this room uses those below it:
 *
 *   outgoing    init and exit
 *   notify      the kernel reboots, a module goes, memory is plugged
 *   bad         preserved pages that went bad
 *   check       what the next kernel would say
 *   subtree     blobs that clients name
 *   preserve    tracker and cover
 *   arena       pages for the tracker's nodes
 *   wire        what the next kernel reads
 *   fit         pages for these two
 *
 * Where a lower one must tell a higher one something, the higher one hands down a function.
 */

#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

static int out_fill(u32 kexec_count)
{
	int ret;

	kho_wire_fill(kho_tree_phys(), kexec_count);
	ret = kho_preserve_wire();
	return ret ?: kho_subtrees_init();
}

static int out_setup(u32 kexec_count)
{
	int ret;

	ret = kho_preserve_init(kho_subtrees_mark);
	if (ret)
		return ret;
	ret = kho_wire_alloc(kho_out_cover);
	if (ret)
		goto err_preserve;
	ret = kho_arena_init(kho_out_cover_nodes);
	if (ret)
		goto err_wire;
	ret = kho_tree_init();
	if (ret)
		goto err_arena;
	ret = out_fill(kexec_count);
	if (ret)
		goto err_subtrees;
	ret = kho_bad_init();
	if (ret)
		goto err_subtrees;
	return 0;

err_subtrees:
	kho_subtrees_exit();
	kho_tree_exit();
err_arena:
	kho_arena_exit();
err_wire:
	kho_wire_free();
err_preserve:
	kho_preserve_exit();
	return ret;
}

static void out_teardown(void)
{
	kho_bad_exit();
	kho_subtrees_exit();
	kho_tree_exit();
	kho_arena_exit();
	kho_wire_free();
	kho_preserve_exit();
}

/**
 * kho_out_init() - make an empty handover
 * @kexec_count: its number since the last cold boot, from 1
 *
 * Return: 0, -ENOMEM, -ENODEV (no RAM is named).
 */
int kho_out_init(u32 kexec_count)
{
	int ret;

	scoped_guard(mutex, &kho_out_lock)
		ret = out_setup(kexec_count);
	if (ret)
		return ret;
	kho_out_stamp(KHO_STAMP_MODULE_LOAD);
	ret = kho_notify_init();
	if (!ret)
		return 0;
	guard(mutex)(&kho_out_lock);
	out_teardown();
	return ret;
}

/**
 * kho_out_exit() - undo kho_out_init(); no client has state here
 */
void kho_out_exit(void)
{
	kho_notify_exit();
	guard(mutex)(&kho_out_lock);
	out_teardown();
}

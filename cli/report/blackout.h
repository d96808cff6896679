/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The blackout of a handover by phase, across both kernels.
 */
#ifndef KHO_CLI_BLACKOUT_H
#define KHO_CLI_BLACKOUT_H

#include <json-c/json.h>
#include <linux/kho.h>

#include "cli/base/keptdev.h"

enum phase {
	PHASE_SHUTDOWN, /* old kernel: from the reboot notifiers until everything is shut down */
	PHASE_JUMP, /* from there until the clocks of the new kernel run */
	PHASE_KERNEL, /* until its init starts */
	PHASE_INITRAMFS, /* until the root file system's init, or the kho module, starts */
	PHASE_USERSPACE, /* from there until the kho module starts */
	PHASE_RESTORE, /* checking what came in, until clients can use it */
	PHASES
};

/**
 * struct boot_instants - when this kernel's boot was how far
 * @init_ns: the first process started, CLOCK_BOOTTIME; 0 = not known
 * @userspace_ns: the root file system's init started, as systemd tells; 0 = not known
 * @boot_id: of this boot
 * @release: of this kernel
 */
struct boot_instants {
	u64 init_ns;
	u64 userspace_ns;
	char boot_id[40];
	char release[72];
};

/**
 * struct blackout - one handover
 * @from: release of the old kernel
 * @to: release of the new one
 * @boot_id: of the boot that took over; says which handover it is
 * @count: handovers since the last cold boot
 * @ready_time_ns: CLOCK_REALTIME when clients could use what came in
 * @bytes: what came in
 * @phase_ns: how long each phase was; 0 = not known, or there was none
 * @total_ns: all of it
 * @services_ns: how long services took to stop before it; 0 = not known
 * @trees_lost: kept trees of it that were not handed over, or were damaged
 * @trees_waiting: ... that nobody had restored by then
 * @by_clock: PHASE_JUMP, and the total, come from the machine's clock, which counts seconds
 */
struct blackout {
	char from[72];
	char to[72];
	char boot_id[40];
	u64 count;
	u64 ready_time_ns;
	u64 bytes;
	u64 phase_ns[PHASES];
	u64 total_ns;
	u64 services_ns;
	u64 trees_lost;
	u64 trees_waiting;
	bool by_clock;
};

/**
 * blackout_compute() - work out the phases
 * @b: filled
 * @st: what the module says
 * @boot: what else is known
 *
 * Return: false if nothing came in, or the previous kernel left no instants.
 */
bool blackout_compute(struct blackout *b, const struct kho_ioctl_status *st,
		      const struct boot_instants *boot);

/* Counts those of the last handover. */
void blackout_count_trees(struct blackout *b, const struct kept_list *trees);

/* What the running system tells of its boot. */
void boot_instants_read(struct boot_instants *boot);

const char *phase_name(enum phase which);

struct json_object *blackout_json(const struct blackout *b);
/* Return: is it one? What is missing or of another type counts as 0. */
bool blackout_from_json(struct blackout *b, struct json_object *o);

/* A bar of the phases with a line for each; @width columns. */
void blackout_print(const struct blackout *b, unsigned int width, bool unicode);

#endif /* KHO_CLI_BLACKOUT_H */

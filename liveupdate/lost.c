// SPDX-License-Identifier: GPL-2.0
/*
 * What could not be handed over, or was closed before, and why: a page of text that the next
 * kernel logs, and shows in debugfs. What has no room there is in the log of this kernel only.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "core/luo.h"
#include "luo.h"

/* Consoles can be slow, and the machine is waited for. */
#define MAX_LOGGED 16

static struct luo_lost_ser *out_lost;
/* Of its text. A worker that was given up may be about to write, too. */
static DEFINE_SPINLOCK(text_lock);
static unsigned int nr_lost;
static char in_text[LUO_LOST_TEXT_SIZE + 1];

/* Adds a line, as far as there is room. */
static __printf(1, 2) void append(const char *fmt, ...)
{
	va_list args;
	u64 used;
	int n;

	va_start(args, fmt);
	spin_lock(&text_lock);
	used = out_lost->bytes;
	n = vscnprintf(out_lost->text + used, sizeof(out_lost->text) - used,
		       fmt, args);
	/* The machine may jump at any instant: what is counted is there. */
	smp_wmb();
	WRITE_ONCE(out_lost->bytes, used + n);
	spin_unlock(&text_lock);
	va_end(args);
}

/**
 * luo_lost_add() - note that a session is not handed over
 * @session: name
 * @err: why: error of the handler
 * @token: of the file that could not be frozen
 *
 * Context: the machine is about to jump.
 */
void luo_lost_add(const char *session, int err, u64 token)
{
	if (nr_lost++ < MAX_LOGGED)
		pr_crit("session \"%*pE\" is not handed over: the file with token %#llx could not be frozen, error %d\n",
			(int)strlen(session), session, token, err);
	append("%s: token %#llx: error %d\n", session, token, err);
}

/**
 * luo_lost_add_closed() - note that a session with files was closed in this kernel
 * @session: name
 * @nr_files: that it had
 * @seconds: how long ago
 *
 * Context: the machine is about to jump.
 */
void luo_lost_add_closed(const char *session, u64 nr_files, u64 seconds)
{
	append("%s: closed %llu s before, with %llu files\n", session, seconds,
	       nr_files);
}

static void read_incoming(void)
{
	const struct luo_lost_ser *lost;
	struct kho_refusal r;
	phys_addr_t phys;
	char *line, *rest = in_text;
	size_t bytes;
	int ret;

	if (kho_retrieve_subtree(LUO_LOST_SUBTREE, &phys, &bytes))
		return;
	kho_waiting_begin();
	lost = kho_waiting_page(phys);
	ret = kho_luo_lost_check(lost, phys, bytes, &r);
	if (!ret)
		memcpy(in_text, lost->text, lost->bytes);
	kho_waiting_end();
	if (ret) {
		kho_client_refused(LUO_LOST_SUBTREE ": ", &r);
		return;
	}
	kho_restore_free(phys_to_virt(phys));
	while ((line = strsep(&rest, "\n")))
		if (*line)
			pr_warn("the previous kernel did not hand over a session: %*pE\n",
				(int)strlen(line), line);
}

/**
 * luo_lost_show() - tell what the previous kernel did not hand over
 * @m: where to
 */
void luo_lost_show(struct seq_file *m)
{
	const char *line = in_text, *end = in_text + sizeof(in_text);

	/* The log took the lines apart. */
	for (; line < end && *line; line += strlen(line) + 1) {
		seq_escape(m, line, "\t\\");
		seq_putc(m, '\n');
	}
}

int luo_lost_init(void)
{
	int ret;

	read_incoming();
	out_lost = kho_alloc_preserve(sizeof(*out_lost));
	if (IS_ERR(out_lost))
		return PTR_ERR(out_lost);
	out_lost->magic = LUO_LOST_MAGIC;
	ret = kho_add_subtree(LUO_LOST_SUBTREE, out_lost, sizeof(*out_lost));
	if (ret)
		kho_unpreserve_free(out_lost);
	return ret;
}

void luo_lost_exit(void)
{
	kho_remove_subtree(out_lost);
	kho_unpreserve_free(out_lost);
}

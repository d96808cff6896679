// SPDX-License-Identifier: GPL-2.0
/*
 * Hands over sessions that no orchestrator would write, for the scenario luo-forged; in place of
 * liveupdate.ko. The parameter `what` is
 *
 *   files     a session of files in memory one of whose pages is what they are described in: the
 *             description, the chunk of the list of folios, the list (tokens 1 to 3), and a good
 *             one (4)
 *   sessions  two sessions with one list of files
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>

#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/memfd.h>

static char *what = "";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "see the head of luo_forge.c");

enum { NR_PAGES = 3 };

/* In each page; the last is not full, and what is read of the file first. */
static const char text[] = "forged";

/* Nothing that was made is freed: the machine jumps. */
static void *new_page(void)
{
	void *page = kho_alloc_preserve(PAGE_SIZE);

	return IS_ERR(page) ? NULL : page;
}

static struct luo_ser *head;
static struct kho_block_header_ser *sessions, *files;

static bool make_lists(void)
{
	head = new_page();
	sessions = new_page();
	files = new_page();
	if (!head || !sessions || !files)
		return false;
	strscpy(head->compatible, LUO_COMPATIBLE, sizeof(head->compatible));
	head->liveupdate_num = 1;
	head->sessions_pa = virt_to_phys(sessions);
	return true;
}

/* A session with the files that there are now. */
static void add_session(const char *name)
{
	struct luo_session_ser *s = (void *)(sessions + 1);

	s += sessions->count++;
	strscpy(s->name, name, sizeof(s->name));
	s->file_set.files = virt_to_phys(files);
	s->file_set.count = files->count;
}

static void add_file(u64 data)
{
	struct luo_file_ser *f = (void *)(files + 1);

	f += files->count++;
	strscpy(f->compatible, MEMFD_LUO_FH_COMPATIBLE, sizeof(f->compatible));
	f->data = data;
	f->token = files->count;
}

struct forged {
	struct memfd_luo_ser *ser;
	struct kho_vmalloc_chunk *chunk;
	struct memfd_luo_folio_ser *folio;
};

static void put_folio(struct memfd_luo_folio_ser *folio, void *page)
{
	folio->pfn_flags = PHYS_PFN(virt_to_phys(page)) |
			   MEMFD_LUO_FOLIO_DIRTY | MEMFD_LUO_FOLIO_UPTODATE;
}

static bool add_memfd(struct forged *f)
{
	unsigned int i;

	f->ser = new_page();
	f->chunk = new_page();
	f->folio = new_page();
	if (!f->ser || !f->chunk || !f->folio)
		return false;
	f->chunk->phys[0] = virt_to_phys(f->folio);
	f->ser->pos = (NR_PAGES - 1) * PAGE_SIZE;
	f->ser->size = f->ser->pos + sizeof(text);
	f->ser->nr_folios = NR_PAGES;
	f->ser->folios = (struct kho_vmalloc){
		.first = virt_to_phys(f->chunk),
		.total_pages = 1,
		.flags = KHO_VMALLOC_ALLOC,
	};
	for (i = 0; i < NR_PAGES; i++) {
		char *page = new_page();

		if (!page)
			return false;
		memcpy(page, text, sizeof(text));
		put_folio(&f->folio[i], page);
		f->folio[i].index = i;
	}
	add_file(virt_to_phys(f->ser));
	return true;
}

static bool forge_files(void)
{
	struct forged f[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(f); i++)
		if (!add_memfd(&f[i]))
			return false;
	put_folio(&f[0].folio[0], f[0].ser);
	put_folio(&f[1].folio[0], f[1].chunk);
	put_folio(&f[2].folio[0], f[2].folio);
	add_session("forged");
	return true;
}

static bool forge_sessions(void)
{
	struct forged f;

	if (!add_memfd(&f))
		return false;
	add_session("one");
	add_session("another");
	return true;
}

static int __init forge_init(void)
{
	bool is_files = !strcmp(what, "files");

	if (!is_files && strcmp(what, "sessions"))
		return -EINVAL;
	if (!make_lists() || !(is_files ? forge_files() : forge_sessions()))
		return -ENOMEM;
	return kho_add_subtree(LUO_KHO_SUBTREE, head, sizeof(*head));
}
module_init(forge_init);

MODULE_DESCRIPTION("Test: sessions that no orchestrator would write");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * A client as a driver would be: it saves folios of random orders and contents when it is loaded,
 * and when it is loaded in the next kernel, it takes them over, checks them and frees them. The
 * log says "KHO restore succeeded" or "KHO restore failed".
 *
 * It uses the in-kernel interface only. What it saved is described by an FDT:
 *
 *   / {
 *           compatible = "kho-test-v1";
 *           magic = <u32>;
 *           data {
 *                   nr_folios = <u32>;
 *                   folios_info = <struct kho_vmalloc>;   addresses of the folios, their orders
 *                   in csum = <u32>;                         the lowest bits
 *           };
 *   };
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>
#include <linux/kho/abi/kexec_handover.h>

#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/vmalloc.h>
#include <net/checksum.h>

#define TEST_SUBTREE "kho_test"
#define TEST_COMPATIBLE "kho-test-v1"
#define TEST_MAGIC 0x4b484f21
#define TEST_MAX_ORDER ilog2(MAX_ORDER_NR_PAGES)

static long max_mem = 2 * (PAGE_SIZE << TEST_MAX_ORDER);
module_param(max_mem, long, 0644);
MODULE_PARM_DESC(max_mem, "bytes of folios to save");

/**
 * struct test_state - what is saved for the next kernel
 * @folios: address of each folio, its order in the lowest bits; in vmalloc memory
 * @info: how @folios is preserved
 * @nr_folios: how many
 * @csum: of the contents of all of them, in order
 * @fdt: blob of the subtree
 */
struct test_state {
	phys_addr_t *folios;
	struct kho_vmalloc info;
	u32 nr_folios;
	u32 csum;
	void *fdt;
};

static struct test_state saved;

static phys_addr_t entry_phys(phys_addr_t entry)
{
	return entry & PAGE_MASK;
}

static unsigned int entry_order(phys_addr_t entry)
{
	return entry & ~PAGE_MASK;
}

static u32 add_to_csum(u32 csum, struct folio *folio)
{
	return (__force u32)csum_partial(
		folio_address(folio), folio_size(folio), (__force __wsum)csum);
}

/* --- FDT, as far as it is needed here */

enum {
	FDT_MAGIC_NUMBER = 0xd00dfeed,
	FDT_TOKEN_BEGIN = 1,
	FDT_TOKEN_END = 2,
	FDT_TOKEN_PROP = 3,
	FDT_TOKEN_NOP = 4,
	FDT_TOKEN_DONE = 9,
	FDT_WORDS_OF_HEADER = 10,
};

/* Names of properties; their offsets are those in this string. */
static const char fdt_names[] =
	"compatible\0magic\0nr_folios\0folios_info\0csum";

struct fdt_out {
	__be32 *start;
	__be32 *at;
};

static void put_word(struct fdt_out *out, u32 word)
{
	*out->at++ = cpu_to_be32(word);
}

static void put_bytes(struct fdt_out *out, const void *bytes, size_t size)
{
	memcpy(out->at, bytes, size);
	out->at += DIV_ROUND_UP(size, sizeof(*out->at));
}

static void put_node(struct fdt_out *out, const char *name)
{
	put_word(out, FDT_TOKEN_BEGIN);
	put_bytes(out, name, strlen(name) + 1);
}

static u32 name_offset(const char *name)
{
	u32 at = 0;

	while (strcmp(fdt_names + at, name))
		at += strlen(fdt_names + at) + 1;
	return at;
}

static void put_prop(struct fdt_out *out, const char *name, const void *value,
		     size_t size)
{
	put_word(out, FDT_TOKEN_PROP);
	put_word(out, size);
	put_word(out, name_offset(name));
	put_bytes(out, value, size);
}

/* @page is zeroed, and more than enough. Returns the size. */
static u32 write_fdt(void *page, const struct test_state *s)
{
	enum { STRUCT_AT = FDT_WORDS_OF_HEADER * 4 + 16 };
	struct fdt_out out = { page, page + STRUCT_AT };
	struct fdt_out header = { page, page };
	const u32 magic = TEST_MAGIC;
	u32 names_at, size;

	put_node(&out, "");
	put_prop(&out, "compatible", TEST_COMPATIBLE, sizeof(TEST_COMPATIBLE));
	put_prop(&out, "magic", &magic, sizeof(magic));
	put_node(&out, "data");
	put_prop(&out, "nr_folios", &s->nr_folios, sizeof(s->nr_folios));
	put_prop(&out, "folios_info", &s->info, sizeof(s->info));
	put_prop(&out, "csum", &s->csum, sizeof(s->csum));
	put_word(&out, FDT_TOKEN_END);
	put_word(&out, FDT_TOKEN_END);
	put_word(&out, FDT_TOKEN_DONE);
	names_at = (void *)out.at - page;
	put_bytes(&out, fdt_names, sizeof(fdt_names));
	size = (void *)out.at - page;

	put_word(&header, FDT_MAGIC_NUMBER);
	put_word(&header, size);
	put_word(&header, STRUCT_AT);
	put_word(&header, names_at);
	put_word(&header, FDT_WORDS_OF_HEADER * 4);
	put_word(&header, 17);
	put_word(&header, 16);
	put_word(&header, 0);
	put_word(&header, sizeof(fdt_names));
	put_word(&header, names_at - STRUCT_AT);
	return size;
}

static u32 header_word(const void *fdt, unsigned int nr)
{
	return be32_to_cpup((const __be32 *)fdt + nr);
}

/* The blob is at most one page, and so is everything it speaks of. */
static bool fdt_is_sane(const void *fdt, size_t size)
{
	return size >= FDT_WORDS_OF_HEADER * 4 && size <= PAGE_SIZE &&
	       header_word(fdt, 0) == FDT_MAGIC_NUMBER &&
	       header_word(fdt, 1) <= size && header_word(fdt, 2) < size &&
	       header_word(fdt, 3) < size;
}

static const char *fdt_string(const void *fdt, size_t size, size_t at)
{
	return at < size && strnlen(fdt + at, size - at) < size - at ?
		       fdt + at :
		       NULL;
}

/*
 * The value of property @name, which has @bytes, of the node that is @depth deep and the first
 * there; NULL if it is missing.
 */
static const void *get_prop(const void *fdt, size_t size, unsigned int depth,
			    const char *name, u32 bytes)
{
	size_t at = header_word(fdt, 2);
	unsigned int now = 0;
	const char *string;

	while (at + 12 <= size) {
		const __be32 *token = fdt + at;
		u32 len;

		at += 4;
		switch (be32_to_cpu(token[0])) {
		case FDT_TOKEN_BEGIN:
			string = fdt_string(fdt, size, at);
			if (!string)
				return NULL;
			at = ALIGN(at + strlen(string) + 1, 4);
			now++;
			break;
		case FDT_TOKEN_PROP:
			len = be32_to_cpu(token[1]);
			at += 8;
			string = fdt_string(fdt, size,
					    (size_t)header_word(fdt, 3) +
						    be32_to_cpu(token[2]));
			if (!string || len > size - at)
				return NULL;
			if (now == depth && len == bytes &&
			    !strcmp(string, name))
				return fdt + at;
			at = ALIGN(at + len, 4);
			break;
		case FDT_TOKEN_END:
			now--;
			break;
		case FDT_TOKEN_NOP:
			break;
		default:
			return NULL;
		}
	}
	return NULL;
}

/* --- save */

static struct folio *random_folio(unsigned int order)
{
	struct page *page =
		alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, order);

	if (!page)
		return NULL;
	get_random_bytes(page_address(page), PAGE_SIZE << order);
	return page_folio(page);
}

static int save_folio(struct test_state *s, unsigned int order)
{
	struct folio *folio = random_folio(order);
	int err;

	if (!folio)
		return -ENOMEM;
	err = kho_preserve_folio(folio);
	if (err) {
		folio_put(folio);
		return err;
	}
	s->csum = add_to_csum(s->csum, folio);
	s->folios[s->nr_folios++] = page_to_phys(&folio->page) | order;
	return 0;
}

static int save_folios(struct test_state *s)
{
	long left = max_mem;
	int err = 0;

	while (left > 0 && !err) {
		unsigned int order = get_random_u32() % (TEST_MAX_ORDER + 1);

		order = min_t(unsigned int, order, get_order(left));
		err = save_folio(s, order);
		left -= PAGE_SIZE << order;
		cond_resched();
	}
	return err;
}

static void unsave(struct test_state *s)
{
	if (s->fdt) {
		kho_remove_subtree(s->fdt);
		kho_unpreserve_free(s->fdt);
	}
	while (s->nr_folios--) {
		phys_addr_t phys = entry_phys(s->folios[s->nr_folios]);
		struct folio *folio = page_folio(pfn_to_page(PHYS_PFN(phys)));

		kho_unpreserve_folio(folio);
		folio_put(folio);
	}
	if (s->info.total_pages)
		kho_unpreserve_vmalloc(&s->info);
	vfree(s->folios);
	memset(s, 0, sizeof(*s));
}

static int save(struct test_state *s)
{
	int err;

	s->folios = vmalloc(array_size(DIV_ROUND_UP(max_mem, PAGE_SIZE) + 1,
				       sizeof(*s->folios)));
	if (!s->folios)
		return -ENOMEM;
	/* Preserved before it is filled: what is written later travels as well. */
	err = kho_preserve_vmalloc(s->folios, &s->info);
	if (!err)
		err = save_folios(s);
	if (err)
		goto err_unsave;
	s->fdt = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(s->fdt)) {
		err = PTR_ERR(s->fdt);
		s->fdt = NULL;
		goto err_unsave;
	}
	err = kho_add_subtree(TEST_SUBTREE, s->fdt, write_fdt(s->fdt, s));
	if (err)
		goto err_unsave;
	pr_info("saved %u folios\n", s->nr_folios);
	return 0;

err_unsave:
	unsave(s);
	return err;
}

/* --- restore */

static int read_fdt(const void *fdt, size_t size, struct test_state *s)
{
	const char *compatible;
	const void *magic, *nr, *info, *csum;

	if (!fdt_is_sane(fdt, size))
		return -EINVAL;
	compatible =
		get_prop(fdt, size, 1, "compatible", sizeof(TEST_COMPATIBLE));
	magic = get_prop(fdt, size, 1, "magic", sizeof(u32));
	nr = get_prop(fdt, size, 2, "nr_folios", sizeof(s->nr_folios));
	info = get_prop(fdt, size, 2, "folios_info", sizeof(s->info));
	csum = get_prop(fdt, size, 2, "csum", sizeof(s->csum));
	if (!compatible || strcmp(compatible, TEST_COMPATIBLE) || !magic ||
	    *(u32 *)magic != TEST_MAGIC || !nr || !info || !csum)
		return -EINVAL;
	memcpy(&s->nr_folios, nr, sizeof(s->nr_folios));
	memcpy(&s->info, info, sizeof(s->info));
	memcpy(&s->csum, csum, sizeof(s->csum));
	return 0;
}

/* Takes over and frees every folio, adding up their contents. */
static int restore_folios(const struct test_state *s, u32 *csum)
{
	u32 i;

	for (i = 0; i < s->nr_folios; i++) {
		phys_addr_t phys = entry_phys(s->folios[i]);
		struct folio *folio = kho_restore_folio(phys);

		if (!folio) {
			pr_err("folio %u at %pa did not come in\n", i, &phys);
			return -EINVAL;
		}
		if (folio_order(folio) != entry_order(s->folios[i])) {
			pr_err("folio %u at %pa has order %u, not %u\n", i,
			       &phys, folio_order(folio),
			       entry_order(s->folios[i]));
			return -EINVAL;
		}
		*csum = add_to_csum(*csum, folio);
		folio_put(folio);
		cond_resched();
	}
	return 0;
}

static int restore(phys_addr_t phys, size_t size)
{
	struct folio *fdt = kho_restore_folio(phys);
	struct test_state s = {};
	u32 csum = 0;
	int err;

	if (!fdt)
		return -EINVAL;
	err = read_fdt(folio_address(fdt), size, &s);
	folio_put(fdt);
	if (err)
		return err;
	s.folios = kho_restore_vmalloc(&s.info);
	if (!s.folios)
		return -EINVAL;
	if (s.nr_folios >
	    (size_t)s.info.total_pages * PAGE_SIZE / sizeof(*s.folios))
		err = -EINVAL;
	else
		err = restore_folios(&s, &csum);
	vfree(s.folios);
	return err ?: csum == s.csum ? 0 : -EINVAL;
}

static int __init kho_test_init(void)
{
	phys_addr_t phys;
	size_t size;
	int err;

	if (!kho_is_enabled() || max_mem <= 0)
		return 0;
	if (kho_retrieve_subtree(TEST_SUBTREE, &phys, &size))
		return save(&saved);
	err = restore(phys, size);
	if (err)
		pr_err("KHO restore failed\n");
	else
		pr_info("KHO restore succeeded\n");
	return err;
}
module_init(kho_test_init);

static void __exit kho_test_exit(void)
{
	if (saved.fdt)
		unsave(&saved);
}
module_exit(kho_test_exit);

MODULE_DESCRIPTION(
	"Save folios for the next kernel, and check those of the previous one");
MODULE_LICENSE("GPL");

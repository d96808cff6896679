// SPDX-License-Identifier: GPL-2.0
/*
 * Before a load: can the kernel be made ready to run, so that nobody waits for it to unpack
 * itself? Whatever its boot code would do besides is looked at here, and done or refused.
 */
#include <cpuid.h>
#include <string.h>

#include "cli/base/ticker.h"
#include "cli/image/cmdline.h"
#include "cli/image/image.h"

/* CPUID 7, ECX: the processor has page tables of five levels. */
#define CPUID_LA57 (1U << 16)
/* Boot code finds a word wherever it stands, also behind "--", and takes no other spelling. */
static bool line_has_word(const char *line, const char *word)
{
	static const char blanks[] = " \t\n\v\f\r";
	size_t bytes = strlen(word), n;

	for (line += strspn(line, blanks); *line;
	     line += strspn(line, blanks)) {
		n = strcspn(line, blanks);
		if (n == bytes && !memcmp(line, word, n))
			return true;
		line += n;
	}
	return false;
}

static bool wants_kaslr(const struct image *im)
{
	return !line_has_word(im->cmdline, "nokaslr");
}

static bool has_la57(void)
{
	u32 a, b, c = 0, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & CPUID_LA57;
}

/* Boot code goes from one kind of page tables to the other; a kernel takes what there is. */
static bool changes_paging(const struct image *im)
{
	bool wanted = im->bz.xloadflags & BZ_XLF_5LEVEL_ENABLED && has_la57() &&
		      !line_has_word(im->cmdline, "no5lvl");

	return wanted != sysinfo_cpu_flag("la57");
}

/* Boot code sets up encryption, and accepts memory. Hosts have the flags of SEV, too. */
static bool is_confidential(void)
{
	return sysinfo_cpu_flag("tdx_guest") ||
	       (sysinfo_cpu_flag("hypervisor") &&
		(sysinfo_cpu_flag("sev") || sysinfo_cpu_flag("sev_es") ||
		 sysinfo_cpu_flag("sev_snp")));
}

/* Why it cannot be, whatever is in the file: the end of a sentence, or NULL. */
static const char *machine_obstacle(const struct image *im)
{
	if (im->call == KEXEC_FILE)
		return "kexec_file_load(2) takes its file as it is, with its signature";
	if (cmdline_has(im->cmdline, "mem_encrypt", NULL))
		return "its boot code acts on mem_encrypt= on its command line";
	if (cmdline_has(im->cmdline, "movable_node", NULL))
		return "its boot code acts on movable_node on its command line";
	if (is_confidential())
		return "its boot code sets up the encryption of memory (SEV or TDX)";
	if (changes_paging(im))
		return "it is to run with other page tables than this kernel (no5lvl)";
	return NULL;
}

/* Unpacked, where it is loaded, and maybe in the kernel's copy. To be freed. */
static char *memory_obstacle(const struct image *im)
{
	u64 wanted = ahead_bytes(&im->bz, im->kernel_file.data);
	u64 available = sysinfo_mem_available();
	char a[32], b[32];

	if (wanted && !image_in_place(im))
		wanted += im->bz.init_bytes;
	if (!available || available > wanted + AHEAD_LEAVES)
		return NULL;
	return format("that takes %s, of %s that are available",
		      human_bytes(wanted, a, sizeof(a)),
		      human_bytes(available, b, sizeof(b)));
}

/* Why it is not ready to run now, to be freed; NULL if it is. */
static char *make_ready(struct image *im)
{
	const char *why = machine_obstacle(im);
	char *memory;

	if (why)
		return format("%s", why);
	memory = memory_obstacle(im);
	if (memory)
		return memory;
	ticker_begin("unpacking the kernel");
	why = ahead_unpack(&im->ahead, &im->bz, im->kernel_file.data,
			   wants_kaslr(im));
	ticker_end();
	return why ? format("%s", why) : NULL;
}

static void say_ready(struct image *im)
{
	char size[32];

	human_bytes(im->ahead.memory_bytes, size, sizeof(size));
	finding_ok(
		&im->findings, "ahead",
		"the kernel is unpacked and adjusted now (%s), %s, and not in the blackout",
		size,
		im->ahead.kaslr ?
			"at a random address" :
		wants_kaslr(im) ?
			"at the only address that it can run at" :
			"at the address that it was linked for (nokaslr)");
}

static void say_not_ready(struct image *im)
{
	if (im->ahead.damaged)
		finding_at(&im->findings, image_doubt(im), "kernel-damaged",
			   "get the file anew", "%s would not start, since %s",
			   im->opt.kernel, im->ahead_why_not);
	else if (im->opt.ahead == AHEAD_YES)
		finding_problem(&im->findings, "ahead",
				"load it with --ahead=auto",
				"%s cannot be unpacked ahead, since %s",
				im->opt.kernel, im->ahead_why_not);
	else
		finding_note(
			&im->findings, "ahead", NULL,
			"%s unpacks itself in the blackout, which is longer for it, since %s",
			im->opt.kernel, im->ahead_why_not);
}

void image_check_ahead(struct image *im)
{
	if (!im->have_kernel || !im->cmdline)
		return;
	if (im->opt.ahead == AHEAD_NO) {
		im->ahead_why_not = format("--ahead=no says so");
		return;
	}
	im->ahead_why_not = make_ready(im);
	if (im->ahead_why_not)
		say_not_ready(im);
	else
		say_ready(im);
}

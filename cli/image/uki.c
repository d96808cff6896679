// SPDX-License-Identifier: GPL-2.0
/* Parser of unified kernel images. */
#include "cli/image/uki.h"

#include <string.h>

#include "cli/image/pe.h"

/* Of the PE format; offsets from the start of what is named. */
enum {
	SECTION_BYTES = 40,
	SECTION_NAME = 8,
	SECTION_VIRTUAL_BYTES = 8,
	SECTION_RAW_BYTES = 16,
	SECTION_RAW_AT = 20,
};

/* The initramfs follows the microcode as the kernel wants archives to start. */
enum { ARCHIVE_ALIGN = 4 };

/* The section headers. Return: NULL if it is no PE file, or not all of them are there. */
static const u8 *find_sections(const u8 *file, size_t bytes, u16 *nr)
{
	size_t left = 0, skip;
	const u8 *pe = pe_header(file, bytes, &left);

	if (!pe)
		return NULL;
	*nr = le16(pe + PE_NR_SECTIONS);
	skip = PE_BYTES + le16(pe + PE_OPTIONAL_BYTES);
	if ((left - skip) / SECTION_BYTES < *nr)
		return NULL;
	return pe + skip;
}

static bool is_named(const u8 *section, const char *name)
{
	return !strncmp((const char *)section, name, SECTION_NAME);
}

/* Return: UKI_PARTS if it is none of them. */
static enum uki_part part_of(const u8 *section)
{
	static const char *const name[UKI_PARTS] = {
		[UKI_LINUX] = ".linux",
		[UKI_UCODE] = ".ucode",
		[UKI_INITRD] = ".initrd",
		[UKI_CMDLINE] = ".cmdline",
	};
	enum uki_part i;

	for (i = 0; i < UKI_PARTS; i++) {
		if (is_named(section, name[i]))
			break;
	}
	return i;
}

static const char *take_part(struct uki *u, enum uki_part part,
			     const u8 *section, size_t bytes)
{
	u32 at = le32(section + SECTION_RAW_AT);
	u32 raw = le32(section + SECTION_RAW_BYTES);
	/* What is behind it in the file is padding. */
	u32 used = le32(section + SECTION_VIRTUAL_BYTES);

	if (at > bytes || raw > bytes - at)
		return "is a unified kernel image that ends too early; get the file anew";
	if (used > raw)
		return "is a damaged unified kernel image (a section is longer than what the "
		       "file has of it); get the file anew";
	u->part[part].at = at;
	u->part[part].bytes = used;
	return NULL;
}

static bool overlap(const struct uki *u)
{
	unsigned int i, j;

	for (i = 0; i < UKI_PARTS; i++) {
		for (j = 0; j < i; j++) {
			if (u->part[i].bytes && u->part[j].bytes &&
			    u->part[i].at < u->part[j].at + u->part[j].bytes &&
			    u->part[j].at < u->part[i].at + u->part[i].bytes)
				return true;
		}
	}
	return false;
}

/* Those of the first profile stand in for those before all profiles. */
static const char *take_parts(struct uki *u, const u8 *section, u16 nr,
			      size_t bytes)
{
	u8 seen[UKI_PARTS] = { 0 };
	u8 profile = 1;
	const char *why;

	for (; nr; nr--, section += SECTION_BYTES) {
		enum uki_part part = part_of(section);

		if (is_named(section, ".profile") && profile++ == 2)
			break;
		if (part == UKI_PARTS)
			continue;
		if (seen[part] == profile)
			return "is a damaged unified kernel image (it has a section twice); "
			       "get the file anew";
		seen[part] = profile;
		why = take_part(u, part, section, bytes);
		if (why)
			return why;
	}
	return NULL;
}

enum uki_kind uki_parse(struct uki *u, const u8 *file, size_t bytes,
			const char **why)
{
	u16 nr, i;
	const u8 *first = find_sections(file, bytes, &nr);

	*u = (struct uki){ 0 };
	if (!first)
		return UKI_NONE;
	for (i = 0; i < nr; i++) {
		if (part_of(first + (size_t)i * SECTION_BYTES) == UKI_LINUX)
			break;
	}
	if (i == nr)
		return UKI_NONE;
	*why = take_parts(u, first, nr, bytes);
	if (!*why && !u->part[UKI_LINUX].bytes)
		*why = "is a damaged unified kernel image (there is no kernel in "
		       "it); get the file anew";
	if (!*why && overlap(u))
		*why = "is a damaged unified kernel image (its sections overlap); "
		       "get the file anew";
	return *why ? UKI_DAMAGED : UKI_GOOD;
}

void uki_initrd(const struct uki *u, const u8 *file, struct blob *out)
{
	size_t ucode = u->part[UKI_UCODE].bytes;
	size_t before = round_up_to(ucode, ARCHIVE_ALIGN);

	*out = (struct blob){ .bytes = before + u->part[UKI_INITRD].bytes };
	if (!out->bytes)
		return;
	out->data = need(calloc(1, out->bytes));
	memcpy(out->data, file + u->part[UKI_UCODE].at, ucode);
	memcpy(out->data + before, file + u->part[UKI_INITRD].at,
	       u->part[UKI_INITRD].bytes);
}

char *uki_cmdline(const struct uki *u, const u8 *file)
{
	char *line = need(strndup((const char *)file + u->part[UKI_CMDLINE].at,
				  u->part[UKI_CMDLINE].bytes));
	size_t n = strlen(line), i;

	for (i = 0; i < n; i++) {
		if (line[i] > 0 && line[i] < ' ')
			line[i] = ' ';
	}
	while (n && line[n - 1] == ' ')
		line[--n] = '\0';
	if (n)
		return line;
	free(line);
	return NULL;
}

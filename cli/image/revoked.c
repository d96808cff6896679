// SPDX-License-Identifier: GPL-2.0
/* Lists of keys and files that the firmware and shim keep. */
#include "cli/image/revoked.h"

#include <errno.h>
#include <string.h>

#include "cli/image/sysinfo.h"

#define LIST_MAX MIB

/* Before the contents of a variable. */
#define EFIVARFS_ATTRIBUTES 4

#define TABLE "/sys/firmware/efi/mok-variables/"
#define VARIABLES "/sys/firmware/efi/efivars/"

static const struct efi_list revoked[] = {
	{ "dbx, the firmware's list", TABLE "dbx",
	  VARIABLES "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f" },
	{ "MokListX, shim's list", TABLE "MokListXRT",
	  VARIABLES "MokListXRT-605dab50-e046-4300-abb6-3dd810dd8b23" },
};

/* Return: 1 if @s is in the file, 0 if not, or negative errno. */
static int file_has(const char *file, size_t skip, efi_list_question question,
		    const struct signer *s)
{
	autofree char *path = sysinfo_path(file, "");
	struct blob list;
	int ret = read_file(path, LIST_MAX, &list);

	if (ret)
		return ret;
	if (list.bytes < skip)
		ret = -EBADMSG;
	else
		ret = question(s, list.data + skip, list.bytes - skip);
	blob_free(&list);
	return ret;
}

int efi_list_has(const struct efi_list *list, efi_list_question question,
		 const struct signer *s)
{
	int ret = file_has(list->table, 0, question, s);

	return ret == -ENOENT ? file_has(list->variable, EFIVARFS_ATTRIBUTES,
					 question, s) :
				ret;
}

/* Kernels read the variable; what only the table has, shim would refuse. */
static bool either_has(const struct efi_list *list, efi_list_question question,
		       const struct signer *s)
{
	return file_has(list->table, 0, question, s) == 1 ||
	       file_has(list->variable, EFIVARFS_ATTRIBUTES, question, s) == 1;
}

/* Keys of the kernel's list of hashes, which comes from these and from its build. */
static bool kernel_has(const struct signer *s)
{
	autofree char *keys = sysinfo_text("/proc/keys");
	char name[2 * SHA256_BYTES + 5] = "bin:";
	int i;

	for (i = 0; i < SHA256_BYTES; i++)
		snprintf(name + 4 + 2 * i, 3, "%02x", s->digest[i]);
	return keys && s->has_digest && strstr(keys, name);
}

const char *revoked_in(const struct signer *s, bool *is_key)
{
	size_t i;

	*is_key = false;
	for (i = 0; i < ARRAY_LEN(revoked); i++) {
		if (either_has(&revoked[i], signer_file_listed, s))
			return revoked[i].name;
	}
	if (kernel_has(s))
		return "the kernel's list (keyring .blacklist)";
	*is_key = true;
	for (i = 0; i < ARRAY_LEN(revoked); i++) {
		if (either_has(&revoked[i], signer_listed, s))
			return revoked[i].name;
	}
	return NULL;
}

bool revoked_is_known(void)
{
	static const struct signer nobody;
	size_t i;

	for (i = 0; i < ARRAY_LEN(revoked); i++) {
		if (efi_list_has(&revoked[i], signer_listed, &nobody) >= 0)
			return true;
	}
	return false;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Will the next kernel trust the key that its kho module is signed with? It has the key that its
 * own modules are signed with, and finds those that are enrolled where this kernel found them:
 * variables of the firmware, and of shim, which are there after a kexec as before it.
 */
#include <errno.h>
#include <fts.h>
#include <string.h>

#include "cli/image/preflight.h"
#include "cli/image/revoked.h"

#define MODULE_MAX (64 * MIB)

static const struct efi_list owners = {
	"MokList",
	"/sys/firmware/efi/mok-variables/MokListRT",
	"/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23",
};

static const struct efi_list firmwares = {
	"db",
	"/sys/firmware/efi/mok-variables/db",
	"/sys/firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f",
};

/* A machine without shim has no list of it, but then the firmware's can be read. */
static int enrolled(const struct signer *s)
{
	int by_owner = efi_list_has(&owners, signer_listed, s);
	int by_firmware = efi_list_has(&firmwares, signer_listed, s);

	if (by_owner == 1 || by_firmware == 1)
		return 1;
	if (by_firmware)
		return by_firmware;
	return by_owner == -ENOENT ? 0 : by_owner;
}

static bool is_module(const FTSENT *entry)
{
	const char *ending = strstr(entry->fts_name, ".ko");

	/* Nobody has asked for the kind of what is no directory. */
	return (entry->fts_info == FTS_F || entry->fts_info == FTS_NSOK) &&
	       ending && (!ending[3] || ending[3] == '.');
}

/* Any of the modules that came with the kernel: all have its key. */
static bool find_kernels_own(struct signer *s, const char *dir)
{
	autofree char *kernel = format("%s/kernel", dir);
	char *const roots[] = { kernel, NULL };
	FTS *tree = need(fts_open(roots, FTS_PHYSICAL | FTS_NOSTAT, NULL));
	bool found = false;
	FTSENT *entry;

	while ((entry = fts_read(tree))) {
		if (is_module(entry)) {
			found = signer_of_file(s, entry->fts_path);
			break;
		}
	}
	fts_close(tree);
	return found;
}

bool signer_of_file(struct signer *s, const char *path)
{
	struct blob file, module;
	bool found;

	*s = (struct signer){ 0 };
	if (read_file(path, MODULE_MAX, &file))
		return false;
	if (compression_of(file.data, file.bytes) == COMPRESSION_NONE) {
		found = signer_of_module(s, file.data, file.bytes);
	} else if (decompress_all(file.data, file.bytes, MODULE_MAX, &module)) {
		found = false;
	} else {
		found = signer_of_module(s, module.data, module.bytes);
		blob_free(&module);
	}
	blob_free(&file);
	return found;
}

int signer_is_trusted(const struct signer *s, const char *dir)
{
	struct signer own;
	int ret;

	if (!s->id_bytes)
		return -ENODATA;
	ret = enrolled(s);
	if (ret != 1 && dir && find_kernels_own(&own, dir) &&
	    signer_same(s, &own))
		ret = 1;
	return ret;
}

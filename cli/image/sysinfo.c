// SPDX-License-Identifier: GPL-2.0
/* Readers of /sys and /proc. */
#include "cli/image/sysinfo.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum {
	TEXT_MAX = 4 << 20,
	/* Entries of a directory of numbered entries; far more than firmware ever has. */
	ENTRIES_MAX = 65536,
};

#define MEMMAP_DIR "/sys/firmware/memmap"

static const char *root_dir = "";

void sysinfo_set_root(const char *root)
{
	root_dir = root;
}

char *sysinfo_path(const char *directory, const char *rest)
{
	return format("%s%s%s", root_dir, directory, rest);
}

static int read_below_root(const char *path, struct blob *out)
{
	autofree char *full = format("%s%s", root_dir, path);

	return read_file(full, TEXT_MAX, out);
}

char *sysinfo_text(const char *path)
{
	struct blob b;
	int err = read_below_root(path, &b);
	char *s;

	if (err) {
		errno = -err;
		return NULL;
	}
	s = need(realloc(b.data, b.bytes + 1));
	s[b.bytes] = '\0';
	while (b.bytes && s[b.bytes - 1] == '\n')
		s[--b.bytes] = '\0';
	return s;
}

int sysinfo_number(const char *path, u64 *out)
{
	autofree char *text = sysinfo_text(path);
	char *end;

	if (!text)
		return -errno;
	errno = 0;
	*out = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		return -EINVAL;
	return 0;
}

int sysinfo_kexec_loaded(void)
{
	u64 n;
	int err = sysinfo_number("/sys/kernel/kexec_loaded", &n);

	return err ? err : n != 0;
}

char *sysinfo_lockdown(void)
{
	autofree char *text = sysinfo_text("/sys/kernel/security/lockdown");
	char *open = text ? strchr(text, '[') : NULL;
	char *shut = open ? strchr(open, ']') : NULL;

	return shut ? need(strndup(open + 1, (size_t)(shut - open - 1))) : NULL;
}

/* First line that starts with @key, after the blanks and the @separator that follow the key. */
static const char *value_of(const char *text, const char *key, char separator)
{
	size_t len = strlen(key);
	const char *line = text;

	while (line && *line) {
		if (!strncmp(line, key, len)) {
			const char *p = line + len + strspn(line + len, " \t");

			if (*p == separator)
				return p + 1;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

bool sysinfo_cpu_flag(const char *flag)
{
	autofree char *text = sysinfo_text("/proc/cpuinfo");
	const char *p = text ? value_of(text, "flags", ':') : NULL;
	size_t len = strlen(flag);

	while (p && *p && *p != '\n') {
		size_t n = strcspn(p, "\n ");

		if (n == len && !memcmp(p, flag, len))
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static u64 meminfo_bytes(const char *key)
{
	autofree char *text = sysinfo_text("/proc/meminfo");
	const char *p = text ? value_of(text, key, ':') : NULL;

	return p ? strtoull(p, NULL, 10) * 1024 : 0;
}

u64 sysinfo_mem_total(void)
{
	return meminfo_bytes("MemTotal");
}

u64 sysinfo_mem_available(void)
{
	return meminfo_bytes("MemAvailable");
}

int sysinfo_boot_params(struct boot_params *bp)
{
	struct blob b;
	int err = read_below_root("/sys/kernel/boot_params/data", &b);

	if (err)
		return err;
	if (b.bytes < sizeof(*bp))
		err = -EBADMSG;
	else
		memcpy(bp, b.data, sizeof(*bp));
	blob_free(&b);
	return err;
}

/* -ENOENT from the first file of an entry means that there is no such entry. */
static int read_entry_number(const char *directory, const char *entry,
			     const char *name, u64 *out)
{
	autofree char *path = format("%s/%s/%s", directory, entry, name);

	return sysinfo_number(path, out);
}

static int read_memmap_entry(const char *entry, struct memmap *map)
{
	autofree char *type_path = format(MEMMAP_DIR "/%s/type", entry);
	autofree char *type = NULL;
	u64 first, last;
	int err;

	err = read_entry_number(MEMMAP_DIR, entry, "start", &first);
	if (err)
		return err;
	type = sysinfo_text(type_path);
	if (!type || read_entry_number(MEMMAP_DIR, entry, "end", &last) ||
	    last < first || last + 1 == 0)
		return -EBADMSG;
	memmap_add(map, first, last + 1, kho_e820_type(type));
	return 0;
}

/* Entries are numbered, and leave a hole where memory is unplugged. */
int sysinfo_memmap(struct memmap *map)
{
	autofree char *path = sysinfo_path(MEMMAP_DIR, "");
	DIR *dir = opendir(path);
	struct dirent *d;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (d = readdir(dir))) {
		if (d->d_name[strspn(d->d_name, "0123456789")])
			continue;
		err = read_memmap_entry(d->d_name, map);
		/* Unplugged since it was listed. */
		if (err == -ENOENT || err == -ENODEV)
			err = 0;
	}
	closedir(dir);
	memmap_sort(map);
	return err ? err : map->nr ? 0 : -EBADMSG;
}

int sysinfo_ram(struct memmap *map)
{
	autofree char *text = sysinfo_text("/proc/iomem");
	char *line, *rest = text;

	if (!text)
		return -errno;
	while ((line = strsep(&rest, "\n"))) {
		unsigned long long first, last;
		int at = 0;

		if (sscanf(line, " %llx-%llx : %n", &first, &last, &at) == 2 &&
		    at && last && last + 1 && !strcmp(line + at, "System RAM"))
			memmap_add(map, first, last + 1, KHO_E820_RAM);
	}
	memmap_sort(map);
	return 0;
}

u64 sysinfo_systab(const char *name)
{
	autofree char *text = sysinfo_text("/sys/firmware/efi/systab");
	const char *p = text ? value_of(text, name, '=') : NULL;

	return p ? strtoull(p, NULL, 0) : 0;
}

static int read_efi_descriptor(unsigned int number, struct efi_descriptor *d)
{
	static const char directory[] = "/sys/firmware/efi/runtime-map";
	autofree char *entry = format("%u", number);
	u64 type;
	int err = read_entry_number(directory, entry, "type", &type);

	if (err)
		return err;
	*d = (struct efi_descriptor){ .type = (u32)type };
	if (read_entry_number(directory, entry, "phys_addr", &d->phys_addr) ||
	    read_entry_number(directory, entry, "virt_addr", &d->virt_addr) ||
	    read_entry_number(directory, entry, "num_pages", &d->num_pages) ||
	    read_entry_number(directory, entry, "attribute", &d->attribute))
		return -EBADMSG;
	return 0;
}

static int read_runtime_map(struct efi_runtime *efi)
{
	int err = 0;

	while (!err && efi->nr < ENTRIES_MAX) {
		if (!(efi->nr % 64))
			efi->map = need(realloc(
				efi->map, (efi->nr + 64) * sizeof(*efi->map)));
		err = read_efi_descriptor((unsigned int)efi->nr,
					  &efi->map[efi->nr]);
		efi->nr += !err;
	}
	if (err == -ENOENT && efi->nr)
		return 0;
	return err ? err : -EBADMSG;
}

int sysinfo_efi_runtime(struct efi_runtime *efi)
{
	int err;

	*efi = (struct efi_runtime){ 0 };
	err = sysinfo_number("/sys/firmware/efi/fw_vendor", &efi->fw_vendor);
	if (!err)
		err = sysinfo_number("/sys/firmware/efi/runtime",
				     &efi->runtime);
	if (!err)
		err = sysinfo_number("/sys/firmware/efi/config_table",
				     &efi->tables);
	if (!err)
		err = read_runtime_map(efi);
	if (err) {
		free(efi->map);
		*efi = (struct efi_runtime){ 0 };
		return err;
	}
	efi->smbios = sysinfo_systab("SMBIOS");
	return 0;
}

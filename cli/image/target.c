// SPDX-License-Identifier: GPL-2.0
/* What can be read out of a kernel file: release, configuration, format of handover. */
#include "cli/image/target.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cli/image/sysinfo.h"

/* Far more than any kernel, or configuration, has. */
#define IMAGE_MAX (1ULL << 30)
#define CONFIG_MAX (8ULL << 20)

/* Ends of the configuration that CONFIG_IKCONFIG puts into a kernel. */
#define CONFIG_START "IKCFG_ST"
#define CONFIG_END "IKCFG_ED"

/* The word that starts at @text, into a string. */
static void take_word(const char *text, size_t bytes, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && n < bytes && text[n] > ' ' && text[n] <= '~') {
		out[n] = text[n];
		n++;
	}
	out[n] = '\0';
}

/* Next place of @needle from @from on, or NULL. */
static const u8 *find(const u8 *image, size_t bytes, const u8 *from,
		      const char *needle)
{
	return memmem(from, bytes - (size_t)(from - image), needle,
		      strlen(needle));
}

static void find_release(struct target *t, const u8 *image, size_t bytes)
{
	static const char banner[] = "Linux version ";
	const u8 *at = image, *end = image + bytes;

	while ((at = find(image, bytes, at, banner))) {
		at += strlen(banner);
		if (at < end && isdigit(*at)) {
			take_word((const char *)at, (size_t)(end - at),
				  t->release, sizeof(t->release));
			return;
		}
	}
}

static void find_config(struct target *t, const u8 *image, size_t bytes)
{
	const u8 *at = find(image, bytes, image, CONFIG_START), *end;
	struct blob text;

	if (!at)
		return;
	at += strlen(CONFIG_START);
	end = find(image, bytes, at, CONFIG_END);
	if (!end || decompress_all(at, (size_t)(end - at), CONFIG_MAX, &text))
		return;
	t->config = need(realloc(text.data, text.bytes + 1));
	t->config[text.bytes] = '\0';
	t->config_from = format("the kernel itself");
}

/* A string of its own: "kho-v", a number, a NUL. */
static void find_abi(struct target *t, const u8 *image, size_t bytes)
{
	static const char start[] = "kho-v";
	const u8 *at = image, *end = image + bytes;
	size_t n;

	while ((at = find(image, bytes, at, start))) {
		const u8 *word = at;

		at += strlen(start);
		for (n = 0; at + n < end && isdigit(at[n]); n++)
			;
		if (!n || n > 4 || at + n == end || at[n] ||
		    (word > image && word[-1]))
			continue;
		memcpy(t->abi, word, strlen(start) + n + 1);
		return;
	}
}

void target_look_into(struct target *t, const u8 *image, size_t bytes)
{
	if (!bytes)
		return;
	if (!*t->release)
		find_release(t, image, bytes);
	find_config(t, image, bytes);
	find_abi(t, image, bytes);
}

void target_read(struct target *t, const struct bzimage *bz, const u8 *file)
{
	const u8 *payload = file + bz->payload_offset;
	struct blob image;

	*t = (struct target){ 0 };
	take_word(bz->release, strlen(bz->release), t->release,
		  sizeof(t->release));
	t->how = compression_of(payload, bz->payload_bytes);
	t->err = decompress_all(payload, bz->payload_bytes, IMAGE_MAX, &image);
	if (t->err)
		return;
	target_look_into(t, image.data, image.bytes);
	blob_free(&image);
}

static bool try_config(struct target *t, char *path)
{
	t->config = sysinfo_text(path);
	if (!t->config) {
		free(path);
		return false;
	}
	t->config_from = path;
	return true;
}

void target_find_config(struct target *t, const char *kernel)
{
	const char *slash = strrchr(kernel, '/');
	int dir = slash ? (int)(slash + 1 - kernel) : 0;

	/* The release becomes a part of paths. */
	if (t->config || !*t->release || strchr(t->release, '/'))
		return;
	if (try_config(t, format("%.*sconfig-%s", dir, kernel, t->release)))
		return;
	if (!try_config(t, format("/boot/config-%s", t->release)))
		try_config(t, format("/lib/modules/%s/config", t->release));
}

char target_option(const struct target *t, const char *name)
{
	size_t len = strlen(name);
	const char *line = t->config;

	if (!line)
		return 0;
	while (line) {
		if (!strncmp(line, "CONFIG_", 7) &&
		    !strncmp(line + 7, name, len) && line[7 + len] == '=')
			return line[8 + len] ? line[8 + len] : 'n';
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return 'n';
}

void target_free(struct target *t)
{
	free(t->config);
	free(t->config_from);
	*t = (struct target){ 0 };
}

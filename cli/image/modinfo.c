// SPDX-License-Identifier: GPL-2.0
/* What a kho module says of itself in its modinfo. */
#include "cli/image/modinfo.h"

#include <string.h>

#include "cli/image/signature.h"

static void copy(char *to, size_t room, const char *from, size_t bytes)
{
	snprintf(to, room, "%.*s", (int)bytes, from);
}

static void take_wire(struct modinfo *m, const char *value)
{
	struct modinfo_wire w = { 0 };

	if (m->nr_wires == MODINFO_WIRES ||
	    sscanf(value, "%63s writes=%u readers>=%u reads>=%u", w.name,
		   &w.writes, &w.readers_from, &w.reads_from) != 4)
		return;
	m->wire[m->nr_wires++] = w;
}

void modinfo_take(struct modinfo *m, const char *key, const char *value)
{
	if (!strcmp(key, "vermagic"))
		copy(m->release, sizeof(m->release), value,
		     strcspn(value, " "));
	else if (!strcmp(key, "version"))
		copy(m->version, sizeof(m->version), value, strlen(value));
	else if (!strcmp(key, "kho_aside"))
		copy(m->aside, sizeof(m->aside), value, strlen(value));
	else if (!strcmp(key, "kho_wire"))
		take_wire(m, value);
}

/* Every string of the file that begins with the key and '='. */
static bool take_all(struct modinfo *m, const char *key, const u8 *file,
		     size_t bytes)
{
	autofree char *needle = format("%s=", key);
	size_t len = strlen(needle);
	const u8 *at = file, *end = file + bytes;
	bool found = false;

	while ((at = memmem(at, (size_t)(end - at), needle, len))) {
		const u8 *value = at + len;
		const u8 *nul = memchr(value, 0, (size_t)(end - value));

		if (!nul)
			break;
		/* A string of its own, not the end of another one. */
		if (at == file || !at[-1]) {
			modinfo_take(m, key, (const char *)value);
			found = true;
		}
		at = value;
	}
	return found;
}

bool modinfo_parse(struct modinfo *m, const u8 *file, size_t bytes)
{
	*m = (struct modinfo){ 0 };
	if (!bytes || !take_all(m, "vermagic", file, bytes))
		return false;
	take_all(m, "version", file, bytes);
	take_all(m, "kho_aside", file, bytes);
	take_all(m, "kho_wire", file, bytes);
	m->is_signed = signature_of_module(file, bytes);
	signer_of_module(&m->signer, file, bytes);
	return true;
}

bool modinfo_understands(const struct modinfo *reader,
			 const struct modinfo_wire *writes)
{
	struct modinfo_wire own = { .writes = 1, .reads_from = 1 };
	unsigned int i;

	for (i = 0; i < reader->nr_wires; i++) {
		if (!strcmp(reader->wire[i].name, writes->name))
			own = reader->wire[i];
	}
	if (writes->writes <= own.writes)
		return writes->writes >= own.reads_from;
	/* One from before versions were told knows no word with two halves. */
	return reader->nr_wires && writes->readers_from &&
	       writes->readers_from <= own.writes;
}

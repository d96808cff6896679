// SPDX-License-Identifier: GPL-2.0
/* What was done ahead of the loaded image: the process that loaded it, and a line each. */
#include "cli/image/aheadnote.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/base/savefile.h"
#include "cli/image/sysinfo.h"

#define DIRECTORY "/run/kho"
#define FILE_NAME DIRECTORY "/image-ahead"

void ahead_note_save(const char *kernel, const char *initrd)
{
	autofree char *path = sysinfo_path(FILE_NAME, "");
	autofree char *directory = sysinfo_path(DIRECTORY, "");
	autofree char *text = format("%d\n%s\n%s\n", (int)getpid(),
				     kernel ? kernel : "",
				     initrd ? initrd : "");

	mkdir(directory, 0755);
	if (save_file(path, 0644, text, strlen(text)))
		unlink(path);
}

/* The line that begins at *@at, to be freed; NULL if it is empty. */
static char *take_line(const char **at)
{
	size_t bytes = strcspn(*at, "\n");
	char *line = bytes ? format("%.*s", (int)bytes, *at) : NULL;

	*at += bytes;
	*at += **at == '\n';
	return line;
}

bool ahead_note_read(u32 pid, struct ahead_note *note)
{
	autofree char *text = sysinfo_text(FILE_NAME);
	const char *at;
	char *end;

	*note = (struct ahead_note){ 0 };
	if (!text || !pid || strtoul(text, &end, 10) != pid)
		return false;
	/* What is empty at the end is not there. */
	at = end + (*end == '\n');
	note->kernel = take_line(&at);
	note->initrd = take_line(&at);
	return true;
}

void ahead_note_free(struct ahead_note *note)
{
	free(note->kernel);
	free(note->initrd);
	*note = (struct ahead_note){ 0 };
}

void ahead_note_forget(void)
{
	autofree char *path = sysinfo_path(FILE_NAME, "");

	unlink(path);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * kho: hand memory from the running kernel to the next one.
 */
#include <string.h>

#include "cli/base/locale.h"
#include "cli/base/util.h"
#include "cli/verbs/verbs.h"

static const struct verb verbs[] = {
	{ "check",
	  "tell whether a kernel could be loaded, without changing anything",
	  verb_check },
	{ "load", "load the next kernel, so that it keeps what is preserved",
	  verb_load },
	{ "unload", "unload it again", verb_unload },
	{ "exec", "start the loaded kernel now, without shutting anything down",
	  verb_exec },
	{ "status",
	  "show what is preserved and what came from the previous kernel",
	  verb_status },
	{ "put", "store a parcel for the next kernel", verb_put },
	{ "get", "get the contents of a parcel", verb_get },
	{ "reserve", "reserve memory that keeps its address in every kernel",
	  verb_reserve },
	{ "keep", "have a directory of a tmpfs handed to the next kernel",
	  verb_keep },
	{ "restore", "make the same files of what came in", verb_restore },
	{ "save", "make an archive of what came in", verb_save },
	{ "list", "list parcels, regions and trees", verb_list },
	{ "drop", "remove parcels and regions, or give back what came in",
	  verb_drop },
	{ "report", "show how long the last handovers took, by phase",
	  verb_report },
	{ "map", "draw what memory is used for", verb_map },
	{ "dump",
	  "decode every structure of the handover, from memory or a file",
	  verb_dump },
	{ "session", "list and drop sessions of /dev/liveupdate",
	  verb_session },
	{ "recipe", "have services keep what they have in memory",
	  verb_recipe },
	{ NULL, NULL, NULL },
};

static int print_help(void)
{
	const struct verb *v;

	puts("Usage: kho VERB [OPTION...] [ARGUMENT...]\n\n"
	     "Hand memory from the running kernel to the next one, across a kexec.\n\n"
	     "Verbs:");
	for (v = verbs; v->name; v++)
		printf("  %-8s %s\n", v->name, v->brief);
	puts("\nOptions:\n"
	     "  -h, --help     this help; `kho VERB --help` tells about a verb\n"
	     "  -V, --version  version of the tool\n\n"
	     "The spellings of kexec(8) work too: kho -l KERNEL ..., kho -u, kho -e, kho -S.\n\n"
	     "Exit status: 0 success, 1 failure, 2 wrong usage, 3 none of that name, 4 damaged,\n"
	     "5 no room, 6 not permitted; `kho check` also 7: nobody can tell.\n\n"
	     "Example:\n"
	     "  kho put notes < notes.txt\n"
	     "  kho load /boot/vmlinuz --initrd /boot/initrd.img --reuse-cmdline\n"
	     "  systemctl kexec\n"
	     "  kho get notes              (in the next kernel, with the kho module loaded)");
	return finish_output();
}

static int run(const struct verb *v, int argc, char **argv)
{
	/* What getopt puts in front of its messages. */
	autofree char *name = format("kho %s", v->name);

	argv[0] = name;
	return v->run(argc, argv);
}

int main(int argc, char **argv)
{
	const struct verb *v;

	locale_begin();
	verbs_translate(argc, argv);
	if (argc < 2) {
		say("what to do? Give a verb; `kho --help` lists them.");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return print_help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("kho " KHO_VERSION);
		return finish_output();
	}
	v = verb_find(verbs, argv[1]);
	if (!v) {
		say("there is no verb '%s'; `kho --help` lists them.", argv[1]);
		return EXIT_USAGE;
	}
	return run(v, argc - 1, argv + 1);
}

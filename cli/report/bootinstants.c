// SPDX-License-Identifier: GPL-2.0
/* Instants of this boot that the module does not know. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "cli/report/blackout.h"
#include "cli/image/sysinfo.h"

/* A record of the kernel's log: "priority,number,microseconds,flags;text". */
static u64 init_message_ns(char *record)
{
	char *text = strchr(record, ';'), *p = record;
	unsigned int i;

	if (!text || strncmp(text, ";Run ", 5) ||
	    !strstr(text, " as init process"))
		return 0;
	for (i = 0; p && i < 2; i++) {
		p = strchr(p, ',');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) * 1000 : 0;
}

/* The kernel says when it starts /init; whatever else it tells of that process is older. */
static u64 init_start(void)
{
	autoclose int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192];
	u64 ns = 0;

	while (fd >= 0 && !ns) {
		ssize_t n = read(fd, record, sizeof(record) - 1);

		/* Records that were overwritten meanwhile. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		ns = init_message_ns(record);
	}
	return ns;
}

/* Standard output of a program, at most @size - 1 bytes; empty if it cannot be run. */
static void output_of(char *const argv[], char *out, size_t size)
{
	posix_spawn_file_actions_t actions;
	char *const no_environment[] = { NULL };
	int pipe_fd[2];
	ssize_t n;
	pid_t pid;
	int err;

	*out = '\0';
	if (pipe2(pipe_fd, O_CLOEXEC))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawn(&pid, argv[0], &actions, NULL, argv, no_environment);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fd[1]);
	if (!err) {
		n = read_full(pipe_fd[0], out, size - 1);
		out[n > 0 ? n : 0] = '\0';
		waitpid(pid, NULL, 0);
	}
	close(pipe_fd[0]);
}

/* When systemd of the root file system started; asked only where systemd is in charge. */
static u64 userspace_start(void)
{
	char *const argv[] = { "/usr/bin/systemctl", "show", "--property",
			       "UserspaceTimestampMonotonic", NULL };
	char text[256];
	const char *value;

	if (access("/run/systemd/system", F_OK))
		return 0;
	output_of(argv, text, sizeof(text));
	value = strchr(text, '=');
	return value ? strtoull(value + 1, NULL, 10) * 1000 : 0;
}

void boot_instants_read(struct boot_instants *boot)
{
	autofree char *id = sysinfo_text("/proc/sys/kernel/random/boot_id");
	struct utsname name;

	*boot = (struct boot_instants){ .init_ns = init_start(),
					.userspace_ns = userspace_start() };
	snprintf(boot->boot_id, sizeof(boot->boot_id), "%s",
		 id ? id : "unknown");
	if (!uname(&name))
		snprintf(boot->release, sizeof(boot->release), "%s",
			 name.release);
}

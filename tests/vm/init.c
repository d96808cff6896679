// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test bed, and the helper its scripts call for what a shell cannot do. Static, and
 * needs nothing but the kernel.
 *
 * As PID 1: mounts, runs /lib/stage.sh, judges and powers off. The verdict goes to the second
 * serial port, one line at a time:
 *
 *   STAGE <n> <release>     a kernel of the scenario reached user space
 *   METRIC <key> <value>    a measurement
 *   FAIL <reason>           something is wrong; more than one is possible
 *   LOST <reason>           the kernel complained before there was anything of ours
 *   PASS                    last line: everything the scenario wanted happened
 *
 * As /bin/vmtool: see the table at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/kho.h>
#include <linux/reboot.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <x86intrin.h>

#define VERDICT_PORT "/dev/ttyS1"
#define STAGE_SCRIPT "/lib/stage.sh"
#define STAGE_DONE "/run/stage-done"
#define KMSG_RECORD 8192
#define CMDLINE_BYTES 4096
#define PAGE_BYTES 4096

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= n;
	}
	return 0;
}

/* One line on the verdict port; returns when the last byte has left. */
static int say(const char *line)
{
	struct termios tio;
	char text[1024];
	int fd, len, ret;

	fd = open(VERDICT_PORT, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	len = snprintf(text, sizeof(text), "%.*s\n", (int)sizeof(text) - 2,
		       line);
	ret = write_all(fd, text, len);
	tcdrain(fd);
	close(fd);
	return ret;
}

/* What must not appear in a kernel log, whoever caused it. */
static const char *const bad_signs[] = {
	"BUG:",
	"kernel BUG",
	"WARNING:",
	"Oops",
	"Call Trace",
	"Bad page",
	"bad page",
	"Bad rss",
	"refcount_t",
	"general protection",
	"unable to handle",
	"Kernel panic",
	"list_add corruption",
	"list_del corruption",
	"double free",
	"page allocation failure",
	"Out of memory",
	"invoked oom-killer",
	"blocked for more than",
	"segfault at",
	"trap int3",
	"KASAN:",
	"UBSAN:",
	"possible circular locking",
	"possible recursive locking",
	"inconsistent lock state",
	"suspicious RCU usage",
	"held lock freed",
	"still has locks held",
	"sleeping function called",
	"ODEBUG:",
	"leak detector disabled",
	"kmemleak: Cannot",
};

static bool is_bad(const char *line)
{
	for (size_t i = 0; i < sizeof(bad_signs) / sizeof(bad_signs[0]); i++)
		if (strstr(line, bad_signs[i]))
			return true;
	return false;
}

/* Text of a record of /dev/kmsg, which has "prefix;text\n" and then tags. */
static char *record_text(char *record)
{
	char *text = strchr(record, ';');

	text = text ? text + 1 : record;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/*
 * Calls @line for each record of the kernel log, and stops at its first answer that is not 0. A
 * record that was overwritten while reading is an error: what it said is not known.
 */
static int for_each_record(int (*line)(const char *text, void *data),
			   void *data)
{
	char record[KMSG_RECORD];
	int fd, ret = 0;
	ssize_t n;

	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (!ret) {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = errno == EAGAIN ? 0 : -1;
			break;
		}
		record[n] = '\0';
		ret = line(record_text(record), data);
	}
	close(fd);
	return ret;
}

/* Between these two lines of the log a scenario has something bad happen on purpose. */
#define WANTED_BEGIN "vmtest: what follows is wanted"
#define WANTED_END "vmtest: end of what is wanted"

/* What the kernel says when the first module that is not its own comes in. */
#define MODULE_IN "loading out-of-tree module taints kernel"
#define TAINTED "/proc/sys/kernel/tainted"
#define TAINT_OUT_OF_TREE (1UL << 12)

/* What a busy host does to a stock kernel that keeps time in an emulator. */
static const char *const clock_signs[] = {
	"kernel/time/",
	"arch/x86/kernel/tsc",
	"clocksource",
};

/*
 * @early: no module of ours was there yet at this line of the log
 * @first: this is the machine's first kernel, so nothing of ours was before it
 * @lost: first complaint that is not our doing
 * @bad: first one that is
 */
struct judgement {
	bool wanted;
	bool early;
	bool first;
	char lost[256];
	char bad[256];
};

static bool is_about_clocks(const char *line)
{
	for (size_t i = 0; i < sizeof(clock_signs) / sizeof(clock_signs[0]);
	     i++)
		if (strstr(line, clock_signs[i]))
			return true;
	return false;
}

static int keep_if_bad(const char *text, void *data)
{
	struct judgement *j = data;

	if (!strcmp(text, WANTED_BEGIN))
		j->wanted = true;
	if (!strcmp(text, WANTED_END))
		j->wanted = false;
	if (strstr(text, MODULE_IN))
		j->early = false;
	if (j->wanted || !is_bad(text))
		return 0;
	/* What follows a complaint about clocks, its trace, belongs to it. */
	if (j->early && (j->first || j->lost[0] || is_about_clocks(text))) {
		if (!j->lost[0])
			snprintf(j->lost, sizeof(j->lost), "%s", text);
		return 0;
	}
	snprintf(j->bad, sizeof(j->bad), "%s", text);
	return 1;
}

static int is_module_in(const char *text, void *data)
{
	return strstr(text, MODULE_IN) ? 1 : 0;
}

/*
 * Whether the beginning of the log is from before our modules: they are not in, or the log still
 * has the line that tells when they came.
 */
static bool log_has_early_part(void)
{
	char text[32] = "";
	ssize_t n = -1;
	int fd;

	fd = open(TAINTED, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return false;
	if (!(strtoul(text, NULL, 10) & TAINT_OUT_OF_TREE))
		return true;
	return for_each_record(is_module_in, NULL) == 1;
}

static int print_line(const char *text, void *data)
{
	puts(text);
	return 0;
}

/* 0 if the kernel log is clean, otherwise says FAIL, or LOST, with its first bad line. */
static int judge_log(void)
{
	const char *stage = getenv("VM_stage");
	struct judgement j = {
		.bad = "cannot read the kernel log",
		.early = log_has_early_part(),
		.first = stage && !strcmp(stage, "0"),
	};
	char line[300];

	if (for_each_record(keep_if_bad, &j))
		snprintf(line, sizeof(line), "FAIL kernel log: %s", j.bad);
	else if (j.lost[0])
		snprintf(line, sizeof(line),
			 "LOST kernel log, before a module of ours: %s",
			 j.lost);
	else
		return 0;
	say(line);
	for_each_record(print_line, NULL);
	return 1;
}

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/*
 * A write returns when the scan is done. Memory is lost if two scans do not find it, and it has
 * not changed in between.
 */
static int kmemleak_scan(int fd)
{
	for (int scans = 0; scans < 2; scans++)
		if (write(fd, "scan", 4) != 4)
			return -1;
	return 0;
}

/* A scan takes half a minute; with vmtest.leaks=last only the last stage has some. */
static bool wants_scan(void)
{
	const char *when = getenv("VM_leaks"), *stage = getenv("VM_stage");
	const char *path = getenv("VM_path");
	int jumps = 0;

	if (!when || strcmp(when, "last") || !stage || !path)
		return true;
	while (*path)
		jumps += *path++ == ',';
	return atoi(stage) == jumps;
}

/* 0 if no memory of the kernel is lost, or this kernel does not watch for that. */
static int judge_leaks(void)
{
	char text[4096], *line, *save = NULL;
	ssize_t n;
	int fd;

	if (!wants_scan())
		return 0;
	fd = open(KMEMLEAK, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = kmemleak_scan(fd) ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (!n)
		return 0;
	if (n < 0) {
		say("FAIL cannot scan for lost memory");
		return 1;
	}
	text[n] = '\0';
	say("FAIL kmemleak found memory that was lost");
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		puts(line);
	return 1;
}

static void mount_one(const char *type, const char *dir, const char *options)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, options) && errno != EBUSY)
		fprintf(stderr, "mount %s: %s\n", dir, strerror(errno));
}

static void mount_all(void)
{
	mount_one("proc", "/proc", NULL);
	mount_one("sysfs", "/sys", NULL);
	mount_one("devtmpfs", "/dev", NULL);
	mount_one("debugfs", "/sys/kernel/debug", NULL);
	mount_one("tmpfs", "/run", "mode=755");
	mount_one("tmpfs", "/tmp", NULL);
}

/* Words "vmtest.KEY=VALUE" of the command line become variables VM_KEY. */
static void import_cmdline(void)
{
	static char cmdline[CMDLINE_BYTES];
	char name[64], *word, *save = NULL, *value;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, cmdline, sizeof(cmdline) - 1);

	if (n < 0)
		return;
	close(fd);
	cmdline[n] = '\0';
	for (word = strtok_r(cmdline, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		value = strchr(word, '=');
		if (!value || strncmp(word, "vmtest.", 7))
			continue;
		*value++ = '\0';
		snprintf(name, sizeof(name), "VM_%s", word + 7);
		setenv(name, value, 1);
	}
}

/* Runs the stage; 0 if it ended well, else FAIL has been said. */
static int run_stage(void)
{
	char line[128];
	int status = -1;
	pid_t pid;

	pid = fork();
	if (!pid) {
		setsid();
		execl("/bin/busybox", "sh", STAGE_SCRIPT, NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(-1, &status, 0) != pid)
		continue;
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	snprintf(line, sizeof(line), "FAIL stage %s ended with status 0x%x",
		 getenv("VM_stage") ?: "?", status);
	say(line);
	return 1;
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* The script leaves STAGE_DONE when it has done all it wanted to. */
static int run_as_init(uint64_t tsc)
{
	char text[32];
	int bad;

	mount_all();
	import_cmdline();
	snprintf(text, sizeof(text), "%llu", (unsigned long long)tsc);
	setenv("VM_tsc", text, 1);
	bad = run_stage();
	if (!bad && access(STAGE_DONE, F_OK)) {
		say("FAIL the stage ended before it was done");
		bad = 1;
	}
	if (!bad)
		bad = judge_leaks();
	bad |= judge_log();
	if (!bad)
		say("PASS");
	power_off();
	return 1;
}

static int tool_say(char **arg)
{
	return say(arg[0]) ? 1 : 0;
}

static int tool_judge(char **arg)
{
	return judge_leaks() | judge_log();
}

static int tool_dmesg(char **arg)
{
	return for_each_record(print_line, NULL) ? 1 : 0;
}

static int tool_tsc(char **arg)
{
	printf("%llu\n", (unsigned long long)__rdtsc());
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * Ticks of the TSC in a millisecond, by comparison with the kernel's clock over a stretch that
 * busy-waiting fills.
 */
static int tool_tsc_per_ms(char **arg)
{
	uint64_t ns = now_ns(), tsc = __rdtsc(), end;

	do
		end = now_ns();
	while (end - ns < 200000000);
	printf("%llu\n",
	       (unsigned long long)((__rdtsc() - tsc) * 1000000 / (end - ns)));
	return 0;
}

/* reboot(KEXEC) with nothing between the time stamp and the call but a line. */
static int tool_kexec(char **arg)
{
	char line[64];

	snprintf(line, sizeof(line), "METRIC tsc_jump %llu",
		 (unsigned long long)__rdtsc());
	say(line);
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("reboot(KEXEC)");
	return 1;
}

/*
 * kexec_file_load(2) and nothing else, as a loader has it that does not know of handovers:
 * KERNEL INITRD COMMAND-LINE; KERNEL may be "-u" to unload, or "-p FILE" in one word for a crash
 * kernel.
 */
static int tool_kexec_file(char **arg)
{
	unsigned long flags = 0;
	const char *file = arg[0];
	int kernel, initrd;

	if (!strcmp(file, "-u")) {
		flags = KEXEC_FILE_UNLOAD;
		kernel = -1;
		initrd = -1;
	} else {
		if (!strncmp(file, "-p ", 3)) {
			flags |= KEXEC_FILE_ON_CRASH;
			file += 3;
		}
		kernel = open(file, O_RDONLY | O_CLOEXEC);
		initrd = open(arg[1], O_RDONLY | O_CLOEXEC);
		if (kernel < 0 || initrd < 0) {
			perror("kexec-file");
			return 2;
		}
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(arg[2]) + 1,
		    arg[2], flags)) {
		fprintf(stderr, "kexec-file: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

/* A word that says which page this is, to notice two pages that are one. */
static uint64_t page_mark(uint64_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t count_wrong_pages(const char *mem, uint64_t pages)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < pages; i++) {
		const uint64_t *word = (const void *)(mem + i * PAGE_BYTES);

		if (word[0] != page_mark(i) || word[511] != ~page_mark(i))
			wrong++;
	}
	return wrong;
}

/* fill MIB: writes that much anonymous memory, then finds it unchanged. */
static int tool_fill(char **arg)
{
	uint64_t bytes = strtoull(arg[0], NULL, 0) << 20, wrong;
	uint64_t pages = bytes / PAGE_BYTES;
	char *mem;

	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t *word = (void *)(mem + i * PAGE_BYTES);

		word[0] = page_mark(i);
		word[511] = ~page_mark(i);
	}
	wrong = count_wrong_pages(mem, pages);
	if (wrong)
		printf("%llu of %llu pages changed\n",
		       (unsigned long long)wrong, (unsigned long long)pages);
	return wrong ? 1 : 0;
}

#define CHUNK_WORDS 8192

static void next_chunk(uint64_t *state, uint64_t *chunk)
{
	for (size_t i = 0; i < CHUNK_WORDS; i++) {
		*state = *state * 6364136223846793005ULL +
			 1442695040888963407ULL;
		chunk[i] = *state ^ *state >> 29;
	}
}

/* bytes COUNT SEED: that many bytes, a function of the seed. */
static int tool_bytes(char **arg)
{
	uint64_t left = strtoull(arg[0], NULL, 0);
	uint64_t state = strtoull(arg[1], NULL, 0) * 2 + 1;
	static uint64_t chunk[CHUNK_WORDS];

	while (left) {
		size_t len = left < sizeof(chunk) ? left : sizeof(chunk);

		next_chunk(&state, chunk);
		if (write_all(STDOUT_FILENO, (void *)chunk, len))
			return 1;
		left -= len;
	}
	return 0;
}

static size_t read_all(char *to, size_t len)
{
	size_t done = 0;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, to + done, len - done);
		done += n > 0 ? n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return done;
}

/* same COUNT SEED: is the standard input what "bytes" makes, to its end? */
static int tool_same(char **arg)
{
	uint64_t left = strtoull(arg[0], NULL, 0);
	uint64_t state = strtoull(arg[1], NULL, 0) * 2 + 1;
	static uint64_t chunk[CHUNK_WORDS], got[CHUNK_WORDS];
	char beyond;

	while (left) {
		size_t len = left < sizeof(chunk) ? left : sizeof(chunk);

		next_chunk(&state, chunk);
		if (read_all((char *)got, len) != len ||
		    memcmp(got, chunk, len))
			return 1;
		left -= len;
	}
	return read_all(&beyond, 1) ? 1 : 0;
}

/*
 * A byte of the machine's clock chip that nobody uses; a reset does not change it, and it is 0 in
 * a new machine.
 */
enum { CMOS_ADDRESS = 0x70, CMOS_DATA = 0x71, CMOS_BYTE = 0x60 };

static int choose_cmos_byte(void)
{
	if (ioperm(CMOS_ADDRESS, 2, 1)) {
		perror("ioperm");
		return 1;
	}
	outb(CMOS_BYTE, CMOS_ADDRESS);
	return 0;
}

/* cold-boots: how many "cold-boot"s there were. */
static int tool_cold_boots(char **arg)
{
	if (choose_cmos_byte())
		return 1;
	printf("%u\n", inb(CMOS_DATA));
	return 0;
}

/* cold-boot: counts one that is to come. */
static int tool_cold_boot(char **arg)
{
	unsigned char count;

	if (choose_cmos_byte())
		return 1;
	count = inb(CMOS_DATA) + 1;
	outb(CMOS_BYTE, CMOS_ADDRESS);
	outb(count, CMOS_DATA);
	return 0;
}

/* user UID COMMAND...: run a command without any privilege. */
static int tool_user(char **arg)
{
	unsigned int uid = strtoul(arg[0], NULL, 0);

	if (setgid(uid) || setuid(uid)) {
		perror("setuid");
		return 126;
	}
	execvp(arg[1], arg + 1);
	perror(arg[1]);
	return 127;
}

/* Where the wire of this kernel is, which images are told as their setup_data. */
static int tool_head(char **arg)
{
	struct kho_image_area area = { .bytes = PAGE_BYTES };
	struct kho_ioctl_image_prepare prepare = {
		.size = sizeof(prepare),
		.nr_areas = 1,
	};
	int fd = open("/dev/kho", O_RDWR | O_CLOEXEC);

	prepare.areas = (uintptr_t)&area;
	if (fd < 0 || ioctl(fd, KHO_IOCTL_IMAGE_PREPARE, &prepare)) {
		perror("/dev/kho");
		return 1;
	}
	printf("%#llx\n", (unsigned long long)prepare.setup_data);
	return 0;
}

static int image_fill(int fd, uint32_t area, uint64_t offset, const void *data,
		      uint64_t bytes)
{
	struct kho_ioctl_image_fill fill = {
		.size = sizeof(fill),
		.area = area,
		.offset = offset,
		.bytes = bytes,
		.data = (uintptr_t)data,
	};

	return ioctl(fd, KHO_IOCTL_IMAGE_FILL, &fill) ? errno : 0;
}

static int fill_wants(const char *what, int wanted, int got)
{
	if (wanted != got)
		fprintf(stderr, "%s: %s, and not %s\n", what, strerror(got),
			strerror(wanted));
	return wanted != got;
}

static int kexec_one(const struct kexec_segment *segment)
{
	return syscall(SYS_kexec_load, segment ? segment->mem : NULL, !!segment,
		       segment, KEXEC_ARCH_X86_64) ?
		       errno :
		       0;
}

/* Contents are taken for what this file prepared, and until that is loaded. */
static int tool_image_fill(char **arg)
{
	static const char zeros[2 * PAGE_BYTES];
	struct kho_image_area area = { .bytes = PAGE_BYTES,
				       .min_phys = 16 << 20,
				       .max_phys = 1ULL << 32 };
	struct kho_ioctl_image_prepare prepare = {
		.size = sizeof(prepare),
		.nr_areas = 1,
		.areas = (uintptr_t)&area,
	};
	struct kexec_segment segment = { zeros, PAGE_BYTES, NULL, PAGE_BYTES };
	int fd = open("/dev/kho", O_RDWR | O_CLOEXEC), failed = 0;
	/* What the module makes of a page. */
	const uint64_t room = 4 << 20;

	if (fd < 0)
		return fill_wants("/dev/kho", 0, errno);
	failed |= fill_wants("unprepared", EINVAL,
			     image_fill(fd, 0, 0, zeros, 1));
	if (ioctl(fd, KHO_IOCTL_IMAGE_PREPARE, &prepare))
		return fill_wants("prepare", 0, errno);
	segment.mem = (void *)(uintptr_t)area.phys;
	failed |=
		fill_wants("page", 0, image_fill(fd, 0, 0, zeros, PAGE_BYTES));
	failed |= fill_wants("end", 0, image_fill(fd, 0, room - 1, zeros, 1));
	failed |= fill_wants("nothing", 0, image_fill(fd, 0, room, NULL, 0));
	failed |= fill_wants("behind the end", EINVAL,
			     image_fill(fd, 0, room - 1, zeros, 2));
	failed |= fill_wants("far behind", EINVAL,
			     image_fill(fd, 0, UINT64_MAX, zeros, 2));
	failed |= fill_wants("another area", EINVAL,
			     image_fill(fd, 1, 0, zeros, 1));
	failed |= fill_wants("last area", EINVAL,
			     image_fill(fd, UINT32_MAX, 0, zeros, 1));
	failed |= fill_wants("no memory", EFAULT,
			     image_fill(fd, 0, 0, (void *)8, 1));
	failed |= fill_wants("kexec_load", 0, kexec_one(&segment));
	failed |= fill_wants("loaded", EBUSY, image_fill(fd, 0, 0, zeros, 1));
	failed |= fill_wants("unload", 0, kexec_one(NULL));
	failed |= fill_wants("gone", ESTALE, image_fill(fd, 0, 0, zeros, 1));
	close(fd);
	return failed;
}

/* Number of arguments of a tool that passes all of them on. */
#define ANY_ARGS (-1)

static const struct {
	const char *name;
	int nr_args;
	int (*run)(char **arg);
} tools[] = {
	{ "say", 1, tool_say },
	{ "judge", 0, tool_judge },
	{ "dmesg", 0, tool_dmesg },
	{ "tsc", 0, tool_tsc },
	{ "tsc-per-ms", 0, tool_tsc_per_ms },
	{ "kexec", 0, tool_kexec },
	{ "kexec-file", 3, tool_kexec_file },
	{ "fill", 1, tool_fill },
	{ "bytes", 2, tool_bytes },
	{ "same", 2, tool_same },
	{ "head", 0, tool_head },
	{ "image-fill", 0, tool_image_fill },
	{ "cold-boots", 0, tool_cold_boots },
	{ "cold-boot", 0, tool_cold_boot },
	{ "user", ANY_ARGS, tool_user },
};

static int run_as_tool(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (argc > 1 && !strcmp(argv[1], tools[i].name) &&
		    (tools[i].nr_args == argc - 2 ||
		     (tools[i].nr_args == ANY_ARGS && argc > 3)))
			return tools[i].run(argv + 2);
	fprintf(stderr, "%s: unknown tool or wrong number of arguments\n",
		argv[0]);
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t tsc = __rdtsc();

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1)
		return run_as_init(tsc);
	return run_as_tool(argc, argv);
}

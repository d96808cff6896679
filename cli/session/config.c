// SPDX-License-Identifier: GPL-2.0
/* What a session is to have. */
#include "cli/session/config.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/savefile.h"
#include "cli/session/record.h"

#define ETC_DIR "/etc/kho/session.d"
#define RUN_DIR "/run/kho/session.d"
#define ASIDE ".aside"
/* A configuration is a few lines. */
#define CONFIG_LIMIT 65536
/* Files are no larger than the kernel's sizes. */
#define MAX_FILE_BYTES (1ULL << 62)

bool session_name_ok(const char *name)
{
	size_t i, length = strlen(name);

	if (!length || length > SESSION_NAME_MAX ||
	    !isalnum((unsigned char)*name))
		return false;
	for (i = 0; i < length; i++) {
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("-_.:", name[i]))
			return false;
	}
	return true;
}

char *session_aside_name(const char *name, unsigned int nr)
{
	return nr > 1 ? format("%s" ASIDE ".%u", name, nr) :
			format("%s" ASIDE, name);
}

bool session_is_aside(const char *name)
{
	const char *at = strstr(name, ASIDE);

	if (!at || at == name)
		return false;
	at += strlen(ASIDE);
	return !*at || (*at == '.' && at[1] >= '2' && at[1] <= '9' && !at[2]);
}

bool session_token(const char *text, u64 *token)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!isxdigit((unsigned char)text[hex ? 2 : 0]))
		return false;
	errno = 0;
	*token = strtoull(text, &end, hex ? 16 : 10);
	return !errno && !*end && *token != SESSION_RECORD_TOKEN;
}

const char *session_config_add(struct session_config *c, const char *text)
{
	const char *size = strchr(text, '=');
	struct session_file f;
	char token[32];
	size_t i;

	if (!size || (size_t)(size - text) >= sizeof(token))
		return "it takes TOKEN=SIZE, such as 1=64M";
	memcpy(token, text, (size_t)(size - text));
	token[size - text] = '\0';
	if (!session_token(token, &f.token))
		return "a token is a number of at most 64 bits";
	if (!parse_bytes(size + 1, &f.bytes) || !f.bytes ||
	    f.bytes > MAX_FILE_BYTES)
		return "a size is a number with, perhaps, K, M, G or T";
	for (i = 0; i < c->nr; i++) {
		if (c->file[i].token == f.token)
			return "the token is there twice";
	}
	if (c->nr == SESSION_MAX_FILES)
		return "a session takes at most 64 files here";
	c->file[c->nr++] = f;
	return NULL;
}

const char *session_config_user(struct session_config *c, const char *name)
{
	const struct passwd *user;
	char *end;

	if (*name == '#') {
		c->uid = (uid_t)strtoul(name + 1, &end, 10);
		return isdigit((unsigned char)name[1]) && !*end ?
			       NULL :
			       "there is no number behind the #";
	}
	user = getpwnam(name);
	if (!user)
		return "there is no such user";
	c->uid = user->pw_uid;
	return NULL;
}

const char *session_config_label(struct session_config *c, const char *label)
{
	size_t i, length = strlen(label);

	if (length >= sizeof(c->label))
		return "a label has at most 63 bytes";
	for (i = 0; i < length; i++) {
		if ((unsigned char)label[i] < ' ')
			return "a label has no control characters";
	}
	memcpy(c->label, label, length + 1);
	return NULL;
}

static const char *take_line(struct session_config *c, char *line)
{
	char *word = line + strspn(line, " \t"), *value, *end;

	if (!*word || *word == '#')
		return NULL;
	value = word + strcspn(word, " \t");
	if (*value)
		*value++ = '\0';
	value += strspn(value, " \t");
	for (end = value + strlen(value);
	     end > value && (end[-1] == ' ' || end[-1] == '\t');)
		*--end = '\0';
	if (!*value)
		return "there is nothing behind the word";
	if (!strcmp(word, "fd"))
		return session_config_add(c, value);
	if (!strcmp(word, "user"))
		return session_config_user(c, value);
	if (!strcmp(word, "label"))
		return session_config_label(c, value);
	return "a line begins with fd, user or label";
}

const char *session_config_parse(struct session_config *c, char *text,
				 unsigned int *line)
{
	char *at = text, *next;
	const char *why = NULL;

	for (*line = 1; !why; ++*line) {
		next = strchr(at, '\n');
		if (next)
			*next = '\0';
		why = take_line(c, at);
		if (why || !next)
			break;
		at = next + 1;
	}
	return why;
}

static int read_from(struct session_config *c, const char *path)
{
	autofree char *text = NULL;
	struct blob b;
	unsigned int line;
	const char *why;
	int err = read_file(path, CONFIG_LIMIT, &b);

	if (err == -ENOENT)
		return err;
	if (err) {
		say("%s cannot be read (%s).", path, strerror(-err));
		return err;
	}
	text = need(malloc(b.bytes + 1));
	memcpy(text, b.data, b.bytes);
	text[b.bytes] = '\0';
	why = strlen(text) == b.bytes ? NULL : "it is no text";
	blob_free(&b);
	line = 0;
	if (!why)
		why = session_config_parse(c, text, &line);
	if (!why)
		return 0;
	say("%s is wrong in line %u: %s.", path, line, why);
	return -EINVAL;
}

int session_config_read(struct session_config *c, const char *name)
{
	autofree char *etc = format(ETC_DIR "/%s.conf", name);
	autofree char *run = format(RUN_DIR "/%s.conf", name);
	int err = read_from(c, etc);

	return err == -ENOENT ? read_from(c, run) : err;
}

static char *config_text(const struct session_config *c)
{
	char *text = format("user #%u\n", (unsigned int)c->uid), *more;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		more = format("%sfd %llu=%llu\n", text,
			      (unsigned long long)c->file[i].token,
			      (unsigned long long)c->file[i].bytes);
		free(text);
		text = more;
	}
	if (*c->label) {
		more = format("%slabel %s\n", text, c->label);
		free(text);
		text = more;
	}
	return text;
}

int session_config_write(const struct session_config *c, const char *name)
{
	autofree char *path = format(RUN_DIR "/%s.conf", name);
	autofree char *text = config_text(c);
	int err;

	mkdir("/run/kho", 0755);
	mkdir(RUN_DIR, 0755);
	err = save_file(path, 0644, text, strlen(text));
	if (err)
		say("%s cannot be written (%s).", path, strerror(-err));
	return err;
}

static const struct session_file *find(const struct session_file *file,
				       size_t nr, u64 token)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (file[i].token == token)
			return &file[i];
	}
	return NULL;
}

char *session_config_differs(const struct session_file *want, size_t nr_want,
			     const struct session_file *have, size_t nr_have)
{
	const struct session_file *other;
	char a[32], b[32];
	size_t i;

	for (i = 0; i < nr_want; i++) {
		other = find(have, nr_have, want[i].token);
		if (!other)
			return format("token %llu is missing in it",
				      (unsigned long long)want[i].token);
		if (other->bytes != want[i].bytes)
			return format("token %llu has %s in it, and not %s",
				      (unsigned long long)want[i].token,
				      human_bytes(other->bytes, a, sizeof(a)),
				      human_bytes(want[i].bytes, b, sizeof(b)));
	}
	for (i = 0; i < nr_have; i++) {
		if (!find(want, nr_want, have[i].token))
			return format("token %llu is in it, and not wanted",
				      (unsigned long long)have[i].token);
	}
	return NULL;
}

/* How much of @at is a place for a descriptor, 0 if it is none. */
static size_t place(const char *at, bool *path, u64 *token)
{
	char text[32];
	const char *number, *end;

	*path = !strncmp(at, "{path:", 6);
	if (!*path && strncmp(at, "{fd:", 4))
		return 0;
	number = strchr(at, ':') + 1;
	end = strchr(number, '}');
	if (!end || (size_t)(end - number) >= sizeof(text))
		return 0;
	memcpy(text, number, (size_t)(end - number));
	text[end - number] = '\0';
	return session_token(text, token) ? (size_t)(end + 1 - at) : 0;
}

char *session_expand(const char *arg, const struct session_file *file,
		     const int *fd, size_t nr)
{
	char *out = format("%s", ""), *more;
	const struct session_file *f;
	size_t length;
	bool path;
	u64 token;

	while (*arg) {
		length = place(arg, &path, &token);
		f = length ? find(file, nr, token) : NULL;
		if (length && !f) {
			free(out);
			return NULL;
		}
		if (f)
			more = format("%s%s%d", out,
				      path ? "/proc/self/fd/" : "",
				      fd[f - file]);
		else
			more = format("%s%c", out, *arg);
		free(out);
		out = more;
		arg += f ? length : 1;
	}
	return out;
}

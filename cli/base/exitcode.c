// SPDX-License-Identifier: GPL-2.0
/* What the tool ends with. */
#include "cli/base/exitcode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/base/util.h"

int exit_code_of(int err)
{
	switch (-err) {
	case 0:
		return EXIT_OK;
	case ENOENT:
		return EXIT_ABSENT;
	case EBADMSG:
	case EIO:
	case ENODATA:
		return EXIT_DAMAGED;
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
		return EXIT_NO_ROOM;
	case EPERM:
	case EACCES:
		return EXIT_NOT_PERMITTED;
	default:
		return EXIT_FAILED;
	}
}

int exit_code_of_open(int err)
{
	return err == -EPERM || err == -EACCES ? EXIT_NOT_PERMITTED :
						 EXIT_FAILED;
}

int exit_code_of_found(int err)
{
	return err == -ENOENT ? EXIT_FAILED : exit_code_of(err);
}

int finish_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_OK;
	say("the output could not be written (%s).", strerror(errno));
	return EXIT_FAILED;
}

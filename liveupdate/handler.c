// SPDX-License-Identifier: GPL-2.0
/* Handlers, each of which preserves one kind of file. */

#include <linux/fs.h>
#include <linux/module.h>

#include "luo.h"

static LIST_HEAD(handlers);
static DECLARE_RWSEM(handlers_lock);

static struct liveupdate_file_handler *handler_by_name(const char *compatible)
{
	struct liveupdate_file_handler *fh;

	list_for_each_entry(fh, &handlers, list)
		if (!strcmp(fh->compatible, compatible))
			return fh;
	return NULL;
}

static bool ops_complete(const struct liveupdate_file_ops *ops)
{
	return ops && ops->can_preserve && ops->preserve && ops->unpreserve &&
	       ops->retrieve && ops->finish;
}

/**
 * liveupdate_register_file_handler() - offer to preserve a kind of file
 * @fh: handler; stays where it is until it is unregistered
 *
 * Handlers are asked in the order of their registration.
 *
 * Context: may sleep.
 *
 * Return: 0; -EOPNOTSUPP (live update is off); -EINVAL (an operation is missing, or the name is
 * empty or not terminated); -EEXIST (there is a handler of this name).
 */
int liveupdate_register_file_handler(struct liveupdate_file_handler *fh)
{
	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	if (!ops_complete(fh->ops) ||
	    !luo_name_ok(fh->compatible, sizeof(fh->compatible)))
		return -EINVAL;
	guard(rwsem_write)(&handlers_lock);
	if (handler_by_name(fh->compatible))
		return -EEXIST;
	INIT_LIST_HEAD(&fh->flb_links);
	list_add_tail(&fh->list, &handlers);
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_register_file_handler);

/**
 * luo_handler_remove() - take a handler off the list
 * @fh: of liveupdate_register_file_handler()
 *
 * Context: may sleep.
 */
void luo_handler_remove(struct liveupdate_file_handler *fh)
{
	guard(rwsem_write)(&handlers_lock);
	if (handler_by_name(fh->compatible) == fh)
		list_del_init(&fh->list);
}

/**
 * luo_handler_exists() - is this handler registered?
 * @fh: any pointer
 */
bool luo_handler_exists(struct liveupdate_file_handler *fh)
{
	struct liveupdate_file_handler *is;

	guard(rwsem_read)(&handlers_lock);
	list_for_each_entry(is, &handlers, list)
		if (is == fh)
			return true;
	return false;
}

/**
 * luo_handler_for() - find who preserves a file
 * @file: any
 *
 * Context: may sleep.
 *
 * Return: the first handler that takes the file, and its module is held; NULL if none does.
 */
struct liveupdate_file_handler *luo_handler_for(struct file *file)
{
	struct liveupdate_file_handler *fh;

	guard(rwsem_read)(&handlers_lock);
	list_for_each_entry(fh, &handlers, list) {
		if (!try_module_get(fh->ops->owner))
			continue;
		if (fh->ops->can_preserve(fh, file))
			return fh;
		module_put(fh->ops->owner);
	}
	return NULL;
}

/**
 * luo_handler_hold() - find a handler by its name
 * @compatible: name
 *
 * Context: may sleep.
 *
 * Return: the handler, and its module is held; NULL if there is none.
 */
struct liveupdate_file_handler *luo_handler_hold(const char *compatible)
{
	struct liveupdate_file_handler *fh;

	guard(rwsem_read)(&handlers_lock);
	fh = handler_by_name(compatible);
	return fh && try_module_get(fh->ops->owner) ? fh : NULL;
}

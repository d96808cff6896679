/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Command lines of kernels, read as a kernel reads them. */
#ifndef KHO_CORE_CMDLINE_H
#define KHO_CORE_CMDLINE_H

#include "env.h"

/**
 * struct kho_word - one parameter, as the kernel would split the line
 * @name: start of the name, inside the line
 * @name_len: its length
 * @value: start of the value, NULL if there is no '='
 * @len: length of the whole word from @name on
 */
struct kho_word {
	const char *name;
	size_t name_len;
	const char *value;
	size_t len;
};

/**
 * kho_cmdline_next() - get the next parameter
 * @line: where to go on; moved behind the word
 * @end: of the line, which ends at a NUL before that, too
 * @word: filled
 *
 * Blanks separate words unless they stand between double quotes, as in the kernel. "--" ends the
 * parameters of the kernel and therefore the walk.
 *
 * Context: any.
 *
 * Return: false if there is none.
 */
bool kho_cmdline_next(const char **line, const char *end,
		      struct kho_word *word);

/**
 * kho_word_is() - compare a parameter's name, with '-' and '_' being the same
 * @word: from kho_cmdline_next()
 * @name: name to compare with
 *
 * Context: any.
 */
bool kho_word_is(const struct kho_word *word, const char *name);

/**
 * kho_word_has() - is this one of the values, which commas separate?
 * @word: from kho_cmdline_next(), with a value
 * @element: to look for
 *
 * Context: any.
 */
bool kho_word_has(const struct kho_word *word, const char *element);

/**
 * kho_cmdline_objection() - find a word with which what is preserved would not be kept
 * @line: command line, ends at @end or at a NUL before that
 * @end: see @line
 * @word: filled if there is one
 *
 * Context: any.
 *
 * Return: NULL, or what the word would do: the rest of a sentence that starts with the word.
 */
const char *kho_cmdline_objection(const char *line, const char *end,
				  struct kho_word *word);

#endif /* KHO_CORE_CMDLINE_H */

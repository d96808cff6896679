/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of keys and files that the firmware and shim keep: what is enrolled, and what is revoked,
 * so that it must not be started any more. Kernels find them where this one does.
 */
#ifndef KHO_CLI_REVOKED_H
#define KHO_CLI_REVOKED_H

#include "cli/image/signer.h"

/**
 * struct efi_list - a variable of EFI that has lists
 * @name: for people
 * @table: where kernels that know of shim's table of variables show it whole
 * @variable: where efivarfs shows it
 */
struct efi_list {
	const char *name;
	const char *table;
	const char *variable;
};

/* signer_listed() or its sibling. */
typedef bool (*efi_list_question)(const struct signer *s, const u8 *lists,
				  size_t bytes);

/* Return: 1 if the table, or else the variable has it; 0 if not, or negative errno. */
int efi_list_has(const struct efi_list *list, efi_list_question question,
		 const struct signer *s);

/**
 * revoked_in() - is a file revoked, or the key that it is signed with?
 * @s: of that file
 * @is_key: set if it is the key
 *
 * Only the key itself is looked for, not one that has signed it.
 *
 * Return: name of the list that has it; NULL if none has, or none can be read.
 */
const char *revoked_in(const struct signer *s, bool *is_key);

/* Can it be known? The kernel shows at least one of the lists, or what it has read of them. */
bool revoked_is_known(void);

#endif /* KHO_CLI_REVOKED_H */

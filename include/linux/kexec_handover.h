/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kexec HandOver: keep memory, at its address, for the next kernel.
 *
 * Names, arguments and results are those of Linux 7.3, so that a client written for the kernel's
 * own KHO builds and runs with the kho module; docs/differences.md lists what differs on purpose.
 *
 * All functions may sleep and take locks of the module; none may be called from atomic context.
 * Preserving takes no reference: the caller keeps the memory allocated until the machine jumps,
 * and may go on writing to it until then. What a client preserves is not preserved again by the
 * next kernel unless its client does so.
 */
#ifndef LINUX_KEXEC_HANDOVER_H
#define LINUX_KEXEC_HANDOVER_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/kho/abi/kexec_handover.h>

struct folio;
struct page;

bool kho_is_enabled(void);
bool is_kho_boot(void);

int kho_preserve_folio(struct folio *folio);
void kho_unpreserve_folio(struct folio *folio);
int kho_preserve_pages(struct page *page, unsigned long nr_pages);
void kho_unpreserve_pages(struct page *page, unsigned long nr_pages);
struct folio *kho_restore_folio(phys_addr_t phys);
struct page *kho_restore_pages(phys_addr_t phys, unsigned long nr_pages);

int kho_preserve_vmalloc(void *ptr, struct kho_vmalloc *preservation);
void kho_unpreserve_vmalloc(struct kho_vmalloc *preservation);
void *kho_restore_vmalloc(const struct kho_vmalloc *preservation);

void *kho_alloc_preserve(size_t size);
void kho_unpreserve_free(void *mem);
void kho_restore_free(void *mem);

int kho_add_subtree(const char *name, void *blob, size_t size);
void kho_remove_subtree(void *blob);
int kho_retrieve_subtree(const char *name, phys_addr_t *phys, size_t *size);

#endif /* LINUX_KEXEC_HANDOVER_H */

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The seam between core/ and the world it is compiled into: the kho module, the kho tool, the
 * unit tests and the fuzzers. It is the only file of core/ that includes a kernel or libc header.
 */
#ifndef KHO_CORE_ENV_H
#define KHO_CORE_ENV_H

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/barrier.h>

#else /* user space, hosted or freestanding */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((__aligned__(x)))
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#ifndef noinline
#define noinline __attribute__((__noinline__))
#endif
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef static_assert
#define static_assert _Static_assert
#endif
#ifndef READ_ONCE
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))
#endif
#ifndef smp_wmb
/* Stores before it are seen before stores after it. */
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#endif /* __KERNEL__ */

/* Page geometry of the wire. x86-64 has one; arm64 would choose it at build time. */
#define KHO_PAGE_SHIFT 12
#define KHO_PAGE_SIZE (1ULL << KHO_PAGE_SHIFT)

#endif /* KHO_CORE_ENV_H */

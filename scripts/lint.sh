#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks of the sources that need no run.
#
# usage: scripts/lint.sh [--fix] [CHECK...]
#   format       clang-format; --fix applies it
#   checkpatch   the kernel's, with the exceptions below
#   sparse       a C=2 build of the modules says nothing
#   scripts      shellcheck of every script; the guests' shell can read what it is given
#   spelling     codespell of every text
#   freestanding core/ compiles without a libc and wants nothing but mem*() of its environment
#   rules        licences, version tests, includes of core/, width of comments and whether they
#                were torn, who calls whom
#   architecture docs/architecture.svg and docs/load.svg show what is there; scripts/architecture.py
#                and scripts/sequence.py make them

set -u -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top" || exit

all_checks=(format checkpatch sparse scripts spelling freestanding rules architecture)
fix=''
sparse_kernel=$(kernel_names | head -n 1)

# files PATTERN...: files of the repository, and those that are about to be
files() {
	git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
		while read -r name; do
			[ ! -e "$name" ] || printf '%s\n' "$name"
		done
}

scripts_list() {
	files scripts tests .ci debian cli boot recipes kmod | while read -r name; do
		case $name in
		*.sh | tests/vm/{scenarios,native,upstream,demo}/* | bench/vm/*) printf '%s\n' "$name" ;;
		*) ! head -c 64 "$name" 2>/dev/null | head -n 1 | tr -d '\0' |
			grep -q -E '^#!.*(ba|da|)sh' || printf '%s\n' "$name" ;;
		esac
	done
}

# Debian 12 has 14 by default; Debian 13 has newer ones, which format a few things differently.
clang_format() {
	local program=clang-format-14

	command -v "$program" >/dev/null || program=clang-format
	"$program" --version | sed 's/.*version /using clang-format /'
	files '*.c' '*.h' | xargs "$program" "$@"
}

check_format() {
	if [ -n "$fix" ]; then
		clang_format -i
	else
		clang_format --dry-run --Werror
	fi
}

# What is not complained about, and why:
#   FILE_PATH_CHANGES      there is no MAINTAINERS file to keep in step
#   SPDX_LICENSE_TAG       core/ carries "GPL-2.0 OR BSD-2-Clause", in C++ style in .c files only
#   LONG_LINE_COMMENT      comments may have 98 columns, which "rules" checks
#   LONG_LINE_STRING       messages are not broken, so that they can be searched for
#   AVOID_EXTERNS, NEW_TYPEDEFS, PREFER_DEFINED_ATTRIBUTE_MACRO
#                          the env header defines for user space what the kernel has itself
#   CAMELCASE              names of libraries and of boot protocol fields
#   MACRO_WITH_FLOW_CONTROL
#                          checks of the self-tests, which end the test
#   MACRO_ARG_REUSE        static checks and probes
#   OPEN_ENDED_LINE, PARENTHESIS_ALIGNMENT, OPEN_BRACE
#                          clang-format decides where lines end
# and outside of the kernel, which has what user space has not:
#   PREFER_KERNEL_TYPES    u8, u64, ...
#   BIT_MACRO, ARRAY_SIZE, MINMAX
#                          the macros
#   VOLATILE, COMPLEX_MACRO
#                          what READ_ONCE() and attributes are made of
#   SPLIT_STRING           texts of several lines
checkpatch_ignore=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LONG_LINE_COMMENT,LONG_LINE_STRING
checkpatch_ignore+=,AVOID_EXTERNS,NEW_TYPEDEFS,PREFER_DEFINED_ATTRIBUTE_MACRO
checkpatch_ignore+=,CAMELCASE,MACRO_ARG_REUSE,MACRO_WITH_FLOW_CONTROL

checkpatch_ignore+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,OPEN_BRACE
checkpatch_user=PREFER_KERNEL_TYPES,BIT_MACRO,ARRAY_SIZE,MINMAX,VOLATILE,COMPLEX_MACRO,SPLIT_STRING,ENOSYS

# checkpatch IGNORE: check the files named on standard input
checkpatch() {
	xargs -P 2 -n 16 perl "$checkpatch_program" --no-tree --strict --terse --no-summary \
		--show-types --ignore "$1" -f
}

check_checkpatch() {
	local failed=0 wire=include/linux/kho/abi/
	local in_kernel='^(kmod|liveupdate|kept|shmem|tests/kmod|include/linux)/'

	checkpatch_program=$("$top/scripts/extras.sh" checkpatch) || return
	files '*.[ch]' | grep -E "$in_kernel" | grep -v "^$wire" |
		checkpatch "$checkpatch_ignore" || failed=1
	files '*.[ch]' | grep -v -E "$in_kernel|$wire" |
		checkpatch "$checkpatch_ignore,$checkpatch_user" || failed=1
	files "$wire*.h" | checkpatch "$checkpatch_ignore,$checkpatch_user" || failed=1
	rm -f .checkpatch-camelcase.*
	return "$failed"
}

check_sparse() {
	local out

	# Checks every file, also those that are built already.
	out=$("$top/scripts/modules.sh" "$sparse_kernel" C=2 2>&1) || {
		printf '%s\n' "$out"
		return 1
	}
	! grep -E '(warning|error):' <<<"$out"
}

# The guests' shell reads scenarios, too.
check_scripts() {
	local name failed=0

	scripts_list | xargs shellcheck -x || failed=1
	while read -r name; do
		busybox sh -n "$name" || failed=1
	done < <(files tests/vm/{stage.sh,scenarios,native,upstream,demo} bench/vm)
	return "$failed"
}

check_spelling() {
	files | grep -v -E '^(COPYING|tests/fuzz/corpus/|tests/golden/.*\.bin)' |
		xargs codespell -L inout,ser,numer,fo,upto,sme,iput,te
}

check_freestanding() {
	local name object wanted failed=0

	mkdir -p build/freestanding
	for name in core/*.c; do
		object=build/freestanding/$(basename "$name" .c).o
		gcc -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -Werror -ffreestanding \
			-mno-sse -mno-mmx -mno-80387 -I. -Iinclude -Iinclude/uapi -c -o "$object" "$name" ||
			failed=1
	done
	# What one file of core/ defines, another may use.
	wanted=$(comm -23 \
		<(nm -u build/freestanding/*.o | awk '$1 == "U" { print $2 }' | sort -u) \
		<(nm --defined-only build/freestanding/*.o | awk 'NF == 3 { print $3 }' | sort -u) |
		grep -v -x -E 'mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail')
	if [ -n "$wanted" ]; then
		printf 'core/ wants from outside: %s\n' "$wanted"
		failed=1
	fi
	return "$failed"
}

rule_versions() {
	! files core kmod liveupdate kept shmem include cli tests | grep -v '^kmod/compat/' |
		xargs grep -n -E 'LINUX_VERSION_CODE|KERNEL_VERSION *\('
}

rule_licences() {
	local name line failed=0

	while read -r name; do
		case $name in
		COPYING | *.md | *.json | *.bin | *.gitignore | tests/fuzz/corpus/* | tests/golden/*) continue ;;
		debian/changelog | debian/copyright | debian/source/* | debian/*.symbols) continue ;;
		core/* | include/linux/kho/abi/*) line='SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause' ;;
		*) line='SPDX-License-Identifier: GPL-2.0' ;;
		esac
		head -n 3 "$name" | grep -q -F "$line" || {
			printf '%s: wants "%s"\n' "$name" "$line"
			failed=1
		}
	done < <(files)
	return "$failed"
}

rule_env() {
	! grep -n '^#include <' core/*.c core/*.h | grep -v '^core/env\.h:' | grep -v '<linux/kho/abi/'
}

rule_width() {
	# shellcheck disable=SC2016 # awk expands them
	! files '*.c' '*.h' | xargs awk '/^[\t ]*(\*|\/\*|\/\/)/ {
		width = 0
		for (i = 1; i <= length($0); i++)
			width += substr($0, i, 1) == "\t" ? 8 - width % 8 : 1
		if (width > 98)
			printf "%s:%d: %d columns\n", FILENAME, FNR, width
	}' | grep .
}

# The formatter leaves comments alone, but other hands fold them.
rule_torn() {
	files '*.c' '*.h' | xargs awk -f scripts/torn-comments.awk
}

rule_arrows() {
	python3 scripts/architecture.py --rules
}

check_architecture() {
	python3 scripts/architecture.py --check && python3 scripts/sequence.py --check
}

check_rules() {
	local rule failed=0

	for rule in rule_versions rule_licences rule_env rule_width rule_torn rule_arrows; do
		$rule || failed=1
	done
	return "$failed"
}

checks=()
for arg in "$@"; do
	case " --fix ${all_checks[*]} " in
	*" $arg "*) ;;
	*) usage "$arg: no such check" ;;
	esac
	[ "$arg" = --fix ] && fix=1 || checks+=("$arg")
done
[ ${#checks[@]} -gt 0 ] || checks=("${all_checks[@]}")
mkdir -p build/lint
failed=0
for check in "${checks[@]}"; do
	if "check_$check" >"build/lint/$check.log" 2>&1; then
		echo "ok    $check"
	else
		echo "FAILED $check: see build/lint/$check.log"
		failed=1
	fi
done
exit "$failed"

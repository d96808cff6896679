#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The completion and the manual page know every verb and every option that the tool's own help
# names, and the completion knows no others.
#
# usage: tests/cli/completion.sh [TOOL [COMPLETION [MANUAL]]]

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=${1:-$top/build/kho}
completion=${2:-$top/completion/kho.bash}
manual=${3:-$top/docs/kho.8}
failed=0

# shellcheck source=/dev/null
. "$completion"

# Nothing to complete with outside of a real completion.
compopt() {
	:
}

# complete_words WORD...: what the completion offers for the last word, sorted
complete_words() {
	COMP_WORDS=(kho "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_kho
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# differ WHAT: compares what help says (first file) with what the completion offers
same() {
	local difference

	difference=$(diff "$2" "$3") && return
	printf '%s: help (<) and completion (>) differ:\n%s\n' "$1" "$difference"
	failed=1
}

verbs() {
	"$tool" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort -u
}

# Options in the list of them, where a line begins with one, and in the lines of usage.
options() {
	"$tool" "$1" --help | sed -n -e '/^Options:/,/^$/p' -e '/^Usage:/,/^$/p' |
		grep -E '^ *(-|Usage:|kho )' | sed 's/  [a-z].*//' | grep -o -e '--[a-z][a-z-]*' | sort -u
}

mapfile -t all < <(verbs)
[ ${#all[@]} -gt 10 ] || {
	echo "the help lists only these verbs: ${all[*]}"
	exit 1
}
same verbs <(printf '%s\n' "${all[@]}" --help --version | sort -u) <(complete_words '' | sort -u)
for verb in "${all[@]}"; do
	same "$verb" <(options "$verb") <(complete_words "$verb" --)
	for option in $(options "$verb"); do
		# Manual pages write a hyphen that is one as \-.
		grep -q -F -e "${option//-/\\-}" "$manual" || {
			printf '%s %s: not in the manual page\n' "$verb" "$option"
			failed=1
		}
	done
	grep -q -x -F -e ".B $verb" "$manual" || {
		printf '%s: not in the manual page\n' "$verb"
		failed=1
	}
done
exit "$failed"

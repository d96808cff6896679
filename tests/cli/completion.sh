#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The completions for bash, zsh and fish and the manual page know every verb and every option that
# the tool's own help names, and the completions know no others.
#
# usage: tests/cli/completion.sh [TOOL [COMPLETION [MANUAL]]]

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=${1:-$top/build/kho}
completion=${2:-$top/completion/kho.bash}
manual=${3:-$top/docs/kho.8}
# Besides bash; a build of packages has none of them.
shells=${KHO_COMPLETION_SHELLS-zsh fish}
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

# Those of the other shells ask the tool, by its name.
bin=$(mktemp -d) || exit
trap 'rm -rf "$bin"' EXIT
ln -s "$(realpath "$tool")" "$bin/kho"

# in_zsh WORD...: what it describes for the last word
in_zsh() {
	PATH=$bin:$PATH zsh -f -c '
		_describe() { local list=${@[-1]}; print -l -- ${${(P)list}%%:*}; }
		_files() { :; }
		. "$1"
		shift
		words=(kho "$@")
		CURRENT=${#words}
		_kho' zsh "$top/completion/_kho" "$@" | sort -u
}

# in_fish WORD...
in_fish() {
	# shellcheck disable=SC2016 # for fish
	PATH=$bin:$PATH HOME=$bin fish --no-config -c '
		source $argv[1]
		complete -C "kho $argv[2..]"' "$top/completion/kho.fish" "$@" | cut -f 1 | sort -u
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

# Columns of its table, if it has one.
columns() {
	"$tool" "$1" --help | sed -n '/--output COL/,/--noheadings/p' | sed '/--noheadings/d' |
		grep -o -w '[A-Z][A-Z]*' | grep -v -x COL | sort -u
}

mapfile -t all < <(verbs)
[ ${#all[@]} -gt 10 ] || {
	echo "the help lists only these verbs: ${all[*]}"
	exit 1
}
for shell in $shells; do
	command -v "$shell" >/dev/null || {
		echo "there is no $shell to test its completion with; scripts/setup.sh installs it"
		exit 1
	}
	same "verbs in $shell" <(printf '%s\n' "${all[@]}" | sort -u) <("in_$shell" '' | grep -v -e -)
done
same verbs <(printf '%s\n' "${all[@]}" --help --version | sort -u) <(complete_words '' | sort -u)
for verb in "${all[@]}"; do
	same "$verb" <(options "$verb") <(complete_words "$verb" --)
	for shell in $shells; do
		same "$verb in $shell" <(options "$verb") <("in_$shell" "$verb" --)
	done
	for option in $(options "$verb"); do
		# Manual pages write a hyphen that is one as \-.
		grep -q -F -e "${option//-/\\-}" "$manual" || {
			printf '%s %s: not in the manual page\n' "$verb" "$option"
			failed=1
		}
	done
	# Of dump they depend on the section.
	[ "$verb" = dump ] || [ -z "$(columns "$verb")" ] || same "columns of $verb" <(columns "$verb") <(complete_words "$verb" --output '')
	for column in $(columns "$verb"); do
		grep -q -w -e "$column" "$manual" || {
			printf '%s %s: not in the manual page\n' "$verb" "$column"
			failed=1
		}
	done
	grep -q -x -F -e ".B $verb" "$manual" || {
		printf '%s: not in the manual page\n' "$verb"
		failed=1
	}
done
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The table of exit codes in the manual page has every verb, with exactly those codes that its own help tells of;
# and wrong usage of every verb is 2.
#
# usage: tests/cli/exitcodes.sh [TOOL [MANUAL]]

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=${1:-$top/build/kho}
manual=${2:-$top/docs/kho.8}
failed=0

# Codes of one verb by the table, ascending.
of_table() {
	sed -n '/^\.TS/,/^\.TE/p' "$manual" | awk -F '\t' -v verb="$1" '
		$1 == "verb" { for (i = 2; i <= NF; i++) code[i] = $i }
		$1 == verb { for (i = 2; i <= NF; i++) if ($i == "x") print code[i] }'
}

# By its help; 126 and 127 are of the command that session run was to run.
of_help() {
	"$tool" "$1" --help | sed -n '/^Exit status:/,/^$/p' | grep -o -w '[0-9][0-9]*' | grep -v '...' | sort -n -u
}

mapfile -t verbs < <("$tool" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ ${#verbs[@]} -gt 10 ] || {
	echo "the help lists only these verbs: ${verbs[*]}"
	exit 1
}
for verb in "${verbs[@]}"; do
	[ -n "$(of_help "$verb")" ] || {
		echo "kho $verb --help tells no exit status"
		failed=1
	}
	difference=$(diff <(of_help "$verb") <(of_table "$verb")) || {
		printf '%s: help (<) and the table of the manual page (>) differ:\n%s\n' "$verb" "$difference"
		failed=1
	}
	"$tool" "$verb" --no-such-option >/dev/null 2>&1 </dev/null
	code=$?
	[ "$code" -eq 2 ] || {
		echo "kho $verb --no-such-option ends with $code, not 2"
		failed=1
	}
done
exit "$failed"

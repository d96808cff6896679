#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What scripts/demo.sh takes for files to hand over, and what it refuses, with names as files may have them.
# Nothing is fetched and no machine starts.
#
# usage: tests/scripts/demo-files.sh

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
failed=0

complain() {
	printf '%s\n' "$*" >&2
	failed=1
}

demo() {
	KHO_CACHE=$work/cache "$top/scripts/demo.sh" --list "$@" >"$work/out" 2>"$work/err" </dev/null
}

# takes WHAT NUMBER FILE...: so many lines, each with digest, size and name of what is there
takes() {
	local what=$1 number=$2 digest bytes name

	shift 2
	if ! demo "$@"; then
		complain "$what: refused: $(cat "$work/err")"
		return
	fi
	[ "$(wc -l <"$work/out")" -eq "$number" ] || complain "$what: not $number files: $(cat "$work/out")"
	while read -r digest bytes name; do
		# As the shell quotes it.
		eval "name=$name"
		[ "$(sha256sum <"$name" | cut -c 1-64)" = "$digest" ] || complain "$what: ${name@Q} has another digest"
		[ "$(stat -L -c %s -- "$name")" = "$bytes" ] || complain "$what: ${name@Q} has another size"
	done <"$work/out"
}

# refuses WHAT PATTERN FILE...: in one line, with nothing done
refuses() {
	local what=$1 pattern=$2 status=0

	shift 2
	demo "$@" || status=$?
	[ "$status" -eq 1 ] || complain "$what: status $status, not 1"
	if [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -q -e "$pattern" "$work/err"; then
		complain "$what: does not say '$pattern' in one line: $(cat "$work/err")"
	fi
	[ ! -s "$work/out" ] || complain "$what: said something, and refused"
	[ ! -e "$work/cache" ] || complain "$what: makes a cache"
}

mkdir -p tree/sub other/empty many
names=('with space' ' outer blanks ' $'new\nline' $'\nfirst and last\n' $'tab\t' 'größe ☃' '-dash' '--list' "quo'te" '*' $'\\' $'\xff\xfe')
for name in "${names[@]}"; do
	printf 'this is %s' "$name" >"tree/$name"
done
: >tree/empty
echo deeper >'tree/sub/a file'
ln -s '../tree/with space' other/link
ln -s ../tree/sub other/link-to-sub
ln -s nowhere other/dangling
mkfifo other/pipe

takes directory $((${#names[@]} + 2)) tree
takes 'each by its name' ${#names[@]} "${names[@]/#/tree/}"
cd tree && takes 'from where they are' 4 -- -dash --list ' outer blanks ' $'\nfirst and last\n'
cd .. || exit
takes 'empty file' 1 tree/empty
takes link 1 other/link
takes 'link to a directory' 1 other/link-to-sub
takes 'the same twice' 2 tree/empty tree/empty
touch many/{1..300}
takes "many files" 300 many
touch other/file
takes 'what else is in a directory' 1 other
grep -q 'left out: 4 ' err || complain "what is left out is not said: $(cat err)"

refuses 'no such file' 'no such file' tree/empty missing
refuses 'no name' 'no such file' ''
refuses 'link to nothing' 'a link to something that is not there' other/dangling
refuses pipe 'neither a file nor a directory' other/pipe
refuses device 'neither a file nor a directory' /dev/zero
refuses 'empty directory' 'there is no file in this directory' other/empty
truncate -s 2G large
refuses 'large file' 'does not take more than' large
touch many/{1..16001}
refuses 'too many files' 'no more than 16000 can travel' many
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every script says how it is called when it does not understand an argument, ends with status 2 then, and
# has done nothing; and --help says the same.
#
# usage: tests/scripts/usage.sh

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
	printf '%s\n' "$*" >&2
	failed=1
}

# A script that does not look at its arguments would begin its work here: it has no time for it, and no place.
run() {
	KHO_CACHE=$work/cache timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null
}

# wants_usage SCRIPT ARGUMENT...
wants_usage() {
	local status=0

	run "$@" || status=$?
	[ "$status" -eq 2 ] || complain "${*#"$top/"}: status $status, not 2"
	grep -q '^usage: ' "$work/err" || complain "${*#"$top/"}: does not say how it is called"
	[ ! -s "$work/out" ] || complain "${*#"$top/"}: says something else on standard output"
	[ ! -e "$work/cache" ] || complain "${*#"$top/"}: makes a cache"
}

# Those with arguments from a list, or with none at all, know this one not either.
takes_a_word=' demo.sh compare.sh '

for script in "$top"/scripts/*.sh "$top"/bench/*.sh; do
	[ -x "$script" ] || continue
	wants_usage "$script" --no-such-option
	case "$takes_a_word" in
	*" ${script##*/} "*) ;;
	*) wants_usage "$script" no-such-argument ;;
	esac
	run "$script" --help || complain "$script --help: status $?"
	grep -q '^usage: ' "$work/out" || complain "$script --help: says nothing"
done
# Options that take a value, without it, and more words than there may be.
for line in 'vm-test.sh --jobs' 'vm-test.sh --limit' 'vm-test.sh --kernel-map' 'vm-test.sh --append' \
	'vm-test.sh --memory-times' 'test-system.sh --limit' 'packages.sh --in' 'packages.sh --in sid' \
	'test-fresh.sh --as sudo' 'test-fresh.sh --only' 'test-fresh.sh --only tests' \
	'packages.sh 1 2 3' 'setup.sh build vm' 'kernels.sh --drivers' 'modules.sh --headers' \
	'debian-root.sh trixie bookworm' 'extras.sh kexec ovmf' 'fuzz.sh wire many' 'nightly.sh debug night'; do
	read -r -a words <<<"$line"
	wants_usage "$top/scripts/${words[0]}" "${words[@]:1}"
done
exit "$failed"

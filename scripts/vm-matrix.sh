#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Hand over from every kernel of tests/vm/kernels.list, or $KHO_KERNELS, to every one, itself
# included, and say in a table what came out: ok, FAILED, lost, or - for what was not run. It is
# printed, and kept as build/vm/matrix.md.
#
# usage: scripts/vm-test.sh --matrix [OPTION...]     options of vm-test.sh

set -u -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

scenario=round-trip
table=$build/vm/matrix.md
mapfile -t kernels < <(kernel_names)

# outcome FROM TO
outcome() {
	local result

	result=$(cat "$build/vm/$scenario@$1,$2/result" 2>/dev/null)
	case $result in
	'') echo '-' ;;
	PASS) echo ok ;;
	LOST*) echo lost ;;
	*) echo FAILED ;;
	esac
}

write_table() {
	local from to name

	printf '| from \\ to |'
	printf ' %s |' "${kernels[@]}"
	printf '\n|---|'
	printf -- '---|%.0s' "${kernels[@]}"
	for from in "${kernels[@]}"; do
		printf '\n| %s |' "$from"
		for to in "${kernels[@]}"; do
			printf ' %s |' "$(outcome "$from" "$to")"
		done
	done
	printf '\n\nThe kernels:'
	for name in "${kernels[@]}"; do
		printf ' %s is %s' "$name" "$(kernel_release "$name")"
		[ "$name" = "${kernels[-1]}" ] && printf '.\n' || printf ','
	done
}

"$top/scripts/vm-test.sh" "$@" --list >/dev/null || exit
pairs=()
for from in "${kernels[@]}"; do
	for to in "${kernels[@]}"; do
		pairs+=("$scenario@$from,$to")
		rm -f "$build/vm/$scenario@$from,$to/result"
	done
done
"$top/scripts/vm-test.sh" "$@" "${pairs[@]}"
ret=$?
write_table | tee "$table"
exit "$ret"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Compare the speed of core/ in two revisions: before a change that touches a hot path. Both are built
# in worktrees under build/, with the microbenchmarks of the new one where the old one's interface
# allows that and with its own otherwise, and run in turn. Prints what the new one takes, divided by
# what the old one does.
#
# usage: bench/compare.sh OLD [NEW]     revisions of git; NEW may be left out for what is in the tree
# $ROUNDS (3) is how often each is run; a run has seven rounds by itself.

set -eu -o pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$top"

rounds=${ROUNDS:-3}
dir=$build/compare
programs=(bench_tracker bench_cover)

# check_out NAME REVISION: the sources in $dir/NAME; without a revision those of the tree
check_out() {
	rm -rf "${dir:?}/$1"
	git worktree prune
	if [ -n "$2" ]; then
		git worktree add -q --detach "$dir/$1" "$2"
	else
		mkdir -p "$dir/$1"
		git ls-files -z --cached --others --exclude-standard |
			xargs -0 cp --parents -t "$dir/$1" 2>/dev/null || true
	fi
}

# compile NAME: its programs, with the benches of the new one if they compile
compile() {
	local program

	for program in "${programs[@]}"; do
		gcc -std=gnu11 -O2 -Werror=incompatible-pointer-types -I"$dir/$1" -I"$dir/$1/include" -I"$dir/$1/include/uapi" \
			-o "$dir/$1/$program" "$2/bench/$program.c" "$2"/bench/{micro,pool,workload}.c \
			"$dir/$1"/core/*.c -lroaring || return
	done
}

main() {
	local old new round side program

	case ${1-} in
	-*) usage "$1: unknown option" ;;
	esac
	[ $# -eq 1 ] || [ $# -eq 2 ] || usage
	old=$(git rev-parse --verify -q "$1^{commit}") || die "$1: no such revision"
	new=''
	[ $# -eq 1 ] || new=$(git rev-parse --verify -q "$2^{commit}") || die "$2: no such revision"
	mkdir -p "$dir"
	trap 'git worktree remove --force "$dir/old" 2>/dev/null || true
		git worktree remove --force "$dir/new" 2>/dev/null || true' EXIT
	check_out old "$old"
	check_out new "$new"
	compile new "$dir/new" || die "the new one does not compile"
	if ! compile old "$dir/new" 2>"$dir/old.log"; then
		say "$1 has another interface: it is measured by its own benches"
		compile old "$dir/old" 2>>"$dir/old.log" || die "nor do they compile, it is too old for this comparison: see $dir/old.log"
	fi
	for ((round = 1; round <= rounds; round++)); do
		for side in old new; do
			for program in "${programs[@]}"; do
				"$dir/$side/$program" --json >"$dir/$side-$program-$round.json"
			done
		done
	done
	bench/ratio.py "$dir" "$rounds" "${programs[@]}"
}

main "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the README says, typed as it stands there, on a Debian on which nothing is installed but what
# debootstrap gives, with a clone of this repository and nothing else of it: the demo, and what its section
# "Install" says. The commands are read from README.md, so that it cannot say what does not work.
#
# usage: scripts/test-fresh.sh [bookworm|trixie] [--as root|user] [--tests]
#   bookworm, trixie  Debian 12 (default) or 13
#   --as root|user    only as root, without sudo, or as a user who has sudo; else both, one after the other
#   --tests           also the README's test command, which takes half an hour each time
# One line for each check, "ok" or "FAILED"; the exit status is 0 only if nothing failed. What was said is in
# build/test-fresh-SUITE/WHO.log. Only root can do this; it takes ten minutes for each of the two, and fetches
# about 700 MB.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"

suite=bookworm
accounts='root user'
tests=''
failed=0

# readme_commands SECTION: its lines that begin with a command, one each
readme_commands() {
	awk -v wanted="## $1" '/^## / { inside = $0 == wanted } inside && /^    sudo / { print substr($0, 5) }' \
		"$top/README.md"
}

# check WHAT COMMAND...
check() {
	local what=$1 since=$SECONDS

	shift
	printf '\n### %s\n' "$what" >>"$log"
	if "$@" >>"$log" 2>&1 </dev/null; then
		printf 'ok    fresh/%s/%s/%s (%d s)\n' "$suite" "$who" "$what" $((SECONDS - since))
	else
		show_end "$log"
		printf 'FAILED fresh/%s/%s/%s: see %s\n' "$suite" "$who" "$what" "$log"
		failed=1
		return 1
	fi
}

# as_typed LINE: in the clone, by who has it. Root has no sudo, and needs none. Questions are answered by yes.
as_typed() {
	local line=$1

	[ "$who" = user ] || line=${line//sudo /}
	printf '%s\n' "$line"
	inside su -l "$account" -c "cd kho && $line" < <(yes)
}

# Nothing but a clone, and who wants to use it.
make_account() {
	if [ "$who" = user ]; then
		inside apt-get -q -q update
		inside apt-get -q -q -y --no-install-recommends install sudo
		inside useradd -m -s /bin/bash "$account"
		echo "$account ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$account"
	fi
	home=$(inside su -l "$account" -c pwd)
	clone_to "$root$home/kho"
	inside chown -R "$account:" "$home/kho"
}

demo() {
	as_typed "$1" >"$out/demo.log" 2>&1 || {
		cat "$out/demo.log"
		return 1
	}
	cat "$out/demo.log"
	tail -n 1 "$out/demo.log" | grep -q '^handover: .* 0 lost; blackout'
}

# The kernel of the headers that were installed.
module_is_built() {
	local headers=("$root"/usr/src/linux-headers-*-amd64) release

	release=${headers[0]##*/linux-headers-}
	inside dkms status | grep -F "kho/" | grep -F "$release" | grep -q -w installed &&
		[ "$(inside modinfo -k "$release" -F kho_aside kho)" = '' ]
}

tool_runs() {
	inside kho --version && inside kho check --help >/dev/null && inside systemctl is-enabled kho.service
}

# What was built by sudo belongs to who owns the clone, who goes on without.
clone_is_ours() {
	local others

	others=$(inside find "$home/kho" -not -user "$account" | head)
	printf '%s\n' "$others"
	[ -z "$others" ] && as_typed 'make -s cli'
}

readme_is_understood() {
	local commands

	mapfile -t commands < <(readme_commands 'Two commands')
	[ "${commands[*]}" = 'sudo scripts/demo.sh sudo scripts/test.sh' ] || {
		printf 'README.md: the two commands are: %s\n' "${commands[*]-none}"
		return 1
	}
	mapfile -t commands < <(readme_commands Install)
	[ ${#commands[@]} -gt 0 ] || {
		printf 'README.md: no command in the section Install\n'
		return 1
	}
}

run_as() {
	local who=$1 account=root home line number=0 log

	[ "$who" = root ] || account=somebody
	log=$out/$who.log
	: >"$log"
	check readme readme_is_understood || return 0
	open_root "$lower" "$out/tree"
	mount -t sysfs -o ro sysfs "$root/sys"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	make_account >>"$log" 2>&1 || {
		show_end "$log"
		die "cannot make an account in a fresh $suite, see $log"
	}
	while read -r line; do
		case $line in
		*demo.sh*) check demo demo "$line" || true ;;
		*test.sh*) [ -z "$tests" ] || check test as_typed "$line" || true ;;
		esac
	done < <(readme_commands 'Two commands')
	while read -r line; do
		number=$((number + 1))
		check "install-$number" as_typed "$line" || true
	done < <(readme_commands Install)
	check tool tool_runs || true
	check module module_is_built || true
	check clone clone_is_ours || true
	umount -R "$root/dev" "$root/proc" "$root/sys"
	umount "$root"
	rm -rf "$out/tree"
}

main() {
	local who

	out=$build/test-fresh-$suite
	mkdir -p "$out"
	lower=$("$top/scripts/debian-root.sh" "$suite-fresh")
	for who in $accounts; do
		run_as "$who"
	done
	return "$failed"
}

arguments=("$@")
while [ $# -gt 0 ]; do
	case $1 in
	bookworm | trixie) suite=$1 ;;
	--as)
		option_value "$@"
		case $2 in
		root | user) accounts=$2 ;;
		*) usage "$2: not root or user" ;;
		esac
		shift
		;;
	--tests) tests=1 ;;
	*) usage "$1: unknown argument" ;;
	esac
	shift
done
[ "$(id -u)" -eq 0 ] || die "only root can make a Debian in a directory"
# In a mount namespace of its own: nothing stays mounted.
[ -n "${KHO_IN_NAMESPACE-}" ] || KHO_IN_NAMESPACE=1 exec unshare --mount "$0" "${arguments[@]}"
# On one line, which is read before the file may change.
main; exit

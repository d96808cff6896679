#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the README says, typed as it stands there, on a Debian on which nothing is installed but what
# debootstrap gives, with a clone of this repository and nothing else of it: its two commands, and what its
# section "Install" says. The commands are read from README.md, so that it cannot say what does not work.
#
# usage: scripts/test-fresh.sh [bookworm|trixie] [--as root|user] [--only PART]...
#   bookworm, trixie  Debian 12 (default) or 13
#   --as root|user    only as root, without sudo, or as a user who has sudo; else both, one after the other
#   --only PART       only that part; without, all of them, each on a Debian of its own:
#       demo      the command that shows it
#       packages  Install with packages, of which DKMS must have built the modules
#       make      Install without, and a module for the kernel whose headers are there
#       test      the command that proves it; half an hour at least, the others take some minutes each
# One line for each check, "ok" or "FAILED"; the last line is "N passed, N failed", and the exit status is 0
# only if nothing failed. What was said is in build/test-fresh-SUITE/WHO-PART.log. Only root can do this.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../tests/packages/root.sh
. "$top/tests/packages/root.sh"

suite=bookworm
accounts='root user'
all_parts='demo packages make test'
parts=''
passed=0
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
		passed=$((passed + 1))
	else
		show_end "$log"
		printf 'FAILED fresh/%s/%s/%s: see %s\n' "$suite" "$who" "$what" "$log"
		failed=$((failed + 1))
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

# release_of_headers: of the kernel whose headers were installed
release_of_headers() {
	local headers=("$root"/usr/src/linux-headers-*-amd64)

	printf '%s' "${headers[0]##*/linux-headers-}"
}

dkms_has_built() {
	local release

	release=$(release_of_headers)
	inside dkms status | grep -F "kho/" | grep -F "$release" | grep -q -w installed &&
		[ "$(inside modinfo -k "$release" -F kho_aside kho)" = '' ]
}

package_works() {
	inside kho --version && inside kho check --help >/dev/null && inside systemctl is-enabled kho.service
}

installed_works() {
	as_typed '/usr/local/sbin/kho --version && /usr/local/sbin/kho check --help >/dev/null' &&
		[ -s "$root/usr/local/share/man/man8/kho.8" ]
}

# A program is built with what was installed, and finds the library when it runs.
program_builds() {
	as_typed 'gcc -D_GNU_SOURCE -o ~/kvstore docs/kvstore/kvstore.c -I/usr/local/include/kho/uapi -lliveupdate' &&
		inside ldd "$home/kvstore" | grep 'libliveupdate.so.0 => /usr/local/lib/'
}

# module_for_headers: as the README says it of the kernel that runs, but here that is none of this Debian
module_for_headers() {
	local line release

	# shellcheck disable=SC2016 # as it stands there
	line=$(grep -o 'make modules-at HEADERS=/lib/modules/$(uname -r)/build' "$top/README.md") || return
	inside apt-get -q -y --no-install-recommends install linux-headers-amd64 || return
	release=$(release_of_headers)
	# shellcheck disable=SC2016 # as it stands there
	as_typed "${line/'$(uname -r)'/"$release"}" &&
		inside grep -q -a -F "vermagic=$release " "$home/kho/build/modules/$release/kho.ko"
}

# What was built by sudo belongs to who owns the clone, who goes on without.
clone_is_ours() {
	local others

	others=$(inside find "$home/kho" -not -user "$account" | head)
	printf '%s\n' "$others"
	[ -z "$others" ] && as_typed 'make -s cli'
}

# The README has a command for each part, and these can tell them apart.
readme_is_understood() {
	local commands line

	mapfile -t commands < <(readme_commands 'Two commands')
	[ "${commands[*]}" = 'sudo scripts/demo.sh sudo scripts/test.sh' ] || {
		printf 'README.md: the two commands are: %s\n' "${commands[*]-none}"
		return 1
	}
	for line in 'scripts/packages\.sh$' 'make install$'; do
		[ "$(readme_commands Install | grep -c -e "$line")" -eq 1 ] || {
			printf 'README.md: in the section Install is not one command with: %s\n' "$line"
			return 1
		}
	done
}

part_demo() {
	check demo demo "$(readme_commands 'Two commands' | grep demo)"
	check demo/clone clone_is_ours
}

part_test() {
	check test as_typed "$(readme_commands 'Two commands' | grep test)"
	check test/clone clone_is_ours
}

part_packages() {
	local line number=0

	while read -r line <&3; do
		number=$((number + 1))
		check "packages/$number" as_typed "$line"
	done 3< <(readme_commands Install | grep -v 'make install')
	check packages/tool package_works
	check packages/module dkms_has_built
	check packages/clone clone_is_ours
}

part_make() {
	check make as_typed "$(readme_commands Install | grep 'make install')"
	check make/tool installed_works
	check make/program program_builds
	check make/module module_for_headers
	check make/clone clone_is_ours
}

# run_part PART: by $who, on a Debian that nobody has used yet
run_part() {
	local account=root home log=$out/$who-$1.log

	[ "$who" = root ] || account=somebody
	: >"$log"
	open_root "$lower" "$out/tree"
	mount -t sysfs -o ro sysfs "$root/sys"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	make_account >>"$log" 2>&1 || {
		show_end "$log"
		die "cannot make an account in a fresh $suite, see $log"
	}
	"part_$1"
	umount -R "$root/dev" "$root/proc" "$root/sys"
	umount "$root"
	rm -rf "$out/tree"
}

main() {
	local who part

	readme_is_understood || exit
	out=$build/test-fresh-$suite
	mkdir -p "$out"
	lower=$("$top/scripts/debian-root.sh" "$suite-fresh")
	for part in ${parts:-$all_parts}; do
		for who in $accounts; do
			run_part "$part"
		done
	done
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
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
	--only)
		option_value "$@"
		case " $all_parts " in
		*" $2 "*) parts+="$2 " ;;
		*) usage "$2: not one of: $all_parts" ;;
		esac
		shift
		;;
	*) usage "$1: unknown argument" ;;
	esac
	shift
done
[ "$(id -u)" -eq 0 ] || die "only root can make a Debian in a directory"
# In a mount namespace of its own: nothing stays mounted.
[ -n "${KHO_IN_NAMESPACE-}" ] || KHO_IN_NAMESPACE=1 exec unshare --mount "$0" "${arguments[@]}"
# On one line, which is read before the file may change.
main; exit

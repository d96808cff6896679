# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts of this folder, which source it. Sets $top and the variables of the cache.

# What is made here is read as files of a system: packages, units, images.
umask 022

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by those who source this file
build=$top/build
cache=$(realpath -m -- "${KHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kho}")
# shellcheck disable=SC2034 # used by those who source this file
kernels_list=$top/tests/vm/kernels.list

# Modules of stock kernels that scenarios load, where a kernel has them.
# shellcheck disable=SC2034
stock_modules='reed_solomon ramoops brd virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mem overlay'

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# help_text: what the head of the running script says from "usage:" on
help_text() {
	sed -n '/^# usage:/,$ { /^#/!q; s/^# \{0,1\}//; p }' "$0"
}

# usage [COMPLAINT]: how the script is called; ends it with status 2. All arguments that a script does not
# know end here.
usage() {
	[ $# -eq 0 ] || say "$*"
	help_text >&2
	exit 2
}

# no_arguments ARGUMENT...: for a script, or the rest of its arguments, that takes none
no_arguments() {
	[ $# -eq 0 ] || usage "$1: unknown argument"
}

# option_value OPTION [VALUE...]: usage, if the option comes without the value it takes
option_value() {
	[ $# -ge 2 ] || usage "$1: needs a value"
}

# Of the script that sources this.
case ${1-} in
-h | --help)
	help_text
	exit
	;;
esac

# free_mib PLACE: what is free where it is, or will be
free_mib() {
	local place=$1

	while [ ! -e "$place" ]; do
		place=$(dirname -- "$place")
	done
	df -B 1M --output=avail -- "$place" | tail -n 1 | tr -d ' '
}

# need_space PLACE MIB WHAT: said before anything is fetched or written
need_space() {
	local free

	free=$(free_mib "$1")
	[ "$free" -ge "$2" ] || die "no space: $3 $2 MiB, and $1 has $free MiB; KHO_CACHE=DIRECTORY takes another cache"
}

# why_failed LOG: in one sentence, which of the usual reasons a program gave that fetches or unpacks
why_failed() {
	local place said

	for place in "$cache" "$build" /var/cache/apt "${TMPDIR:-/tmp}"; do
		if [ "$(free_mib "$place")" -lt 8 ]; then
			printf 'no space: %s has %s MiB left' "$place" "$(free_mib "$place")"
			return
		fi
	done
	if grep -q -i -E 'no space left|not enough free space|enough free space in|quota exceeded' "$1"; then
		printf 'no space: %s' "$(grep -m 1 -i -E 'space|quota' "$1")"
	elif said=$(grep -m 1 -o -i -E "(temporary failure|could not) resolv.*|network is unreachable|(could not|unable to) connect.*|no route to host|connection (refused|timed out).*" "$1"); then
		printf 'no network: the archive of Debian cannot be reached (%s)' "$said"
	elif said=$(grep -m 1 -o -i -E '[45][0-9][0-9] +[A-Z][A-Za-z ]*|hash sum mismatch|connection failed|unexpected size|file has unexpected.*' "$1"); then
		printf 'the mirror failed (%s)' "${said% }"
	else
		said=$(grep -m 1 '^E: ' "$1" || tail -n 1 "$1")
		printf 'failed: %s' "${said#E: }"
	fi
}

# retry COMMAND...: mirrors fail now and then; a command that fails four times fails. What it says goes to
# standard error.
retry() {
	local attempt log why

	log=$(mktemp) || return
	for attempt in 1 2 3 4; do
		if "$@" >"$log" 2>&1; then
			cat "$log" >&2
			rm "$log"
			return
		fi
		why=$(why_failed "$log")
		# Of no use.
		case $why in
		'no space'* | *'Unable to locate package'*) break ;;
		esac
		[ "$attempt" -eq 4 ] || {
			say "$why; trying again"
			sleep "$attempt"
		}
	done
	show_end "$log"
	say "$why"
	rm "$log"
	return 1
}

# show_end LOG: its last lines, for a part that failed
show_end() {
	tail -n 15 -- "$1" | tr -d '\r\0' | sed 's/^/    /' >&2
}

# failed_part WHAT LOG: says what failed, with the end of what it said
failed_part() {
	say "$1 failed; the end of $2:"
	show_end "$2"
	exit 1
}

# show_progress WHAT MEASURE PARENT: until it is killed, or the parent is gone. It leaves no process behind: that
# would keep busy what its caller unmounts next.
show_progress() {
	local since=$SECONDS shown=0 text nap=''

	trap 'if [ -n "$nap" ]; then kill "$nap"; wait "$nap"; fi 2>/dev/null; exit' TERM
	while kill -0 "$3" 2>/dev/null; do
		text="$1: $($2) ($((SECONDS - since)) s)"
		if [ -t 2 ]; then
			printf '\r\033[K%.*s' "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$text" >&2
		elif [ $((SECONDS - since)) -ge $((shown + 10)) ]; then
			shown=$((SECONDS - since))
			printf '%s\n' "$text" >&2
		fi
		sleep 1 &
		nap=$!
		wait "$nap"
	done
}

# with_progress WHAT MEASURE COMMAND...: runs the command, and says meanwhile WHAT and what MEASURE prints: on
# a terminal in a line that changes, else in plain lines, one in ten seconds and one at the end
with_progress() {
	local what=$1 measure=$2 since=$SECONDS ticker status=0

	shift 2
	show_progress "$what" "$measure" "$BASHPID" </dev/null >/dev/null 8>&- 9>&- &
	ticker=$!
	"$@" || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	[ ! -t 2 ] || printf '\r\033[K' >&2
	[ "$status" -ne 0 ] || printf '%s: %s (%d s)\n' "$what" "$($measure)" $((SECONDS - since)) >&2
	return "$status"
}

# mib BYTES
mib() {
	printf '%d.%d MiB' $(($1 >> 20)) $((($1 & 1048575) * 10 >> 20))
}

# clone_to DIRECTORY: a clone of this checkout, whoever it belongs to
clone_to() {
	local config status=0

	config=$(mktemp) || return
	printf '[safe]\n\tdirectory = *\n' >"$config"
	GIT_CONFIG_GLOBAL=$config git clone -q -- "$top" "$1" || status=$?
	rm "$config"
	return "$status"
}

# hand_back: under sudo, build/ belongs to who called it, as the rest of the clone does
hand_back() {
	[ -z "${SUDO_UID-}" ] || [ ! -d "$build" ] || [ "$(stat -c %u "$top")" != "$SUDO_UID" ] ||
		chown -R --from=root -- "$SUDO_UID:${SUDO_GID-}" "$build"
}

# module_sources: files and directories that the modules are built of, a line each
module_sources() {
	sed -n 's/^KHO_MODULE_SOURCES := //p' "$top/version.mk" | tr ' ' '\n'
}

# Release of Debian that this machine runs.
this_suite() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# Names of the kernels to work with, one a line: those of the list, or what $KHO_KERNELS names. This is the
# only place that says which: what fetches, builds, packs and runs, and the Makefile, ask here.
kernel_names() {
	if [ -n "${KHO_KERNELS-}" ]; then
		xargs -n 1 <<<"$KHO_KERNELS"
	else
		all_kernel_names
	fi
}

all_kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$kernels_list"
}

# need_kernel NAME: the kernel is in the cache afterwards. One that is wanted and not there is fetched, or
# the reason why it cannot be is said.
need_kernel() {
	kernel_dir "$1" >/dev/null || "$top/scripts/kernels.sh" "$1" >&2
}

# kernel_dir NAME: where the kernel's packages are unpacked; fails if they are not
kernel_dir() {
	local dir=$cache/kernels/$1

	[ -e "$dir/complete" ] || return
	readlink -f "$dir"
}

# kernel_release NAME: what uname -r says in that kernel
kernel_release() {
	local dir

	dir=$(kernel_dir "$1") && cat "$dir/complete"
}

# kernel_suite NAME: release of Debian it belongs to; a kernel that we built belongs to this machine's
kernel_suite() {
	awk -v name="$1" '$1 == name { sub(/[-,].*/, "", $2); print $2 }' "$kernels_list"
}

# kernel_headers NAME: directory to build modules in
kernel_headers() {
	local dir

	dir=$(kernel_dir "$1") &&
		printf '%s/usr/src/linux-headers-%s\n' "$dir" "$(cat "$dir/complete")"
}

# kernel_image NAME: its bzImage
kernel_image() {
	local dir

	dir=$(kernel_dir "$1") &&
		printf '%s/boot/vmlinuz-%s\n' "$dir" "$(cat "$dir/complete")"
}

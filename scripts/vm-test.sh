#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run scenarios of tests/vm/scenarios, each in a virtual machine of its own with unmodified kernels.
#
# usage: scripts/vm-test.sh [OPTION...] [NAME...]
#   NAME          a scenario for all its paths, or SCENARIO@KERNEL,KERNEL... for one of them
#   --list        name everything that can be run, with what it proves
#   --jobs N      this many machines at a time (default 2)
#   --limit SEC   a machine without a verdict after this long, and a quarter more for each
#                 jump, is lost (default 400)
#   --no-build    take the initramfs as it is
#   --all-paths   also the paths that scenarios name as more_paths
#   --kernel-map FROM=TO[,FROM=TO...]  take kernel TO wherever a path names FROM, or '*' for any
#   --matrix [OPTION...]  from every kernel of the list to every one; see scripts/vm-matrix.sh
#   --memory-times N  machines of N times the memory
#   --append TEXT     besides on the command lines of the kernels; vmtest.KEY=VALUE is VM_KEY
#
# A machine that ends without a verdict and without a complaint of the kernel under test is *lost*:
# the emulator failed, and the scenario is run again, at most twice. It is never a pass.
# Everything a machine said is kept in build/vm/NAME: console, verdict, command.

set -eu -o pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

scenarios=${KHO_SCENARIOS:-$top/tests/vm/scenarios}
image=${KHO_VM_IMAGE:-$build/vm/image}
jobs=2
limit=${KHO_VM_LIMIT:-400}
# The script runs itself for each machine.
export KHO_VM_IMAGE KHO_VM_LIMIT KHO_VM_MAP KHO_VM_MEMORY_TIMES KHO_VM_APPEND

# read_scenario NAME: sets desc, paths and the options of the machine
read_scenario() {
	desc='' paths='' more_paths='' mem=1G smp=2 nodes=1 skew=0 firmware=bios append='' qemu='' expect='^PASS$' icount='' extra='' builds='' reboots='' threads=single monitor='' long='' revoked=''
	# shellcheck source=/dev/null
	. "$scenarios/$1"
	slots=${mem#"${mem%%,*}"} mem=${mem%%,*}
	mem=$((${mem%[MG]} * ${KHO_VM_MEMORY_TIMES:-1}))${mem##*[0-9]}$slots
	append+=${KHO_VM_APPEND:+ $KHO_VM_APPEND}
}

# mapped PATH: the kernels to take for those of the path
mapped() {
	local kernel rule found path=''
	local -a rules

	IFS=, read -r -a rules <<<"${KHO_VM_MAP-}"
	for kernel in ${1//,/ }; do
		found=$kernel
		for rule in "${rules[@]}"; do
			# shellcheck disable=SC2254 # it is a pattern
			case $kernel in
			${rule%%=*}) found=${rule#*=} ;;
			esac
		done
		path+=,$found
	done
	printf '%s' "${path#,}"
}

# Everything to run, with the kernels that are meant; what is the same then is run once.
expand_mapped() {
	local name

	expand "$@" | while read -r name; do
		printf '%s@%s\n' "${name%%@*}" "$(mapped "${name#*@}")"
	done | awk '!seen[$0]++'
}

# An image of their own for mapped kernels: the usual one may be in use.
use_mapped_image() {
	local names=("$@")

	KHO_KERNELS=$(printf '%s\n' "${names[@]#*@}" | tr ',' '\n' | sort -u | xargs)
	KHO_VM_IMAGE=$image-$(tr -c 'a-zA-Z0-9.\n' - <<<"$KHO_KERNELS")
	image=$KHO_VM_IMAGE
	export KHO_KERNELS
}

# Through every kernel of the list.
up_path() {
	kernel_names | paste -s -d ,
}

# build_for NAME...: what these scenarios want to be built besides, by their variable "builds": a script
# that is called with the name of each kernel
build_for() {
	local name

	for name in "$@"; do
		read_scenario "${name%%@*}"
		[ -z "$builds" ] || printf '%s\n' "${name#*@}" | tr ',' '\n' | sed "s/^/$builds /"
	done | sort -u | while read -r name; do
		# shellcheck disable=SC2086 # a script and its argument
		"$top/scripts/"$name </dev/null
	done
}

# Up and down again.
every_path() {
	{ kernel_names && kernel_names | tac | tail -n +2; } | paste -s -d ,
}

# From every kernel of the list to every one, itself included, without a pair that comes twice.
pairs_path() {
	local i j
	local -a kernels path=()

	mapfile -t kernels < <(kernel_names)
	for ((i = 0; i < ${#kernels[@]}; i++)); do
		path+=("${kernels[i]}")
		for ((j = i + 1; j < ${#kernels[@]}; j++)); do
			path+=("${kernels[i]}" "${kernels[j]}")
		done
	done
	printf '%s,' "${path[@]}"
	printf '%s' "${kernels[0]}"
}

# expand NAME...: every SCENARIO@PATH meant by the names; "up", "every" and "pairs" are paths that depend
# on the list of kernels
expand() {
	local name path

	for name in "$@"; do
		[ "$name" != -- ] || continue
		[ -f "$scenarios/${name%%@*}" ] || die "$name: no such scenario"
		if [ "${name#*@}" != "$name" ]; then
			printf '%s\n' "$name"
			continue
		fi
		read_scenario "$name"
		for path in $paths ${KHO_ALL_PATHS:+$more_paths}; do
			case $path in
			up) path=$(up_path) ;;
			every) path=$(every_path) ;;
			pairs) path=$(pairs_path) ;;
			esac
			printf '%s@%s\n' "$name" "$path"
		done
	done
}

list() {
	local name

	while read -r name; do
		read_scenario "${name%%@*}"
		printf '%-44s %s\n' "$name" "$desc"
	done < <(cd "$scenarios" && expand_mapped -- *)
}

# memory_options: -m, -smp and the nodes, the first one $skew bytes larger than the last; a node is a
# socket, or stock kernels warn
memory_options() {
	local node size

	if [ "$nodes" -eq 1 ]; then
		printf '%s\n' -m "$mem" -smp "$smp"
		return
	fi
	printf '%s\n' -m "$mem" -smp "$smp,sockets=$nodes,cores=$((smp / nodes)),threads=1"
	for ((node = 0; node < nodes; node++)); do
		size=$((${mem%G} * 1024 * 1024 * 1024 / nodes))
		[ "$node" -ne 0 ] || size=$((size + skew))
		[ "$node" -ne $((nodes - 1)) ] || size=$((size - skew))
		printf '%s\n' -object "memory-backend-ram,id=mem$node,size=$size" \
			-numa "node,nodeid=$node,memdev=mem$node" \
			-numa "cpu,node-id=$node,socket-id=$node"
	done
}

# firmware_options DIR KERNEL...: none, or those of an EFI machine whose variables are its own; on a secure one
# they trust what these kernels, and the modules of the test bed, are signed with. One with shim trusts what PCs do:
# what the owner signs is in shim's list, and a kernel and some modules may be revoked there.
firmware_options() {
	local code shim owner dir=$1 kernel
	local -a images=() unwanted=()

	[ "$firmware" != bios ] || return 0
	code=$("$top/scripts/extras.sh" ovmf) && owner=$("$top/scripts/extras.sh" owner) || return
	shift
	case $firmware in
	shim)
		shim=$("$top/scripts/extras.sh" shim) || return
		if [ -n "$revoked" ]; then
			unwanted=(--revoked "$(kernel_image "$revoked")" "$("$top/scripts/extras.sh" former)" "$image"/revoked-*.ko)
		fi
		"$top/scripts/efi-variables.py" --shim "${shim%/*}/variables" "$dir/variables" "$owner" "${unwanted[@]}" || return
		;;
	secure)
		for kernel in "$@"; do
			images+=("$(kernel_image "$kernel")")
		done
		"$top/scripts/efi-variables.py" "${code%/*}/variables" "$dir/variables" "$owner" "${images[@]}" || return
		;;
	*) cp "${code%/*}/variables" "$dir/variables" ;;
	esac
	if [ "$firmware" != efi ]; then
		code=${code%/*}/secure
		printf '%s\n' -global driver=cfi.pflash01,property=secure,value=on
	fi
	printf '%s\n' -drive "if=pflash,unit=0,format=raw,readonly=on,file=$code" \
		-drive "if=pflash,unit=1,format=raw,file=${dir//,/,,}/variables"
}

# start_options DIR KERNEL APPEND: the kernel to start with, and DIR/initrd; with shim, as Debian has it installed on
# a disk
start_options() {
	local shim esp=$1/esp kernel

	kernel=$(kernel_image "$2") || return
	if [ "$firmware" != shim ]; then
		printf '%s\n' -kernel "$kernel" -initrd "$1/initrd" -append "$3"
		return
	fi
	shim=$("$top/scripts/extras.sh" shim) || return
	mkdir -p "$esp/EFI/BOOT" "$esp/EFI/debian"
	cp "$shim" "$esp/EFI/BOOT/BOOTX64.EFI"
	cp "${shim%/*}/mok-manager" "$esp/EFI/BOOT/mmx64.efi"
	cp "${shim%/*}/grub" "$esp/EFI/BOOT/grubx64.efi"
	cp "$kernel" "$esp/vmlinuz"
	mv "$1/initrd" "$esp/initrd"
	printf '%s\n' "linux /vmlinuz $3" 'initrd /initrd' boot >"$esp/EFI/debian/grub.cfg"
	printf '%s\n' -drive "file=fat:${esp//,/,,},format=raw,if=virtio,readonly=on"
}

# boot DIR NAME: start the machine and wait for its end. On a busy host the machine's processors stand
# still for longer than RCU of its kernel thinks possible. The emulator keeps little of what it has
# translated: a page of a program that was started a thousand times else has so many translations that the
# next kernel needs a second to clear it. It copies and clears byte by byte if its processor says that it is
# fast at that (ERMS). A thread for each processor is for scenarios that want processors to race: it costs
# the others time, and the emulator now and then goes on with an int3 of the kernel's patching of itself that
# another processor has replaced, of which the machine dies.
boot() {
	local dir=$1 scenario=${2%%@*} path=${2#*@} kernel socket monitor_pid
	local -a kernels memory start command more
	local -a machine=(-accel "tcg,thread=$threads,tb-size=64" -cpu "max,cx16=off,erms=off,fsrm=off")

	# Guest time then counts instructions, also for the clock that boot waits for, and repeats agree. What
	# is counted stays comparable with what others measured: the processor has all it can have.
	[ -z "$icount" ] || machine=(-accel "tcg,thread=single" -icount "shift=0,sleep=off"
		-rtc "base=2026-01-01T00:00:00,clock=vm" -cpu "max,cx16=off")
	IFS=, read -r -a kernels <<<"$path"
	cat "$image/base.cpio" "$image/carry.cpio" ${extra:+"$extra"} >"$dir/initrd"
	for kernel in $(printf '%s\n' "${kernels[@]:1}" | sort -u); do
		cat "$image/boot-$kernel.cpio" >>"$dir/initrd"
	done
	mapfile -t memory < <(memory_options && firmware_options "$dir" "${kernels[@]}")
	mapfile -t start < <(start_options "$dir" "${kernels[0]}" "console=ttyS0 quiet panic=-1 no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 vmtest.scenario=$scenario vmtest.path=$path vmtest.stage=0${append:+ $append}")
	read -r -d '' -a more <<<"$qemu" || true
	command=(qemu-system-x86_64 -machine q35 "${machine[@]}"
		"${memory[@]}" -nodefaults -display none
		-action "reboot=$([ -z "$reboots" ] && echo shutdown || echo reset)"
		-serial "file:$dir/console" -serial "file:$dir/verdict"
		"${start[@]}" "${more[@]}")
	: >"$dir/verdict"
	: >"$dir/console"
	# The name of a socket must be short.
	[ -z "$monitor" ] || {
		socket=$(mktemp -u /tmp/kho-monitor.XXXXXX)
		command+=(-qmp "unix:$socket,server=on,wait=off")
		"$top/scripts/vm-monitor.py" "$dir/verdict" "$socket" >"$dir/monitor" 2>&1 &
		monitor_pid=$!
	}
	printf '%q ' "${command[@]}" >"$dir/command"
	timeout --foreground $((limit * (${#kernels[@]} + 3) / 4)) "${command[@]}" </dev/null >"$dir/qemu" 2>&1 || true
	rm -rf "$dir/initrd" "$dir/esp"
	[ -z "$monitor" ] || {
		kill "$monitor_pid" 2>/dev/null || true
		rm -f "$socket"
	}
}

# complaints DIR: the console from the first sign of trouble that no scenario wanted, if there is one
complaints() {
	sed -e '/vmtest: what follows is wanted/,/vmtest: end of what is wanted/d' "$1/console" |
		sed -n -e '/BUG:\|Oops\|Kernel panic\|Call Trace/,$p'
}

# judge DIR: PASS, FAIL with a reason, or LOST with a reason. What the machine says first counts: it says
# LOST where its kernel complained before there was anything of ours.
judge() {
	local failure trouble

	failure=$(grep -a -m1 -E '^(FAIL|LOST)' "$1/verdict" | tr -d '\r' || true)
	trouble=$(complaints "$1" | tr -d '\r\0')
	if [ -n "$failure" ]; then
		printf '%s\n' "$failure"
	elif [ "$(tail -n 1 "$1/verdict" | tr -d '\r')" = PASS ]; then
		echo PASS
	elif [ -z "$trouble" ]; then
		echo "LOST no verdict; last: $(tail -n 1 "$1/verdict")"
	elif grep -a -m1 -E '^(\[[ 0-9.]*\] )?CPU: .*[tT]ainted' <<<"$trouble" | grep -q 'Not tainted'; then
		# Before a module of ours is in, a kernel that dies is not our doing.
		echo 'LOST a kernel without modules died'
	else
		echo "FAIL ${trouble%%$'\n'*}"
	fi
}

# as_expected VERDICT: only scenarios about the test bed itself expect anything but PASS
as_expected() {
	grep -q -E -e "$expect" <<<"$1"
}

# machine_dir NAME: where its outcome is kept; long paths are cut to what a file name may have
machine_dir() {
	local name=$1

	[ ${#name} -le 200 ] || name=${name:0:150}-$(cksum <<<"$name" | cut -d ' ' -f 1)
	printf '%s' "$build/vm/$name"
}

# run_one NAME: run it, again while it is lost; leaves the outcome in DIR/result
run_one() {
	local name=$1 dir attempt started verdict lost=''

	dir=$(machine_dir "$name")
	read_scenario "${name%%@*}"
	rm -rf "$dir"
	mkdir -p "$dir"
	for attempt in 1 2 3; do
		started=$SECONDS
		boot "$dir" "$name"
		verdict=$(judge "$dir")
		printf '%s\n' "$verdict" >"$dir/result"
		if as_expected "$verdict"; then
			echo PASS >"$dir/result"
			printf 'ok    %s (%d s)%s\n' "$name" $((SECONDS - started)) "$lost"
			return
		fi
		[ "${verdict#LOST}" != "$verdict" ] || break
		lost=" after $attempt lost"
		printf 'lost  %s: %s\n' "$name" "${verdict#LOST }"
		cp "$dir/console" "$dir/console.lost$attempt"
	done
	printf 'FAILED %s: %s (%s)\n' "$name" "$verdict" "$dir"
}

# find_parts NAME...: what the machines need is there, or is fetched, before the first one starts
find_parts() {
	local name kernel efi='' shim='' kexec=''

	for name in "$@"; do
		read_scenario "${name%%@*}"
		[ "$firmware" = bios ] || efi=1
		[ "$firmware" != shim ] || shim=1
		[ "${extra##*/}" != kexec-13 ] || kexec=1
		kernel=${name#*@}
		for kernel in ${kernel//,/ }; do
			[ -e "$image/boot-$kernel.cpio" ] || die "$name: $image has no kernel $kernel; scripts/vm-image.sh" \
				"makes it for those that scripts/kernels.sh fetches, all or what KHO_KERNELS names"
		done
	done
	[ -z "$efi" ] || "$top/scripts/extras.sh" ovmf >/dev/null
	[ -z "$shim" ] || "$top/scripts/extras.sh" shim >/dev/null
	[ -z "$kexec" ] || "$top/scripts/extras.sh" kexec-13 >/dev/null
}

# longest_first NAME...: none of those that say they take long is the only one left at the end
longest_first() {
	local name others=()

	for name in "$@"; do
		read_scenario "${name%%@*}"
		if [ -n "$long" ]; then
			printf '%s\n' "$name"
		else
			others+=("$name")
		fi
	done
	[ ${#others[@]} -eq 0 ] || printf '%s\n' "${others[@]}"
}

# Read as a whole before anything runs, so that the file may change meanwhile.
main() {
	local build_image=1
	local -a names=()

	while [ $# -gt 0 ]; do
		case $1 in
		--list)
			list
			return
			;;
		--one)
			option_value "$@"
			run_one "$2"
			return
			;;
		--matrix)
			shift
			exec "$top/scripts/vm-matrix.sh" "$@"
			;;
		--jobs)
			option_value "$@"
			jobs=$2
			shift
			;;
		--limit)
			option_value "$@"
			KHO_VM_LIMIT=$2
			shift
			;;
		--no-build) build_image= ;;
		--all-paths) export KHO_ALL_PATHS=1 ;;
		--kernel-map)
			option_value "$@"
			KHO_VM_MAP=$2
			shift
			;;
		--memory-times)
			option_value "$@"
			KHO_VM_MEMORY_TIMES=$2
			shift
			;;
		--append)
			option_value "$@"
			KHO_VM_APPEND=$2
			shift
			;;
		-*) usage "$1: unknown option" ;;
		*)
			[ -f "$scenarios/${1%%@*}" ] || usage "$1: no such scenario"
			names+=("$1")
			;;
		esac
		shift
	done
	[ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd "$scenarios" && ls)
	mapfile -t names < <(expand_mapped "${names[@]}")
	# What goes wrong in an expansion must not end as success of nothing.
	[ ${#names[@]} -gt 0 ] || die "there is nothing to run"
	[ -z "${KHO_VM_MAP-}" ] || use_mapped_image "${names[@]}"
	[ -z "$build_image" ] || build_for "${names[@]}"
	[ -z "$build_image" ] || "$top/scripts/vm-image.sh"
	find_parts "${names[@]}"
	longest_first "${names[@]}" | xargs -P "$jobs" -I{} "$0" --one {}
	for name in "${names[@]}"; do
		grep -q '^PASS' "$(machine_dir "$name")/result" || return
	done
}

# On one line, which is read before the file may change.
# shellcheck disable=SC2317
main "$@"; exit

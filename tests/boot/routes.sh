#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where reboots go, and what is loaded for them: the installed scripts, run by sh as systemd and the hooks of
# packages run them, on a machine that is made up: /run, /sys, /boot and /proc/cmdline are files of this
# test, and systemctl, kho and modprobe only note what they are asked. What they decide is compared row by
# row with the table of docs/admin-guide.md.
#
# usage: tests/boot/routes.sh      silent if all is as it should be

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$top/build/boot-installed
failed=0
rows=0

if [ -z "${KHO_IN_NAMESPACE-}" ]; then
	rm -rf "$tree"
	make -s -C "$top" install-boot DESTDIR="$tree" PREFIX=/usr/local || exit
	user=()
	[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
	KHO_IN_NAMESPACE=$(readlink /proc/self/ns/mnt) exec unshare --mount "${user[@]}" "$0" "$@"
fi

# From here on /run, /sys and /boot are emptied again and again.
[ "$(readlink /proc/self/ns/mnt)" != "$KHO_IN_NAMESPACE" ] || exit

efi=/sys/firmware/efi/efivars
of_efi=8be4df61-93ca-11d2-aa0d-00e098032b8c
of_systemd=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f

# What the scripts call. Only what they ask systemd to do is noted.
make_programs() {
	cat >/usr/local/sbin/systemctl <<-'EOF'
		#!/bin/sh
		case $* in
		is-system-running) cat /run/test/system ;;
		--version) echo "systemd $(cat /run/test/version) (made up)" ;;
		'-q is-active systemd-logind.service') [ -e /run/test/logind ] ;;
		'show -p ActiveState --value kho-load.service') cat /run/test/kho-load ;;
		*) echo "$*" >>/run/test/systemctl ;;
		esac
	EOF
	cat >/usr/local/sbin/kho <<-'EOF'
		#!/bin/sh
		echo "kho $*" >>/run/test/kho
		[ "$1" != load ] || echo loaded >/sys/kernel/kho/image
		[ "$1" != check ] || ! grep -s -q -x -F "$2" /run/test/would-fail
	EOF
	cat >/usr/local/sbin/modprobe <<-'EOF'
		#!/bin/sh
		exit 0
	EOF
	# Is this a directory in which a system is being made? It is not, but not everybody may ask.
	cat >/usr/local/sbin/stat <<-'EOF'
		#!/bin/sh
		echo 1:2
	EOF
	chmod 755 /usr/local/sbin/*
}

# machine: a fresh one, which has an image loaded and keeps something
machine() {
	find /run /sys /boot /etc/default /etc/kho -xdev -mindepth 1 -delete
	mkdir -p /run/test /run/systemd/system /sys/kernel/kho /sys/kernel/boot_params "$efi" \
		/sys/class/watchdog/watchdog0
	echo loaded >/sys/kernel/kho/image
	echo ready >/sys/kernel/kho/state
	echo running >/run/test/system
	echo 252 >/run/test/version
	echo active >/run/test/kho-load
	: >/run/test/logind
	: >/run/test/systemctl
	echo inactive >/sys/class/watchdog/watchdog0/state
	echo 0 >/sys/class/watchdog/watchdog0/nowayout
	cp "$tree/etc/default/kho" /etc/default/kho
	mkdir -p /etc/kho/pre-load.d
}

wrong() {
	printf '%s\n' "$*"
	failed=1
}

# --- where a reboot goes

# efi_variable NAME BYTE...
efi_variable() {
	local name=$1

	shift
	# shellcheck disable=SC2059 # the bytes are a format
	printf '\x07\x00\x00\x00'"$(printf '\\x%s' "$@")" >"$efi/$name"
}

# What somebody asks before the reboot.
ask_nothing() { :; }
ask_argument() { echo recovery >/run/systemd/reboot-param; }
ask_empty_argument() { : >/run/systemd/reboot-param; }
ask_setup_without_efi() { : >/run/systemd/reboot-to-firmware-setup; }
ask_menu_without_efi() { echo 5 >/run/systemd/reboot-to-boot-loader-menu; }
ask_entry_without_efi() { echo other >/run/systemd/reboot-to-boot-loader-entry; }
ask_firmware_setup() { efi_variable "OsIndications-$of_efi" 01 00 00 00 00 00 00 00; }
ask_capsule_on_disk() { efi_variable "OsIndications-$of_efi" 04 00 00 00 00 00 00 00; }
ask_time_stamp_only() { efi_variable "OsIndications-$of_efi" 02 00 00 00 00 00 00 00; }
ask_boot_next() { efi_variable "BootNext-$of_efi" 03 00; }
ask_boot_next_0() { efi_variable "BootNext-$of_efi" 00 00; }
ask_boot_loader_entry() { efi_variable "LoaderEntryOneShot-$of_systemd" 61 00 00 00; }
ask_boot_loader_menu() { efi_variable "LoaderConfigTimeoutOneShot-$of_systemd" 35 00 00 00; }
ask_grub_reboot() {
	mkdir -p /boot/grub
	printf '# GRUB Environment Block\nsaved_entry=0\nnext_entry=1>2\n####' >/boot/grub/grubenv
}
ask_grub_default() {
	mkdir -p /boot/grub
	printf '# GRUB Environment Block\nsaved_entry=1>2\nnext_entry=\n####' >/boot/grub/grubenv
}
ask_watchdog() { echo active >/sys/class/watchdog/watchdog0/state; }
ask_watchdog_for_ever() {
	ask_watchdog
	echo 1 >/sys/class/watchdog/watchdog0/nowayout
}
ask_watchdog_all_the_same() {
	ask_watchdog_for_ever
	sed -i 's/^KHO_NOWAYOUT=.*/KHO_NOWAYOUT=jump/' /etc/default/kho
}

# decision TARGET: what becomes of it; as systemd runs the scripts
decision() {
	sh "$tree/usr/local/lib/kho/kho-reboot" running
	echo stopping >/run/test/system
	sh "$tree/usr/local/lib/kho/kho-reboot" stopping 2>/run/test/said-stopping
	# What a service is told that stops now.
	sh "$tree/usr/local/lib/kho/kho-reboot" foresee && echo kexec >/run/test/foreseen
	# From here on there is no systemd-logind, nor what was mounted at /boot.
	rm -rf /run/test/logind /boot/grub
	sh "$tree/usr/local/lib/kho/kho-reboot" "$1" 2>/run/test/said
	case $(cat /run/test/systemctl) in
	'--force kexec') echo kexec ;;
	'--force reboot') echo reboot ;;
	'') echo "$1" ;;
	*) cat /run/test/systemctl ;;
	esac
}

# row VERSION LOGIND IMAGE ASKED TARGET RESULT: with that systemd, with or without ("-") systemd-logind,
# when the shutdown gets to that target of systemd. Something is kept.
row() {
	local result lost=0 said

	rows=$((rows + 1))
	machine
	echo "$1" >/run/test/version
	[ "$2" = logind ] || rm /run/test/logind
	echo "$3" >/sys/kernel/kho/image
	[ "$3" = loaded ] || echo holding >/sys/kernel/kho/state
	"ask_$4"
	result=$(decision "$5")
	[ "$result" = "$6" ] || wrong "systemd $1, $2, image $3, asked $4, target $5: $result, not $6"
	[ "$5" != reboot ] || [ "$(cat /run/test/foreseen 2>/dev/null || echo reboot)" = "$6" ] ||
		wrong "systemd $1, $2, image $3, asked $4, target $5: not foreseen is $6"
	# Nothing is lost without a word, nor otherwise is it said to be.
	case $3/$result in
	*/reboot) lost=2 ;;
	stale/kexec | foreign/kexec | none/kexec) lost=1 ;;
	esac
	said=$(grep -c 'through the firmware: \|will be lost\|may refuse what is kept' /run/test/said)
	[ "$said" -eq "$lost" ] ||
		wrong "systemd $1, image $3, asked $4, target $5: said is $(cat /run/test/said)"
}

routes() {
	local version asked image target

	# systemctl reboot and D-Bus Reboot where systemd knows no difference; and Ctrl-Alt-Del.
	row 252 logind loaded nothing reboot kexec
	row 252 - loaded nothing reboot kexec
	row 253 logind loaded nothing reboot kexec
	for version in 254 257 262; do
		# SYSTEMCTL_SKIP_AUTO_KEXEC=1, D-Bus Reboot, Ctrl-Alt-Del.
		row $version logind loaded nothing reboot reboot
		row $version - loaded nothing reboot kexec
	done
	for version in 252 257 262; do
		# systemctl kexec; systemctl reboot from 254 on.
		row $version logind loaded nothing kexec kexec
		row $version - loaded nothing kexec kexec
		for asked in argument setup_without_efi menu_without_efi entry_without_efi firmware_setup \
			capsule_on_disk boot_next boot_next_0 boot_loader_entry boot_loader_menu grub_reboot \
			watchdog_for_ever; do
			row $version logind loaded $asked reboot reboot
			row $version - loaded $asked reboot reboot
			row $version logind loaded $asked kexec reboot
		done
		# That is no wish, nor a watchdog that systemd can stop.
		for asked in empty_argument time_stamp_only grub_default watchdog watchdog_all_the_same; do
			row $version - loaded $asked reboot kexec
			row $version logind loaded $asked kexec kexec
		done
		# It goes where it would have gone, but what is asked for is looked at, too.
		for asked in boot_next grub_reboot watchdog_for_ever; do
			row $version logind stale $asked reboot reboot
			row $version logind stale $asked kexec reboot
		done
		row $version logind stale nothing reboot reboot
		row $version logind stale nothing kexec kexec
		# Nothing of ours is loaded: not our matter.
		for image in none foreign; do
			for target in reboot kexec; do
				row $version logind $image nothing $target $target
				row $version logind $image boot_next $target $target
			done
		done
	done
}

# Nothing is kept: a kernel that is not ours is not our matter.
nothing_kept() {
	local image target

	for image in none foreign; do
		for target in reboot kexec; do
			machine
			echo $image >/sys/kernel/kho/image
			echo idle >/sys/kernel/kho/state
			[ "$(decision $target)" = $target ] || wrong "nothing is kept, image $image: not $target"
			[ ! -s /run/test/said ] || wrong "nothing is kept, image $image: said is $(cat /run/test/said)"
		done
	done
}

# Memory was plugged since the kernel was loaded: it is loaded once more, while services still run.
stale() {
	machine
	kernel 6.1.0-56-amd64 i
	echo stale >/sys/kernel/kho/image
	started_with 1 'root=/dev/vda ro'
	[ "$(decision reboot 2>/dev/null)" = kexec ] || wrong "stale: not loaded again, and not started"
	umount /proc/cmdline
	grep -q '^kho load /boot/vmlinuz-6.1.0-56-amd64 ' /run/test/kho || wrong "stale: not loaded again"
	# In vain: the reboot will not start it.
	machine
	kernel 6.1.0-56-amd64 i
	echo stale >/sys/kernel/kho/image
	ask_boot_next
	started_with 1 'root=/dev/vda ro'
	[ "$(decision reboot 2>/dev/null)" = reboot ] || wrong "stale: BootNext was not looked at"
	umount /proc/cmdline
	! grep -s '^kho load ' /run/test/kho || wrong "stale: loaded again in vain"
}

# --- what shuts down in the initramfs

exitrd() {
	machine
	mkdir -p /run/initramfs/usr/bin
	printf '#!/bin/sh\nkexec -e\n' >/run/initramfs/shutdown
	chmod 755 /run/initramfs/shutdown
	# With its libraries, so that it is a program with some.
	cp "$(command -v sed)" /usr/local/sbin/kho
	[ "$(decision reboot)" = kexec ] || wrong "exitrd: no kexec"
	[ -x /run/initramfs/usr/sbin/kexec ] || wrong "exitrd: there is no kexec"
	chroot /run/initramfs /usr/lib/kho/ld-linux-x86-64.so.2 --library-path /usr/lib/kho \
		/usr/lib/kho/kho --version | grep -q sed || wrong "exitrd: does not run"
	machine
	mkdir -p /run/initramfs/sbin
	printf '#!/bin/sh\nkexec -e\n' >/run/initramfs/shutdown
	: >/run/initramfs/sbin/kexec
	chmod 755 /run/initramfs/shutdown /run/initramfs/sbin/kexec
	decision reboot >/dev/null
	[ ! -e /run/initramfs/usr ] || wrong "exitrd: it had a kexec"
	make_programs
}

# --- what is loaded

# kernel RELEASE [INITRAMFS]
kernel() {
	: >"/boot/vmlinuz-$1"
	[ $# -eq 1 ] || : >"/boot/initrd.img-$1"
}

# started_with INITRAMFS-BYTES COMMAND-LINE
started_with() {
	{
		head -c 540 /dev/zero
		# shellcheck disable=SC2059 # it is a byte
		printf "\\x$(printf %02x "$1")\\x00\\x00\\x00"
	} >/sys/kernel/boot_params/data
	printf '%s\n' "$2" >/run/test/cmdline
	mount --bind /run/test/cmdline /proc/cmdline
}

# loads: what is loaded, as the tool is called
loads() {
	: >/run/test/kho
	sh "$tree/usr/local/lib/kho/kho-boot" load 2>/run/test/said
	sed -n 's/^kho load //p' /run/test/kho
	umount /proc/cmdline
}

# loads_this WHAT [RELEASE LINE [no-initramfs]]: with those options of the command line; nothing without
loads_this() {
	local result wanted='' initrd="--initrd /boot/initrd.img-${2-} "

	rows=$((rows + 1))
	[ $# -lt 4 ] || initrd=''
	[ $# -lt 3 ] || wanted="/boot/vmlinuz-$2 $initrd$3"
	result=$(loads)
	[ "$result" = "$wanted" ] || {
		wrong "$1: loaded is \"$result\", not \"$wanted\""
		cat /run/test/said
	}
}

kernels() {
	machine
	kernel 6.1.0-50-amd64 i
	kernel 6.1.0-56-amd64 i
	started_with 1 'root=/dev/vda ro'
	loads_this newest 6.1.0-56-amd64 --reuse-cmdline
	# The making of its initramfs failed.
	rm /boot/initrd.img-6.1.0-56-amd64
	started_with 1 'root=/dev/vda ro'
	loads_this without-initramfs 6.1.0-50-amd64 --reuse-cmdline
	grep -q 'has no initramfs /boot/initrd.img-6.1.0-56-amd64' /run/test/said ||
		wrong "nothing is said of the initramfs"
	# None is needed.
	started_with 0 'root=/dev/vda ro'
	loads_this no-initramfs-needed 6.1.0-56-amd64 --reuse-cmdline no-initramfs
	# The administrator's choice stands, whatever comes of it.
	sed -i 's/^KHO_KERNEL=.*/KHO_KERNEL=6.1.0-56-amd64/' /etc/default/kho
	started_with 1 'root=/dev/vda ro'
	loads_this named-without-initramfs
	sed -i 's|^KHO_INITRD=.*|KHO_INITRD=/boot/initrd-of-mine|' /etc/default/kho
	started_with 1 'root=/dev/vda ro'
	loads_this mistyped-initramfs
	grep -q 'there is no initramfs /boot/initrd-of-mine' /run/test/said ||
		wrong "nothing is said of KHO_INITRD"
	# kho check has something against the newest.
	machine
	kernel 6.1.0-50-amd64 i
	kernel 6.1.0-56-amd64 i
	echo /boot/vmlinuz-6.1.0-56-amd64 >/run/test/would-fail
	started_with 1 'root=/dev/vda ro'
	loads_this next-older 6.1.0-50-amd64 --reuse-cmdline
	grep -q 'no newer kernel would do' /run/test/said || wrong "nothing is said of the older kernel"
	[ "$(cat /run/kho/passed-over)" = /boot/vmlinuz-6.1.0-56-amd64 ] || wrong "the newer one is not noted"
	rm /run/test/would-fail
	started_with 1 'root=/dev/vda ro'
	loads_this newest-again 6.1.0-56-amd64 --reuse-cmdline
	[ ! -s /run/kho/passed-over ] || wrong "a kernel that is loaded counts as passed over"
	# A program of the administrator's does not want it: no other is tried.
	printf '#!/bin/sh\nexit 1\n' >/etc/kho/pre-load.d/no
	chmod 755 /etc/kho/pre-load.d/no
	started_with 1 'root=/dev/vda ro'
	loads_this pre-load
}

# What a program of pre-load.d leaves behind does not hold the lock.
lock() {
	machine
	kernel 6.1.0-56-amd64 i
	printf '#!/bin/sh\nls -l /proc/self/fd >/run/test/fds\n' >/etc/kho/pre-load.d/look
	chmod 755 /etc/kho/pre-load.d/look
	started_with 1 'root=/dev/vda ro'
	loads >/dev/null
	[ -s /run/test/fds ] || wrong "pre-load.d was not run"
	! grep -q /run/kho/lock /run/test/fds || wrong "pre-load.d has the lock: $(cat /run/test/fds)"
}

# The file of the module that runs may have been replaced, and may be for nothing.
aside() {
	machine
	kernel 6.1.0-56-amd64 i
	cat >/usr/local/sbin/modinfo <<-'EOF'
		#!/bin/sh
		echo 'it could not be built'
	EOF
	chmod 755 /usr/local/sbin/modinfo
	started_with 1 'root=/dev/vda ro'
	loads_this aside
	: >/dev/kho
	started_with 1 'root=/dev/vda ro'
	loads_this aside-on-disk-only 6.1.0-56-amd64 --reuse-cmdline
	rm /dev/kho /usr/local/sbin/modinfo
}

# A kernel is installed while the unit loads: it may have looked before.
while_loading() {
	local state

	for state in active reloading activating; do
		machine
		kernel 6.1.0-56-amd64 i
		echo $state >/run/test/kho-load
		started_with 1 'root=/dev/vda ro'
		: >/run/test/kho
		sh "$tree/usr/local/lib/kho/kho-boot" installed 6.1.0-56-amd64 2>/run/test/said
		grep -q '^kho load /boot/vmlinuz-6.1.0-56-amd64 ' /run/test/kho ||
			wrong "installed while $state: not loaded"
		umount /proc/cmdline
	done
	# An older one is loaded, as this one did not work.
	machine
	kernel 6.1.0-50-amd64 i
	kernel 6.1.0-56-amd64 i
	mkdir -p /run/kho
	echo /boot/vmlinuz-6.1.0-50-amd64 >/run/kho/loaded
	started_with 1 'root=/dev/vda ro'
	: >/run/test/kho
	sh "$tree/usr/local/lib/kho/kho-boot" installed 6.1.0-50-amd64 2>/run/test/said
	grep -q '^kho load ' /run/test/kho || wrong "the loaded one has a new initramfs: not loaded"
	: >/run/test/kho
	sh "$tree/usr/local/lib/kho/kho-boot" installed 6.1.0-40-amd64 2>/run/test/said
	! grep '^kho load ' /run/test/kho || wrong "a kernel that nobody wants is new: loaded"
	umount /proc/cmdline
}

# The modules are of another version: whose initramfs is older gets a new one.
modules_are_new() {
	local release

	machine
	for release in 6.1.0-50-amd64 6.1.0-56-amd64 6.1.0-57-amd64; do
		kernel $release i
		: >"/run/test/$release"
	done
	rm /boot/vmlinuz-6.1.0-57-amd64
	touch -d 2000-01-01 /boot/initrd.img-6.1.0-50-amd64 /boot/initrd.img-6.1.0-57-amd64
	touch -d 2000-01-02 /run/test/6.1.0-5*-amd64
	cat >/usr/local/sbin/modinfo <<-'EOF'
		#!/bin/sh
		echo "/run/test/$2"
	EOF
	cat >/usr/local/sbin/update-initramfs <<-'EOF'
		#!/bin/sh
		echo "$*" >>/run/test/initramfs
	EOF
	chmod 755 /usr/local/sbin/*
	sh "$tree/usr/local/lib/kho/kho-boot" rebuilt
	[ "$(cat /run/test/initramfs)" = '-u -k 6.1.0-50-amd64' ] ||
		wrong "the modules are new: made anew are $(cat /run/test/initramfs)"
	rm /usr/local/sbin/modinfo /usr/local/sbin/update-initramfs
}

# --- with which command line

# line WHAT RUNNING EXPECTED
line() {
	started_with 1 "$2"
	loads_this "$1" 6.1.0-56-amd64 "--command-line $3"
}

# reuses WHAT RUNNING [OPTION]: what the kernel that runs was started with, of which the tool knows what was
# meant for one boot
reuses() {
	started_with 1 "$2"
	loads_this "$1" 6.1.0-56-amd64 "--reuse-cmdline${3+ $3}"
}

command_lines() {
	local grub=/boot/grub/grub.cfg

	machine
	kernel 6.1.0-56-amd64 i
	reuses plain 'BOOT_IMAGE=/vmlinuz root=/dev/vda ro  quiet initrd=\a.img'
	reuses quotes 'root=/dev/vda dyndbg="file a.c +p" ro single'
	sed -i 's/^KHO_APPEND=.*/KHO_APPEND="panic=10 quiet"/' /etc/default/kho
	reuses append 'root=/dev/vda ro' '--append panic=10 quiet'
	# Taken out by the tool, which has to know where it belongs: tests/unit/test_cli_cmdline.c.
	reuses appended 'root=/dev/vda panic=10 quiet ro' '--append panic=10 quiet'
	# What the boot loader would give.
	machine
	kernel 6.1.0-56-amd64 i
	mkdir -p /boot/grub /boot/loader/entries
	cat >$grub <<-'EOF'
		menuentry 'Debian GNU/Linux' {
			linux	/boot/vmlinuz-6.1.0-56-amd64 root=UUID=12 ro  audit=1
			initrd	/boot/initrd.img-6.1.0-56-amd64
		}
		menuentry 'Debian GNU/Linux (recovery mode)' {
			linux	/boot/vmlinuz-6.1.0-56-amd64 root=UUID=12 ro single
		}
	EOF
	line grub 'root=UUID=12 ro single audit=0' 'root=UUID=12 ro audit=1'
	sed -i 's/^KHO_APPEND=.*/KHO_APPEND="ro audit=1"/' /etc/default/kho
	line grub-appended 'root=UUID=12 ro single audit=0' 'root=UUID=12 ro audit=1'
	sed -i 's/^KHO_APPEND=.*/KHO_APPEND="root=UUID=12 ro"/' /etc/default/kho
	line grub-appended-in-front 'root=UUID=12 ro single audit=0' 'root=UUID=12 ro audit=1'
	sed -i 's/^KHO_APPEND=.*/KHO_APPEND=/' /etc/default/kho
	reuses grub-of-another-root 'root=UUID=13 ro quiet'
	# shellcheck disable=SC2016 # GRUB would expand it
	sed -i 's/audit=1/audit=1 $more/' $grub
	reuses grub-with-a-variable 'root=UUID=12 ro quiet'
	sed -i 's/vmlinuz-6.1.0-56-amd64/vmlinuz-6.1.0-55-amd64/' $grub
	reuses grub-without-it 'root=UUID=12 ro quiet'
	printf 'title a\nversion 6.1.0-55-amd64\noptions root=UUID=12 wrong\n' >/boot/loader/entries/a.conf
	printf 'title b\noptions root=UUID=12 ro\nversion 6.1.0-56-amd64\noptions audit=2\n' >/boot/loader/entries/b.conf
	line entries 'root=UUID=12 ro single' 'root=UUID=12 ro audit=2'
	sed -i 's/^KHO_CMDLINE=.*/KHO_CMDLINE="root=UUID=12 single"/' /etc/default/kho
	line given 'root=UUID=12 ro' 'root=UUID=12 single'
	sed -i 's/^KHO_APPEND=.*/KHO_APPEND="panic=10 quiet"/' /etc/default/kho
	line given-append 'root=UUID=12 ro' 'root=UUID=12 single panic=10 quiet'
	sed -i 's/^KHO_CMDLINE=.*/KHO_CMDLINE="root=UUID=12 panic=10 quiet ro"/' /etc/default/kho
	line given-appended 'root=UUID=12 ro' 'root=UUID=12 panic=10 quiet ro'
}

# A /dev to which something can be added.
mkdir -p /mnt && mount -t tmpfs -o mode=755 tmpfs /mnt || exit
for place in null zero; do
	: >/mnt/$place
	mount --bind /dev/$place /mnt/$place || exit
done
ln -s /proc/self/fd /mnt/fd
mount --rbind /mnt /dev || exit
# A copy of /etc has the directories that need not be in this one.
mount -t tmpfs tmpfs /run || exit
cp -a /etc /run/ 2>/dev/null
mkdir -p /run/etc/default /run/etc/kho
mount --bind /run/etc /etc || exit
for place in /run /sys /boot /etc/default /etc/kho /usr/local/sbin; do
	mount -t tmpfs tmpfs $place || exit
done
make_programs
routes
nothing_kept
stale
exitrd
kernels
lock
aside
while_loading
modules_are_new
command_lines
[ "$rows" -gt 150 ] || wrong "only $rows rows"
exit "$failed"

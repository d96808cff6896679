# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # init sets VM_*
#
# Runs inside the virtual machine: one stage of a scenario. What a scenario may call:
#
#   fail REASON...         the verdict is FAIL; ends the stage
#   metric KEY VALUE       report a measurement
#   done_all               everything the scenario wanted has happened
#   module [PARAM...]      load kho.ko
#   client                 load kho.ko and the test client
#   liveupdate             load kho.ko and liveupdate.ko
#   kept [PARAM...]        load kho.ko and kho-kept.ko
#   tree_make DIR SEED NR  a tmpfs with a tree that has everything (tests/kept/treetool.c); its description goes
#                          into a parcel
#   tree_mount DIR [OPTION,...]  a tmpfs for it to be restored in
#   tree_same DIR          fail unless the description is the same
#   lutest COMMAND...      the client of /dev/liveupdate (tests/luo), which must succeed
#   vmtest COMMAND...      a command to the client, which must succeed (tests/kmod/kho_vmtest.c)
#   found                  what its last command found
#   want WHAT A OP B       fail unless the comparison of test(1) holds
#   refuses PATTERN COMMAND...  the command fails and says something that matches
#   status PATH            a value of `kho status --json`, such as in.bytes
#   flag NAME              whether `kho status` shows a flag
#   peek PHYS              a word of memory
#   regions COMMAND...     a command to the client of regions (tests/kmod/kho_regions.c)
#   fault COMMAND...       a command to what makes memory run out (tests/kmod/kho_fault.c)
#   fault_outcome          ends that: "hit" if memory has run out, else "missed"
#   wanted COMMAND...      run it; what the kernel complains about meanwhile is wanted
#   until_unserved PID     wait until this process waits for memory that nobody serves (tests/vm/unserved.c)
#   carry KEY VALUE        the next stages find it as $VM_KEY
#   meminfo KEY            KiB, of /proc/meminfo
#   fill_memory            use nearly all that is available, and give it back
#   from_nothing           fail unless this kernel has what one has after a cold boot: nothing
#   load_next [OPTION...]  load the next kernel of the path with `kho load`; VM_ahead (--append vmtest.ahead=no)
#                          is its --ahead
#   jump                   into what is loaded, with `kho exec`
#   hop [OPTION...]        both
#   file_load_next         load it with kexec_file_load(2), and nothing of ours
#   file_load KERNEL INITRD LINE  any kernel so
#   kexec_13 OPTION...     kexec(8) of Debian 13; wants its archive as "extra", see scripts/extras.sh
#   plain_load_next [OPTION...]  load the next kernel with kexec(8), which uses kexec_load(2)
#   plain_jump             into what is loaded, by reboot(2) alone
#
# A scenario has functions stage_0, stage_1, ..., or stage_any for the others. It may use
# the variables $VM_scenario, $VM_stage, $VM_path (names of kernels, separated by commas).

export PATH=/bin:/sbin

fail() {
	vmtool say "FAIL stage $VM_stage: $*"
	vmtool dmesg
	exit 1
}

metric() {
	vmtool say "METRIC $1 $2"
}

done_all() {
	: >/run/stage-done
}

module() {
	insmod "/ko/$(uname -r)/kho.ko" "$@" || fail "insmod kho.ko $*"
}

client() {
	module "$@"
	insmod "/ko/$(uname -r)/kho_vmtest.ko" "last=$(last_byte)" "note=$(loader_note)" ||
		fail "insmod kho_vmtest.ko"
}

liveupdate() {
	module "$@"
	insmod "/ko/$(uname -r)/liveupdate.ko" || fail "insmod liveupdate.ko"
}

kept() {
	module "$@"
	insmod "/ko/$(uname -r)/kho-kept.ko" || fail "insmod kho-kept.ko"
}

tree_mount() {
	mkdir -p "$1"
	mount -t tmpfs -o "noatime,${2:-size=50%}" none "$1" || fail "mount $1"
}

# One that nobody could describe twice would differ from anything.
tree_make() {
	tree_mount "$1" "${4:-huge=within_size,mode=1777}"
	treetool make "$1" "$2" "$3" || fail "treetool make $1"
	treetool describe "$1" >/tmp/described || fail "treetool describe $1"
	treetool describe "$1" | cmp -s - /tmp/described || fail "$1 is not described twice alike"
	kho put "tree$(echo "$1" | tr / .)" --replace --file /tmp/described || fail "kho put"
}

tree_same() {
	kho get "tree$(echo "$1" | tr / .)" >/tmp/wanted || fail "kho get"
	treetool describe "$1" >/tmp/described || fail "treetool describe $1"
	cmp -s /tmp/wanted /tmp/described ||
		fail "$1 is another one: $(diff -U 0 /tmp/wanted /tmp/described | sed 's/\(\\344\)*//g; s/x\{9,\}//g' | head -c 3000)"
}

lutest() {
	/bin/lutest "$@" 2>/tmp/lutest.err || fail "lutest $*: $(cat /tmp/lutest.err)"
}

# in_cgroup COMMAND...: in a memory cgroup of its own, /cgroup/test
in_cgroup() {
	mkdir /cgroup
	mount -t cgroup2 none /cgroup || fail "mount cgroup2"
	echo +memory >/cgroup/cgroup.subtree_control || fail "no memory controller"
	mkdir /cgroup/test
	(
		sh -c 'echo $PPID' >/cgroup/test/cgroup.procs || fail "cgroup.procs"
		"$@"
	) || exit 1
}

# Address of the last byte of RAM.
last_byte() {
	grep 'System RAM' /proc/iomem | tail -n 1 | sed 's/^ *[0-9a-f]*-\([0-9a-f]*\).*/0x\1/'
}

# Where the first kernel's loader noted its initrd on an EFI machine, or 0. Newer kernels clear that,
# whoever has the page by then.
loader_note() {
	dmesg | sed -n 's/.* INITRD=\(0x[0-9a-f]*\).*/\1/p' | grep . || echo 0
}

found() {
	cat /sys/module/kho_vmtest/parameters/result
}

vmtest() {
	echo "$*" >/sys/module/kho_vmtest/parameters/run 2>/dev/null || fail "vmtest $*: $(found)"
}

regions() {
	[ -d /sys/module/kho_regions ] || insmod "/ko/$(uname -r)/kho_regions.ko" ||
		fail "insmod kho_regions.ko"
	echo "$*" >/sys/module/kho_regions/parameters/run
}

fault() {
	[ -d /sys/module/kho_fault ] || insmod "/ko/$(uname -r)/kho_fault.ko" ||
		fail "insmod kho_fault.ko"
	echo "$*" >/sys/module/kho_fault/parameters/run || fail "fault $*"
}

fault_outcome() {
	fault disarm
	cat /sys/module/kho_fault/parameters/outcome
}

wanted() {
	# Important enough for the console, where the host looks for them.
	echo "<2>vmtest: what follows is wanted" >/dev/kmsg
	"$@"
	echo "<2>vmtest: end of what is wanted" >/dev/kmsg
}

want() {
	test "$2" "$3" "$4" || fail "$1: $2 is not $3 $4"
}

refuses() {
	local pattern="$1" said

	shift
	said=$("$@" 2>&1) && fail "was not refused: $*"
	echo "$said" | grep -q -E "$pattern" || fail "$* was refused, but said: $said"
}

# Values of the JSON are one a line: "key":value, after a line that opens the object.
status() {
	kho status --json | awk -v path="$1" '
		BEGIN { nr = split(path, part, ".") }
		/[{]$/ && nr == 2 { inside = index($0, "\"" part[1] "\"") > 0 }
		index($0, "\"" part[nr] "\":") && (nr == 1 || inside) {
			sub(/^[^:]*: */, "")
			sub(/,$/, "")
			gsub(/^"|"$/, "")
			print
			exit
		}'
}

flag() {
	kho status --json | tr -d ' \n' | grep -q "\"flags\":\[[^]]*\"$1\""
}

until_unserved() {
	until grep -q handle_userfault "/proc/$1/wchan" 2>/dev/null; do
		kill -0 "$1" || fail "process $1 has come to an end"
		usleep 10000
	done
}

carry() {
	carried="$carried vmtest.$1=$2"
}

meminfo() {
	awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo
}

peek() {
	vmtest peek "$1"
	found
}

fill_memory() {
	vmtool fill $(($(meminfo MemAvailable) * 9 / 10240)) || fail "memory is not usable"
}

# The module is loaded. What was preserved may still lie in memory, but nobody told of it.
from_nothing() {
	flag in-present && fail "something came in: $(kho status)"
	want "handovers since the cold boot" "$(status kexec-count)" -eq 0
	kho status | grep -q '^From the previous kernel: nothing' || fail "$(kho status)"
	[ -z "$(kho list)" ] || fail "there are parcels: $(kho list)"
	refuses 'nothing to report' kho report
	refuses 'left nothing' kho dump --incoming
	fill_memory
}

# Kernel of stage N of the path; empty if there is none.
kernel_of() {
	echo "$VM_path," | cut -d, -f$(($1 + 1))
}

next_image() {
	local name

	name=$(kernel_of $((VM_stage + 1)))
	[ -n "$name" ] || fail "the path $VM_path has no next kernel"
	echo "/boot/vmlinuz-$name"
}

# The next kernel's initramfs: with the kernels only if it is not the last.
next_initrd() {
	cp /boot/base.cpio /tmp/initrd || fail "no memory for the next initrd"
	if [ -n "$(kernel_of $((VM_stage + 2)))" ]; then
		(cd / && find boot -print | cpio -o -H newc) >>/tmp/initrd 2>/dev/null ||
			fail "cannot pack the next initrd"
	fi
	echo /tmp/initrd
}

next_cmdline() {
	sed "s/vmtest\.stage=[0-9]*/vmtest.stage=$((VM_stage + 1))/g" /proc/cmdline | tr -d '\n'
	echo "$carried"
}

load_next() {
	local image initrd

	image=$(next_image) && initrd=$(next_initrd) || exit 1
	kho load "$image" --initrd "$initrd" --append "$(next_cmdline)" ${VM_ahead:+"--ahead=$VM_ahead"} "$@" 2>/tmp/load.err ||
		fail "kho load $image $*: $(tr '\n' ' ' </tmp/load.err)"
	rm -f "$initrd"
}

jump() {
	vmtool judge || exit 1
	metric tsc_jump "$(vmtool tsc)"
	kho exec
	fail "kho exec came back with status $?"
}

hop() {
	load_next "$@"
	jump
}

# The same with kexec(8), for comparison and as a foreign loader. Without --no-checks it spends
# most of the time on a checksum of the image.
plain_load_next() {
	local image initrd

	image=$(next_image) && initrd=$(next_initrd) || exit 1
	kexec -c -l --no-checks "$image" --initrd="$initrd" --command-line="$(next_cmdline)" "$@" ||
		fail "kexec -l $image $*"
	rm -f "$initrd"
}

# With kexec_file_load(2) alone. What is said on failure is in /tmp/load.err.
file_load() {
	vmtool kexec-file "$1" "$2" "$3" 2>/tmp/load.err
}

file_load_next() {
	local image initrd

	image=$(next_image) && initrd=$(next_initrd) || exit 1
	file_load "$image" "$initrd" "$(next_cmdline)" ||
		fail "kexec-file $image: $(cat /tmp/load.err); $(dmesg | grep KHO | tail -n 2)"
	rm -f "$initrd"
}

kexec_13() {
	/boot/kexec-13/ld-linux-x86-64.so.2 --library-path /boot/kexec-13 /boot/kexec-13/kexec "$@"
}

plain_jump() {
	vmtool judge || exit 1
	vmtool kexec
	fail "kexec came back with status $?"
}

carried=
vmtool say "STAGE $VM_stage $(uname -r)"
metric tsc_init "$VM_tsc"
# shellcheck source=/dev/null
. "/scenarios/$VM_scenario" || fail "no scenario $VM_scenario"
if type "stage_$VM_stage" >/dev/null 2>&1; then
	"stage_$VM_stage"
else
	stage_any
fi

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No network, no space, a mirror that fails, not root: what is said names which of them it is.
#
# usage: tests/scripts/trouble.sh

set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(--map-root-user)
export TOP=$top KHO_CACHE=$work/cache
unset KHO_KERNELS

complain() {
	printf '%s\n' "$*" >&2
	failed=1
}

# says WHAT STATUS PATTERN COMMAND...: it ends with that status, and one line that matches
says() {
	local what=$1 wanted=$2 pattern=$3 status=0

	shift 3
	"$@" >"$work/said" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$wanted" ] || complain "$what: status $status, not $wanted"
	[ "$(grep -c -E -e "$pattern" "$work/said")" -eq 1 ] ||
		complain "$what: not one line has '$pattern': $(cat "$work/said")"
}

# In a name space that has no interface but a loopback that is down.
says 'no network' 1 'no network: the archive of Debian cannot be reached.*[^n]$' \
	unshare --net "${as_root[@]}" "$top/scripts/extras.sh" kexec

# shellcheck disable=SC2016 # that shell expands it
small='mkdir -p "$KHO_CACHE" && mount -t tmpfs -o size=200m tmpfs "$KHO_CACHE" && exec "$@"'
says 'no space for kernels' 1 '^kernels.sh: no space: the kernels .* take [0-9]+ MiB, and .* has 200 MiB' \
	unshare --mount "${as_root[@]}" sh -c "$small" sh "$top/scripts/kernels.sh"
says 'no space for the demo' 1 'no space: the kernels 6\.1 6\.12 take [0-9]+ MiB, and .* has 200 MiB' \
	unshare --mount "${as_root[@]}" sh -c "$small" sh "$top/scripts/demo.sh"

# Without privileges, whoever runs this; and a machine on which nothing is installed.
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/dpkg-query"
chmod +x "$work/bin/dpkg-query"
says 'not root' 1 'not root: packages are missing that only root can install \(sudo .*/scripts/setup.sh vm\): .*qemu' \
	unshare --user env PATH="$work/bin:$PATH" "$top/scripts/setup.sh" vm
for script in 'debian-root.sh trixie' 'test-packages.sh' 'test-system.sh' 'test-fresh.sh' 'packages.sh --in trixie'; do
	read -r -a words <<<"$script"
	says "$script" 1 'only root can' unshare --user "$top/scripts/${words[0]}" "${words[@]:1}"
done

# As apt-get says it. What fails once is tried again, and what fails always is not tried for ever.
cat >"$work/mirror" <<'EOF'
#!/bin/sh
echo try >>"$0.tries"
[ "$(wc -l <"$0.tries")" -gt "$1" ] && exit
echo "E: Failed to fetch http://mirror.invalid/pool/x.deb  503  Service Unavailable [IP: 192.0.2.1 80]"
exit 100
EOF
chmod +x "$work/mirror"
# shellcheck disable=SC2016 # that shell expands them
with_retry='. "$TOP/scripts/lib.sh" && retry "$@"'
says 'a mirror that fails once' 0 'the mirror failed \(503  Service Unavailable\); trying again' \
	bash -c "$with_retry" test.sh "$work/mirror" 1
rm "$work/mirror.tries"
says 'a mirror that fails' 1 'the mirror failed \(503  Service Unavailable\)$' \
	bash -c "$with_retry" test.sh "$work/mirror" 100
[ "$(wc -l <"$work/mirror.tries")" -eq 4 ] || complain "a mirror that fails: not four times"

# What shows the progress ends with what it shows: nobody has the lock any more.
# shellcheck disable=SC2016 # that shell expands them
bash -c 'exec 7>"$1" && flock 7 && . "$TOP/scripts/lib.sh" && nothing() { :; } && with_progress it nothing sleep 2' \
	test.sh "$work/lock" 2>/dev/null || complain "with_progress: status $?"
flock -n "$work/lock" true || complain "with_progress leaves a process behind"
exit "$failed"

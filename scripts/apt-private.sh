# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash source=lib.sh disable=SC2154 # lib.sh sets $cache
#
# A private apt root for packages that are unpacked and never installed. Sourced after lib.sh.
#
# Addresses come from the machine's own apt configuration, which is read and never written; the
# signatures are checked against the keys of Debian that are installed here.

# archive_of SUITE: address of the archive that has the suite, from what this machine uses itself
archive_of() {
	local label=Debian

	case $1 in
	*-security) label=Debian-Security ;;
	esac
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v label="$label" '$1 == "Debian" && $2 == label { print $3; exit }'
}

# suite_apt SUITE COMMAND...: apt command that sees nothing but this suite
suite_apt() {
	local root=$cache/apt/$1 command=$2

	shift 2
	"$command" -q -q \
		-o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$root/state" -o Dir::State::Status="$root/status" \
		-o Dir::Cache="$root/cache" -o APT::Sandbox::User="$(id -un)" \
		-o APT::Default-Release= -o Acquire::Languages=none -o Acquire::Retries=1 "$@"
}

# suite_update SUITE: fetch its list of packages, once per run of the caller. Several may be at it.
suite_update() {
	local root=$cache/apt/$1 archive keys=/usr/share/keyrings/debian-archive-keyring.gpg

	[ ! -e "$root/updated.$$" ] || return 0
	mkdir -p "$root" || return
	archive=$(archive_of "$1") || archive=''
	if [ -z "$archive" ]; then
		say "$1: this machine's apt configuration names no such archive"
		return 1
	fi
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	rm -f "$root"/updated.*
	printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$keys" "$archive" "$1" \
		>"$root/sources.list"
	say "$1: reading the list of packages"
	exec 7>"$root/lock"
	flock 7
	retry suite_apt "$1" apt-get update -o APT::Update::Error-Mode=any 7>&- || return
	exec 7>&-
	: >"$root/updated.$$"
}

# suite_depends SUITE PATTERN PACKAGE...: names of their dependencies that match a shell pattern
suite_depends() {
	local suite=$1 pattern=$2 name

	shift 2
	suite_apt "$suite" apt-cache show --no-all-versions "$@" |
		sed -n 's/^Depends: //p' | tr ',' '\n' | awk '{ print $1 }' |
		while read -r name; do
			# shellcheck disable=SC2254 # it is a pattern
			case $name in
			$pattern) printf '%s\n' "$name" ;;
			esac
		done
}

# suite_sizes SUITE PACKAGE...: bytes to download, and bytes when unpacked
suite_sizes() {
	local suite=$1

	shift
	suite_apt "$suite" apt-cache show --no-all-versions "$@" | awk '
		$1 == "Size:" { fetched += $2 }
		$1 == "Installed-Size:" { unpacked += $2 * 1024 }
		END { printf "%.0f %.0f\n", fetched, unpacked }'
}

# downloaded: the bytes in $dir/.deb, of $bytes
downloaded() {
	local there

	there=$(du -s -b -- "$dir/.deb" 2>/dev/null | cut -f 1)
	printf '%s of %s' "$(mib "${there:-0}")" "$(mib "$bytes")"
}

suite_download() {
	(cd "$dir/.deb" && retry suite_apt "$suite" apt-get download "$@")
}

# suite_unpack SUITE DIR PACKAGE...: download packages and unpack them under DIR
suite_unpack() {
	local suite=$1 dir=$2 name bytes unpacked

	shift 2
	mkdir -p "$dir/.deb" || return
	read -r bytes unpacked < <(suite_sizes "$suite" "$@")
	need_space "$dir" $(((bytes + unpacked >> 20) + 8)) "$1 takes"
	with_progress "$1" downloaded suite_download "$@" || return
	for name in "$dir"/.deb/*.deb; do
		dpkg-deb -x "$name" "$dir" || return
		rm "$name"
	done
	rmdir "$dir/.deb"
}

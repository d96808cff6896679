# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion for kho(8) in bash.

# Names of the parcels, or of the regions too, one a line; nothing if the module is not loaded.
_kho_parcels()
{
	kho list --noheadings -o TYPE,NAME 2>/dev/null | sed -n 's/^parcel *//p'
}

# What can be dropped by name alone.
_kho_everything()
{
	kho list --noheadings -o TYPE,NAME 2>/dev/null | sed -n 's/^\(parcel\|region\) *//p'
}

# Trees that came in; those that are kept.
_kho_incoming_trees()
{
	kho list --noheadings -o ORIGIN,TYPE,NAME 2>/dev/null | sed -n 's/^incoming *tree *//p'
}

_kho_kept_trees()
{
	kho list --noheadings -o STATE,NAME 2>/dev/null | sed -n 's/^kept *//p'
}

_kho_sessions()
{
	kho session --noheadings -o NAME 2>/dev/null
}

# Recipes, or the services that have one.
_kho_recipes()
{
	kho recipe list --noheadings -o NAME 2>/dev/null
}

_kho_enabled()
{
	kho recipe list --noheadings -o ENABLED,UNIT 2>/dev/null | sed -n 's/^yes *//p'
}

# _kho_words WORD...: those that begin with the current word
_kho_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

_kho_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_kho_directories()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_kho_names()
{
	local IFS=$'\n'

	mapfile -t COMPREPLY < <(compgen -W "$("$1")" -- "$cur")
}

_kho_options()
{
	case $1 in
	check)
		echo '--initrd --no-initrd --command-line --reuse-cmdline --append --syscall --ahead --debug --force --output --noheadings --raw --pairs --json --quiet --help'
		;;
	load) echo '--initrd --no-initrd --command-line --reuse-cmdline --append --syscall --ahead --debug --force --help' ;;
	report)
		echo '--save --history --prometheus --output --noheadings --raw --pairs --json --help'
		;;
	map) echo '--svg --width --ascii --output --noheadings --raw --pairs --json --help' ;;
	dump) echo '--incoming --section --all --save --output --noheadings --raw --pairs --json --help' ;;
	exec) echo '--force --help' ;;
	status) echo '--json --help' ;;
	put) echo '--file --tree --replace --help' ;;
	get) echo '--output --tree --help' ;;
	list) echo '--output --bytes --noheadings --raw --pairs --json --help' ;;
	session) echo '--fd --user --label --output --noheadings --raw --pairs --json --help' ;;
	drop) echo '--parcel --region --tree --all --incoming --force --help' ;;
	keep) echo '--name --drop --ahead --not-ahead --help' ;;
	restore) echo '--to --keep --if-any --json --help' ;;
	recipe)
		echo '--unit --directory --now --root --output --noheadings --raw --pairs --json --help'
		;;
	*) echo '--help' ;;
	esac
}

# Columns of the section that the command line names.
_kho_dump_columns()
{
	case " ${COMP_WORDS[*]} " in
	*' head '*) echo 'START END SIZE' ;;
	*' extents '*) echo 'LIST USED START END SIZE' ;;
	*' fdt '*) echo 'LIST USED NAME ADDRESS SIZE' ;;
	*' memmap '*) echo 'START END SIZE TYPE' ;;
	*' tree '*) echo 'ADDRESS ORDER SIZE KEY' ;;
	*' parcels '*) echo 'NAME SIZE CREATED CRC PAGES ORDER CHUNKS SLOT' ;;
	*' regions '*) echo 'NAME ADDRESS SIZE' ;;
	*' kept '*) echo 'NAME STATE GOOD SIZE FILES RECORDS KEPT WHY' ;;
	esac
}

_kho()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_kho_words check load unload exec status report map dump put get reserve keep restore save list drop session recipe \
			--help --version
		return
	fi
	case $verb,$prev in
	list,-o | list,--output) _kho_words NAME TYPE SIZE CREATED CRC ORIGIN ADDRESS STATE FILES ;;
	*,--initrd | *,--ramdisk | *,--file | get,-o | get,--output) _kho_files ;;
	map,-s | map,--svg | dump,--save | report,--history | report,--prometheus) _kho_files ;;
	check,-o | check,--output) _kho_words RESULT CHECK TEXT TODO ;;
	map,-o | map,--output) _kho_words KIND START END SIZE ;;
	session,--user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	session,--fd | session,--label) ;;
	session,-o | session,--output) _kho_words NAME FILES ORIGIN STATE ;;
	dump,-o | dump,--output) _kho_words "$(_kho_dump_columns)" ;;
	report,-o | report,--output)
		_kho_words TIME COUNT FROM TO SIZE SERVICES SHUTDOWN JUMP KERNEL INITRAMFS USERSPACE RESTORE BLACKOUT LOST
		;;
	dump,-S | dump,--section)
		_kho_words verdict head extents fdt module memmap metadata tree parcels regions kept
		;;
	*,--syscall) _kho_words auto load file ;;
	*,--append | *,--command-line | map,-w | map,--width | keep,--name) ;;
	recipe,-o | recipe,--output) _kho_words NAME UNIT PROGRAM ENABLED STATE DIRECTORY ABOUT ;;
	recipe,-u | recipe,--unit) ;;
	restore,--to | put,--tree | get,--tree | recipe,-d | recipe,--directory | recipe,--root) _kho_directories ;;
	recipe,enable) _kho_names _kho_recipes ;;
	recipe,disable) _kho_names _kho_enabled ;;
	keep,--drop) _kho_names _kho_kept_trees ;;
	drop,--tree) _kho_names _kho_incoming_trees ;;
	*)
		case $cur,$verb in
		-*) _kho_words "$(_kho_options "$verb")" ;;
		*,check | *,load | *,-l | *,map | *,dump) _kho_files ;;
		*,put) [ "$COMP_CWORD" -eq 2 ] || _kho_files ;;
		*,get) _kho_names _kho_parcels ;;
		*,session)
			case ${COMP_WORDS[2]} in
			"$cur") _kho_words list run create put get drop hold ;;
			run | create | put | get | drop | hold) _kho_names _kho_sessions ;;
			esac
			;;
		*,recipe) _kho_words list enable disable ;;
		*,drop) _kho_names _kho_everything ;;
		*,keep) _kho_directories ;;
		*,restore) _kho_names _kho_incoming_trees ;;
		*,save)
			if [ "$COMP_CWORD" -eq 2 ]; then
				_kho_names _kho_incoming_trees
			else
				_kho_files
			fi
			;;
		esac
		;;
	esac
}

complete -F _kho kho

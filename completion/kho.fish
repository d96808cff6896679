# SPDX-License-Identifier: GPL-2.0
#
# Completion for kho(8) in fish. Verbs and options are those that the tool's own help names.

function __kho_verbs
    kho --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __kho_options
    set -l words (commandline -opc)
    kho $words[2] --help 2>/dev/null | sed -n '/^Options:/,/^$/p' |
        sed -n 's/^ *\(-[^ ]*, \)*\(--[a-z-]*\)\([ [][=A-Z][^ ]*\)*  *\([^ ].*\)/\2\t\4/p'
end

# What the verb takes, besides options.
function __kho_names
    set -l words (commandline -opc)
    switch $words[2]
        case get
            kho list --noheadings --output TYPE,NAME 2>/dev/null | sed -n 's/^parcel *//p'
        case drop
            if test "$words[-1]" = --tree
                kho list --noheadings --output ORIGIN,TYPE,NAME 2>/dev/null | sed -n 's/^incoming *tree *//p'
            else
                kho list --noheadings --output TYPE,NAME 2>/dev/null | sed -n 's/^\(parcel\|region\) *//p'
            end
        case restore save
            kho list --noheadings --output ORIGIN,TYPE,NAME 2>/dev/null | sed -n 's/^incoming *tree *//p'
        case keep
            if test "$words[-1]" = --drop
                kho list --noheadings --output STATE,NAME 2>/dev/null | sed -n 's/^kept *//p'
            end
        case session
            if test (count $words) -eq 2
                printf '%s\n' list run create put get drop hold
            else
                kho session --noheadings --output NAME 2>/dev/null
            end
        case recipe
            switch $words[-1]
                case enable
                    kho recipe list --noheadings --output NAME 2>/dev/null
                case disable
                    kho recipe list --noheadings --output ENABLED,UNIT 2>/dev/null | sed -n 's/^yes *//p'
                case '*'
                    printf '%s\n' list enable disable
            end
    end
end

complete -c kho -n __fish_use_subcommand -f -a '(__kho_verbs)'
complete -c kho -n __fish_use_subcommand -f -l help -d 'this help'
complete -c kho -n __fish_use_subcommand -f -l version -d 'version of the tool'
complete -c kho -n 'not __fish_use_subcommand' -a '(__kho_options)'
complete -c kho -n '__fish_seen_subcommand_from get drop session recipe' -f -a '(__kho_names)'
complete -c kho -n '__fish_seen_subcommand_from keep restore save' -a '(__kho_names)'

# SPDX-License-Identifier: GPL-2.0
#
# Comments that were torn when lines of another width were folded: a full line, what was left of it on
# a line of its own, and then the rest of the sentence, which would have had room there. Either further in
# than that ...
#	 * @hdr: setup_data header; type KHO_SETUP_DATA_TYPE, len sizeof(struct kho_data); next is the
#	 *   physical
#	 *       address of the first node
# ... or not. And a title of one line that became three:
#	/*
#	 * ------------------------------
#	 * name
#	 */

# Sets text and indent to what a line of a comment says; false for one that says nothing.
function comment_line(line) {
	if (line !~ /^[ \t]*\* +[^ ]/ || line ~ /\*\/$/)
		return 0
	match(line, /^[ \t]*\* +/)
	indent = RLENGTH
	text = substr(line, RLENGTH + 1)
	return 1
}

function complain(what) {
	printf "%s:%d: %s\n", FILENAME, FNR - 1, what
	found = 1
}

FNR == 1 {
	nr = 0
	opened = 0
}

{
	if (opened == 2 && $0 ~ /^[ \t]*\*\/$/)
		complain("a title of one line became three")
	opened = opened == 1 && $0 ~ /^[ \t]*\* [^ ]+( [^ ]+)?( [^ ]+)?$/ ? 2 : $0 ~ /^[ \t]*\* -+$/ && last ~ /^[ \t]*\/\*\*?$/ ? 1 : 0
	last = $0
	if (!comment_line($0)) {
		nr = 0
		next
	}
	# A long line, a short one that ends no sentence, and one that goes on.
	split(text, word, " ")
	goes_on = word[1] ~ /^[a-z]/ && word[1] !~ /[(:=]$/
	if (nr >= 2 && width1 > 80 && width2 < 60 && text2 !~ /[.:;]$|  / && text2 ~ /^[a-z(]/ && goes_on &&
	    indent2 - indent1 < 5 && indent > indent2)
		complain("torn: \"" text2 "\" belongs to the lines around it")
	else if (nr >= 2 && width1 > 80 && width2 + 1 + length(word[1]) < 50 && text2 !~ /[.:;,)}>|]$|  / &&
		 text2 ~ /^[a-z(]/ && goes_on && indent == indent2)
		complain("torn: there is room after \"" text2 "\"")
	width1 = width2
	indent1 = indent2
	width2 = indent + length(text)
	indent2 = indent
	text2 = text
	nr++
}

END {
	exit found
}

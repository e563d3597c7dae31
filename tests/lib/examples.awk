# SPDX-License-Identifier: Apache-2.0
# Writes each example of a page into a file DIR/N, or DIR/N.LANGUAGE: awk -v dir=DIR -f examples.awk PAGE
#
# Of a manual page these are literal displays; of Markdown, blocks that are fenced
# or indented, and code within a line that is a command: it begins with a name of
# a command or a setting, and more words follow. Of a unit of systemd, what is
# indented in a comment. A diagram is none, nor is make with a target and nothing
# else, which pages.bats looks up.
BEGIN { command = "^([A-Z_]+=[^ ]* +)*((build|pipelines|tests|\\.)/[^ ]+|s3[a-z-]+|ddb-[a-z]+|lambda-rt|make [^ ]+|man|aws) " }

FILENAME ~ /\.[17]$/ {
	if (/^\.Bd -literal/) open()
	else if (/^\.Ed/) shut()
	else if (sub(/^\.Dl /, "")) whole(plain($0))
	else if (file && !/^\.\\"/) print plain($0) >file
	next
}

FILENAME ~ /\/service\// {
	if (/^#\t/) whole(substr($0, 3))
	next
}

/^ *```/ {
	shut()
	spans()
	fenced = !fenced
	indent = match($0, /`/)
	if (fenced && !/mermaid/) open(substr($0, indent + 3))
	next
}
fenced { if (file) print substr($0, indent) >file; next }

# Blank lines in an indented block belong to it.
/^$/ { if (file) blanks++; else spans(); behind_blank = 1; next }
/^    / && (file || behind_blank) {
	match($0, /^ +/)
	if (!file) { open(); indent = RLENGTH + 1 }
	while (blanks > 0) { print "" >file; blanks-- }
	print substr($0, indent) >file
	next
}
{ shut(); blanks = behind_blank = 0; text = text " " $0 }
END { if (FILENAME ~ /\.md$/) spans() }

function open(language) { file = dir "/" ++n (language ? "." language : ""); printf "" >file }
function shut() { if (file) close(file); file = "" }
function whole(line) { open(); print line >file; shut() }

function plain(line) {
	gsub(/\\\(aq/, "'", line)
	gsub(/\\\(dq/, "\"", line)
	gsub(/\\&/, "", line)
	gsub(/\\e/, "\\", line)
	return line
}

# Code within the lines of a paragraph.
function spans(  parts, count, i) {
	count = split(text, parts, "`")
	for (i = 2; i <= count; i += 2) {
		gsub(/ +/, " ", parts[i])
		if (parts[i] ~ command) whole(parts[i])
	}
	text = ""
}

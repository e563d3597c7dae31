#!/usr/bin/env bats
# What the pages name is there, and what is there is named.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	cd "$tests/.." || return
	pages=(./*.md lib/*.md tests/*.md tests/servers/*.md pipelines/*/*.md cmd/*.1 man/*.[17])
	markdown=(./*.md lib/*.md tests/*.md tests/servers/*.md pipelines/*/*.md)
}

# Says what cannot be found, and fails if there is any.
all_found() { # <NAMES, each after the page that has it
	local page name missing=0
	while read -r page name; do
		case $name in
		*NAME* | *ROOM/*) ;;	# a placeholder
		*) compgen -G "$name" >/dev/null || { echo "$page: $name is not there" >&2; missing=1; } ;;
		esac
	done
	return "$missing"
}

# What a pattern finds in files, each after the file.
named() { # PATTERN FILE...
	LC_ALL=C grep -HoP -- "$@" | tr : ' ' | sort -u
}

@test "README.md fits on a page that one reads" {
	n=$(wc -l <README.md)
	[ "$n" -le 120 ] || { echo "$n lines, not 120" >&2; false; }
}

@test "files that the pages name are there" {
	named '(?<![\w./*-])(cmd|include|lib|man|pipelines|tests)/[\w./*-]*[\w*/]' "${pages[@]}" |
		grep -vE '/node_modules|lib/libs3ev\.|lib/pkgconfig/' >"$dir/files"	# are made and installed
	[ "$(wc -l <"$dir/files")" -gt 80 ]
	all_found <"$dir/files"
}

@test "modules that lib/README.md names, and tests that tests/README.md names, are there" {
	rooms=$(sed 's/#.*//' lib/ROOMS | awk 'NF { print $1 }' | paste -sd '|')
	named '`\K('"$rooms"')/[a-z0-9_]+(?=`)' lib/README.md | sed 's, , lib/,; s,$,.h,' >"$dir/modules"
	[ "$(wc -l <"$dir/modules")" -gt 20 ]
	all_found <"$dir/modules"
	named '(?<![\w./-])(tools|topics|lambda|unit|fuzz|model|bench|servers|lib|bin|data)/[\w.*-]+' tests/README.md |
		sed 's, , tests/,' >"$dir/tests"
	[ "$(wc -l <"$dir/tests")" -gt 20 ]
	all_found <"$dir/tests"
}

@test "each test file and each room stands in its table" {
	for file in tests/topics/*.bats; do
		grep -qF "\`${file#tests/}\`" tests/README.md || { echo "tests/README.md does not name $file" >&2; missing=1; }
	done
	while read -r room _; do
		grep -q "^| \`$room\` |" lib/README.md || { echo "lib/README.md does not name $room" >&2; missing=1; }
	done < <(sed 's/#.*//' lib/ROOMS | grep .)
	[ -z "$missing" ]
}

@test "each library from outside is known to its room only, and stands among the walls" {
	while read -r library header room also; do
		wrong=$(grep -lE "^#include <$header" lib/*/*.[ch] cmd/*.c | grep -v -e "^lib/$room/" ${also:+-e "^lib/$also$"} | paste -sd ' ' || :)
		[ -z "$wrong" ] || { echo "$library is included in $wrong" >&2; missing=1; }
		grep -qE "^\| .*\b$library\b.* \| \`$room\`" lib/README.md || { echo "lib/README.md has no wall for $library" >&2; missing=1; }
		grep -qE "^#include <$header" lib/"$room"/*.[ch] || { echo "lib/$room does not include $header" >&2; missing=1; }
	done <<-END
		libcurl curl/ http
		OpenSSL openssl/ hash http/read_ahead.c
		yajl yajl/ format
		expat expat.h format
		zlib zlib.h format
		libmicrohttpd microhttpd.h serve
	END
	[ -z "$missing" ]
}

# A heading as a link names it.
anchors() { # FILE
	sed -n 's/^##* //p' "$1" | tr -d '`.,:?!()+/' | tr 'A-Z ' 'a-z-'
}

@test "links lead somewhere" {
	named '\]\(\K(?!https?:)[^) ]+' "${markdown[@]}" >"$dir/links"
	[ "$(wc -l <"$dir/links")" -gt 50 ]
	while read -r page link; do
		file=${link%%#*}
		file=${file:+${page%/*}/$file}
		[ -e "${file:-$page}" ] || { echo "$page: $link leads nowhere" >&2; missing=1; }
		[[ $link != *#* ]] || anchors "${file:-$page}" | grep -qxF "${link#*#}" ||
			{ echo "$page: $link is no heading" >&2; missing=1; }
	done <"$dir/links"
	[ -z "$missing" ]
}

@test "functions that CONTRIBUTING.md and lib/README.md name are there, and targets of make" {
	cat cmd/*.c lib/*/*.[ch] >"$dir/sources"
	while read -r page name; do
		grep -qwF -- "$name" "$dir/sources" || { echo "$page: there is no $name()" >&2; missing=1; }
	done < <(named '`\K(?!module_verb)[a-z0-9_]+(?=\(\))' CONTRIBUTING.md lib/README.md)
	while read -r page _ target; do
		grep -q "^[^#=]*\b$target\b.*:" Makefile || { echo "$page: make does not know $target" >&2; missing=1; }
	done < <(named '(`|^    )make [a-z][a-z_.-]*[a-z]' "${markdown[@]}" | tr -s '` ' ' ')
	[ -z "$missing" ]
}

# The options of tools

# The long options that the lists of a page name.
paged() { # PAGE
	grep -E '^(\.(It|Op)|Fl) ' "$1" | grep -oE '\bFl -[a-z0-9-]+' | sed 's/Fl -//' | sort -u
}

helped() { # TOOL
	"$1" --help | grep -oE -- '--[a-z0-9-]+' | sed 's/--//' | sort -u
}

@test "a page lists the options that --help lists, and their letters" {
	for page in cmd/*.1; do
		tool=${page##*/}
		tool=${tool%.1}
		assert_eq "$page: $(paged "$page" | paste -sd ' ')" "$page: $(helped "$tool" | paste -sd ' ')" || missing=1
		letters=$("$tool" --help | grep -oPm 1 '\[-\K\w+')
		grep -qx "\.Op Fl $letters" "$page" || { echo "$page: not .Op Fl $letters" >&2; missing=1; }
	done
	[ -z "$missing" ]
}

@test "a page names in its synopsis what has no letter" {
	for page in cmd/*.1; do
		while read -r option; do
			grep -qE "^\.(Op|No).* Fl -$option( |$)" "$page" || { echo "$page: no --$option in the synopsis" >&2; missing=1; }
		done < <(grep -E '^(\.It Fl -|Fl )' "$page" | grep -oE '\bFl -[a-z0-9-]+' | sed 's/Fl -//' | grep -vxE 'progress|stats')
	done
	[ -z "$missing" ]
}

@test "--help says first what a tool does, as its page does, and fits a terminal" {
	local page tool
	for page in cmd/*.1; do
		tool=$(basename "$page" .1)
		run3 "$tool" --help
		assert_eq "${out%%$'\n'*}" "$tool: $(sed -n 's/^\.Nd //p' "$page")"
		awk -v tool="$tool" 'length > 80 { bad = 1; print tool ": too long: " $0 }
			END { if (NR > 24) { bad = 1; print tool ": " NR " lines" }; exit bad }' <<<"${out%$'\n'}"
	done
}

# A tool that gets "--=" names all its options, since each of them begins with nothing.
@test "--help lists the options that there are" {
	for page in cmd/*.1; do
		tool=${page##*/}
		tool=${tool%.1}
		run3 "$tool" --=
		words=${err#*may be}
		assert_eq "$tool: $(grep -oE -- '--[a-z0-9-]+' <<<"${words%; see *}" | sed 's/--//' | sort | paste -sd ' ')" \
			"$tool: $(helped "$tool" | paste -sd ' ')" || missing=1
	done
	[ -z "$missing" ]
}

#!/usr/bin/env bats
# The Debian packages, and what shells complete. `make check-deb` runs it.
bats_require_minimum_version 1.5.0

setup_file() {
	export ROOT DEB=$BATS_FILE_TMPDIR/deb
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$ROOT" || return
	make_in first deb
}

setup() {
	cd "$ROOT" || return
	dir=$BATS_TEST_TMPDIR
}

# Runs make, with a build directory of its own.
make_in() { # DIRECTORY TARGET [ARGUMENT...]
	mkdir -p "$DEB"
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s B="$DEB/$1" "${@:2}" >"$DEB/$1.log" 2>&1 || { tail -n 30 "$DEB/$1.log" >&2 && return 1; }
}

assert_eq() { # GOT WANTED
	[ "$1" = "$2" ] && return
	diff -u --label wanted --label got <(printf '%s\n' "$2") <(printf '%s\n' "$1") >&2
	return 1
}

package() { # NAME
	echo "$DEB/first/dist/deb/$1"_*.deb
}

@test "lintian finds nothing, however pedantic it is" {
	local user=()
	[ "$(id -u)" -ne 0 ] || user=(--allow-root)
	run --separate-stderr lintian --pedantic --fail-on error,warning,info,pedantic "${user[@]}" "$DEB"/first/dist/deb/*.changes
	assert_eq "$status $output" '0 '
}

@test "the same commit gives the same bytes, wherever it is built" {
	DEB_BUILD_OPTIONS=nocheck make_in 'second' deb
	for file in "$DEB"/first/dist/deb/*.deb; do
		cmp "$file" "$DEB/second/dist/deb/${file##*/}"
	done
}

@test "the packages put what make install puts, in the same places" {
	make_in first install DESTDIR="$dir/made" PREFIX=/usr LIBDIR="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" \
		CFLAGS=-O1 B="$ROOT/build"
	for name in s3ev libs3ev0 libs3ev-dev; do
		dpkg-deb -x "$(package $name)" "$dir/packed"
	done
	# Debian zips pages, and has places of its own for licences and news.
	list() {
		(cd "$1" && find usr ! -type d) | sed 's/\.gz$//' | grep -vE 'share/(doc/lib|lintian/|doc/s3ev/(copyright|LICENSE|NEWS|changelog))' | sort
	}
	assert_eq "$(list "$dir/packed")" "$(list "$dir/made")"
}

@test "programs and library are built hard" {
	for name in s3ev libs3ev0; do
		dpkg-deb -x "$(package $name)" "$dir"
	done
	for file in "$dir"/usr/bin/* "$dir"/usr/lib/*/*.so.0; do
		readelf -h "$file" >"$dir/elf" 2>/dev/null || continue
		grep -q 'Type:.*DYN' "$dir/elf"
		readelf -dlW "$file" >"$dir/elf"
		grep -q GNU_RELRO "$dir/elf"
		grep -qE 'BIND_NOW|FLAGS.*NOW' "$dir/elf"
		grep -qE 'GNU_STACK.* RW ' "$dir/elf"
		# glibc's own start files keep the note of CET away, but not the code.
		[ "$(dpkg --print-architecture)" != amd64 ] || [ "$(objdump -d "$file" | grep -c endbr64)" -gt 50 ]
	done
	readelf -sW --dyn-syms "$dir/usr/bin/s3ev-split" >"$dir/elf"
	grep -q '_chk@' "$dir/elf"
	grep -q '__stack_chk_fail' "$dir/elf"
}

@test "a system that has seen nothing takes it, runs it, and gives it up again" {
	[ "$(id -u)" -eq 0 ] || skip 'debootstrap wants root'
	uri=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | head -n 1)
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	include=ca-certificates,gcc,libc6-dev,pkg-config,libcurl4-openssl-dev,libexpat1-dev,libmicrohttpd12,libssl-dev,libyajl-dev,zlib1g-dev
	debootstrap --variant=minbase --include="$include" "$suite" "$dir/root" "$uri" >"$dir/log" 2>&1 || { tail -n 5 "$dir/log" >&2 && skip 'no system can be made here'; }
	cp "$(package s3ev)" "$(package libs3ev0)" "$(package libs3ev-dev)" pipelines/debian/tests/smoke "$dir/root/tmp"
	# Twice, so that it is upgraded.
	for _ in 1 2; do
		chroot "$dir/root" sh -c 'dpkg -i /tmp/*.deb' >"$dir/log" 2>&1 || { cat "$dir/log" >&2 && return 1; }
	done
	run chroot "$dir/root" env -i PATH=/usr/bin:/bin HOME=/tmp sh -c 'cd /tmp && AUTOPKGTEST_TMP=$(mktemp -d) ./smoke'
	assert_eq "$status ${lines[-1]}" '0 ok'
	chroot "$dir/root" dpkg --purge s3ev libs3ev0 libs3ev-dev >"$dir/log" 2>&1
	assert_eq "$(find "$dir/root" -xdev -name '*s3ev*' ! -path '*/tmp/*')" ''
}

@test "make dist: the archive builds without git" {
	tar -C "$dir" -xf "$DEB"/first/dist/s3ev-*.tar.gz
	cd "$dir"/s3ev-*
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s CFLAGS=-O0 HARDENING= build/s3ev-split >"$dir/log" 2>&1 || { tail "$dir/log" >&2 && return 1; }
	[[ $(build/s3ev-split --version) == 's3ev-split '* ]]
}

@test "make dist: a tag says the same version as the sources, and so does the news" {
	version=$(sed -n 's/.*S3EV_VERSION "\(.*\)"/\1/p' lib/base/version.h)
	grep -qx "## $version" NEWS.md
	git clone -q --shared . "$dir/clone"
	cp Makefile "$dir/clone"
	dist() {
		run --separate-stderr env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$dir/clone" dist
	}
	git -C "$dir/clone" tag "v$version"
	dist
	assert_eq "$status $output" "0 build/dist/s3ev-$version.tar.gz"
	git -C "$dir/clone" tag -d "v$version" >/dev/null
	git -C "$dir/clone" tag v9.9.9
	dist
	[[ $status != 0 && $stderr == *"the tag is v9.9.9, and lib/base/version.h says $version"* ]]
}

@test "bash completes options, values, files and commands, as the pages have them" {
	make_in first completions
	run --separate-stderr bash -c '. "$1"; for words in "s3route --co s3route" "s3route k --collision" "s3check a --sandbox" "s3fetch -d -d" "ddb-record --tt x" "s3ev-process --uni x" \
		"s3ev-process --re x" "s3ev-try --cs x" "s3ev-backfill --s x" "s3ev-redo --d x" "s3ev-audit --h x"; do
		_s3ev $words; echo "${COMPREPLY[@]}"; done; complete -p s3ev-env' - "$DEB/first/completions/s3ev.bash"
	assert_eq "$output" $'--collision --copy\nkeep-both\nauto\n\n--ttl\n--unique\n--records --redo\n--csv\n--state --since --stats\n--dry-run\n--help\ncomplete -o filenames -F _s3ev s3ev-env'
	run shellcheck -s bash "$DEB/first/completions/s3ev.bash"
	assert_eq "$output" ''
	# Each option of --help, and no other.
	for tool in $(sed -n '/^TOOLS/,/^$/s/^\t\([a-z0-9-]*\).*/\1/p' Makefile); do
		assert_eq "$tool: $(bash -c '. "$1"; _s3ev "$2" -- x; printf "%s\n" "${COMPREPLY[@]}"' - "$DEB/first/completions/s3ev.bash" "$tool" | sort)" \
			"$tool: $("${BUILD:-build}/$tool" --help | grep -oE -- '--[a-z0-9-]+' | sort -u)"
	done
	for tool in $(sed -n 's/^SCRIPTS := //p' Makefile); do
		bash -c '. "$1"; complete -p "$2"' - "$DEB/first/completions/s3ev.bash" "$tool"
	done
}

@test "zsh completes, too" {
	command -v zsh >/dev/null || skip 'zsh is not installed'
	make_in first completions
	zsh -n "$DEB/first/completions/_s3ev"
	grep -q "'--collision:value:(keep-both fail replace)'" "$DEB/first/completions/_s3ev"
	head -n 1 "$DEB/first/completions/_s3ev" | grep -q '^#compdef .*s3route'
}

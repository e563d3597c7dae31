#!/usr/bin/env bats
# A module in Python, or in JavaScript, as the processor: pipelines/python, pipelines/node.

load ../lib/helper
load ../lib/s3check

setup() {
	dir=$BATS_TEST_TMPDIR
	export dir
	export TMPDIR=$dir/tmp
	mkdir "$TMPDIR" "$dir/my module"
	export PROCESSOR_SHIM=$tests/../pipelines/python/s3ev_processor.py
	export PROCESSOR_PY="$dir/my module/processor.py"
	held=(--env dir --env PROCESSOR_SHIM --env PROCESSOR_PY --env PROCESSOR_JS --allow-write "$dir" --env tests --allow-read "$tests/../pipelines")
}

# Runs the module, stdin, on objects with these contents, by a worker; with
# options of -x, once for each.
judge() { # CONTENT... [-- OPTION...]
	local contents=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		contents+=("$1")
		shift
	done
	cat >"$PROCESSOR_PY"
	run3 timeout 60 s3check "${held[@]}" -k -j 1 "${2--X}" "exec \"\$PROCESSOR_SHIM\"" "${@:3}" < <(for content in "${contents[@]}"; do printf %s "$content" | spooled key="$content"; done)
}

# For both modes.
module='
import os, subprocess, sys
from s3ev_processor import BadData
print("imported")
def process(file, record):
    print("to stdout", file)
    subprocess.run(["echo", "a child"])
    os.write(1, b"{}\n")
    assert subprocess.run(["cat"], stdout=subprocess.PIPE).stdout == b"" == sys.stdin.buffer.read()
    data = file.read()
    file.seek(0)
    with open(file, "rb") as again:
        assert again.read() == data == file.read() == record["key"].encode()
    assert os.path.getsize(file) == os.path.getsize(file.name) == len(data)
    assert record["bucket"] == "in"
    if data == b"bad":
        raise BadData("row 3 is not \u00e9\x00\udc80", code="Row", line=3, column=1, byte=9, count=0)
    if data == b"reason":
        raise BadData("")
    if data == b"long":
        raise BadData("\U0001f600" * 10000)
    if data == b"code":
        raise BadData("x", code="two words")
    if data == b"error":
        raise OSError("no\nsuch")
    if data == b"exit":
        raise SystemExit(1)
    return "whatever"
'

@test "returning is good, BadData is bad with its place, anything else is failed: as a worker and once for each" {
	for how in -X -x; do
		judge good bad reason long code error exit good -- $how <<<"$module"
		assert_eq "$how $status $(outcomes | tr '\n' ';')" "$how 75 good;bad row 3 is not é��;bad the processor gave no reason;bad $(
			printf '😀%.0s' {1..256});failed ProcessorFailed;failed ProcessorFailed;failed ProcessorFailed;good;"
		assert_json '.key != "bad" or (.bad | del(.stderr)) == {by: "s3check", code: "Row", reason: "row 3 is not é\ufffd\ufffd", line: 3, column: 1, byte: 9, count: 0}'
		assert_eq "$(jq -r 'select(.failed).failed.message | match("(\\w+Error|SystemExit):.*").string' <<<"$out")" \
			"ValueError: code is no short word: 'two words'
OSError: no
SystemExit: 1"
		assert_json '(.failed | not) or .failed.retry'
		[[ $err == *'in/error: processor: Traceback (most recent call last):'*'in/error: processor: OSError: no'* ]]
		[[ $err != *in/good* ]]
	done
	assert_eq "$(ls -A "$TMPDIR")" ''
}

@test "a worker imports the module once; what it prints breaks no answer and is in the log of a failed one" {
	judge good exit good <<<"$module"
	assert_eq "$status $(grep -c ': processor: imported' <<<"$err")" '75 0'
	assert_eq "$(sed -n 's,^s3check: in/exit: processor: ,,p' <<<"$err" | sed -n 's/<.*>/FILE/; 1,4p')" 'to stdout FILE
a child
{}
Traceback (most recent call last):'
	judge exit <<<"$module"
	assert_eq "$(grep -c ': processor: imported' <<<"$err")" 1
}

@test "a module that cannot be used is said once, and is no fault of the data: 78" {
	while IFS='|' read -r code why; do
		for how in -X -x; do
			judge a b -- $how < <(printf '%b\n' "$code")
			assert_eq "$code $how $status $(outcomes | sort -u)" "$code $how 78 failed ProcessorConfig"
			assert_json ".failed.message | contains(\"$why\")"
			# Of a traceback the log has all, but once.
			assert_eq "$code $how $(grep -c 'processor: Traceback' <<<"$err")" "$code $how $([[ $why != *:* ]] && echo 0 || echo 1)"
		done
	done <<-'TABLE'
		import nothing_there|ModuleNotFoundError: No module named 'nothing_there'
		def process(|SyntaxError: 
		raise SystemExit(0)|SystemExit: 0
		x = 1|there is no process(file, record) in it
		def process(path): pass|process(path) is there, and process(file, record) is called; FROM-PYTHON.md has ten lines
		def process(file, record, out): pass|process() has a parameter out, which needs s3check -x ... -o
		async def process(file, record): pass|process() is async or has a yield, so nothing of it was run
		def process(file, record): yield|process() is async or has a yield, so nothing of it was run
		async def process(file, record): yield|process() is async or has a yield, so nothing of it was run
	TABLE
	rm "$PROCESSOR_PY"
	PROCESSOR_PY=$dir/none.py run3 s3check "${held[@]}" -X 'exec "$PROCESSOR_SHIM"' < <(echo | spooled)
	assert_eq "$status" 78
	PROCESSOR_PY='' run3 "$PROCESSOR_SHIM"
	assert_eq "$status $err" "64 usage: s3ev_processor.py PROCESSOR.py"$'\n'
}

@test "who raises another exception for bad data is told once what that means, in Python and in JavaScript" {
	judge a b < <(printf 'def process(file, record):\n    raise ValueError("row 3")\n')
	assert_eq "$status $(grep -c 'only raise BadData(reason) means that the data is bad' <<<"$err")" '75 1'
	echo 'export function process() { throw new Error("row 3") }' >"$dir/processor.mjs"
	PROCESSOR_JS=$dir/processor.mjs run3 timeout 60 s3check -j 1 "${held[@]}" -X "exec '$tests/../pipelines/node/s3ev-processor.mjs'" < <(for key in a b; do printf $key | spooled key=$key; done)
	assert_eq "$status $(grep -c 'only to throw what has a member bad' <<<"$err")" '75 1'
}

@test "modules beside it and files of its folder are found, and temporary files go with the processor" {
	echo 'limit = 3' >"$dir/my module/settings.py"
	echo 'yes' >"$dir/my module/words"
	judge yes no <<-'E'
		import os, sys, tempfile
		import settings
		from s3ev_processor import BadData
		words = open("words").read().split()
		def process(file, record):
		    assert settings.limit == 3 and __name__ == "processor" and sys.argv == [__file__]
		    assert tempfile.NamedTemporaryFile(delete=False).name.startswith(os.environ["S3EV_FOLDER"])
		    if file.read().decode() not in words:
		        raise BadData("unknown")
	E
	assert_eq "$status $(outcomes)" $'0 good\nbad unknown'
	assert_eq "$(ls -A "$TMPDIR") $(ls -I __pycache__ "$dir/my module" | tr '\n' ' ')" ' processor.py settings.py words '
}

@test "-o: what is written to out is the output; without that parameter each object would become empty" {
	cat >"$PROCESSOR_PY" <<-'E'
		def process(file, record, out=None):
		    print("not this")
		    out.write(file.read().upper())
	E
	run3 timeout 60 s3check "${held[@]}" -o -d "$dir" -x 'exec "$PROCESSOR_SHIM"' < <(printf text | spooled)
	assert_eq "$status $(jq .output.bytes <<<"$out") $(cat "$(jq -r .output.path <<<"$out")")" '0 4 TEXT'
	judge a -- -x -o <<<'def process(file, record): pass'
	assert_eq "$status $(outcomes)" '78 failed ProcessorConfig'
	assert_json '.output | not'
}

@test "with -x it gets a file also where the bytes come from S3 or are unzipped; a long record is told in short" {
	stub '[{"reply": {"body": "from S3"}}]'
	cat >"$PROCESSOR_PY" <<-'E'
		import os
		from s3ev_processor import BadData
		def process(file, record):
		    raise BadData(f"{file.read(4)} {open(file).read()} {record['key']} {record['size']}")
	E
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3check "${held[@]}" -x 'exec "$PROCESSOR_SHIM"' < <(record bucket=in key=k size=7)
	assert_eq "$status $(outcomes)" "0 bad b'from' from S3 k 7"
	run3 s3check "${held[@]}" -z -x 'exec "$PROCESSOR_SHIM"' < <(echo zipped | gzip | spooled)
	[[ $(outcomes) == "bad b'zipp' zipped"$'\n'* ]] || [[ $(outcomes) == "failed "* ]]
	run3 s3check "${held[@]}" -x 'exec "$PROCESSOR_SHIM"' < <(printf text | spooled size=4 | jq -cS '.long = "x" * 200000')
	assert_eq "$status $(outcomes)" "0 bad b'text' text k 4"
}

@test "pipelines/process and try take a module as it is; an executable with #! stays a program" {
	world=$dir/world
	mkdir "$world"
	cd "$world"
	cat >processor.py <<-'E'
		from s3ev_processor import BadData
		def process(file, record):
		    if file.read() == b"bad\n":
		        raise BadData("is bad", line=1)
	E
	echo good >good
	echo bad >bad
	for processor in processor.py ./processor.py "$world" "$world/processor.py"; do
		run3 "$tests/../pipelines/try" "$processor" good bad
		assert_eq "$processor $status $(sed 's/  *[0-9]* ms//' <<<"$out")" "$processor 1 good              5  good
bad               4  bad: is bad"
	done
	new_places
	s3c put "$in" good good >/dev/null
	s3c put "$in" bad bad >/dev/null
	event=$(jq -cn --arg b "$in" '{Records: ["good", "bad"] | map({eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {bucket: {name: $b}, object: {key: .}}})}')
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table
	PROCESSOR=./processor.py run3 "$tests/../pipelines/process" <<<"$event"
	assert_eq "$status $err$(jq -r '[.key, .route.to, .bad.reason, .bad.line] | @csv' <<<"$out" | sort)" '0 "bad","bad-data","is bad",1
"good","processed",,'
	printf '#!/bin/sh\necho program >&2; exit 1\n' >program.py
	chmod +x program.py
	run3 "$tests/../pipelines/try" program.py good
	[[ $out == *': program'* ]]
}

@test "a module in JavaScript: as a worker" {
	cat >"$dir/processor.mjs" <<-'E'
		import {readFile} from 'node:fs/promises'
		export async function process(path, record) {
			console.log('printed')
			const text = await readFile(path, 'utf8')
			if (text === 'bad')
				throw Object.assign(new Error, {bad: {reason: 'is ' + record.key, line: 2}})
			if (text === 'error')
				throw new TypeError('why')
			const reasons = {long: 'é"'.repeat(3000), odd: 'a\u0000\ud83d\tb'}
			if (text in reasons)
				throw Object.assign(new Error, {bad: {reason: reasons[text], code: 'Odd'}})
			if (text === 'odd error')
				throw new TypeError('\ud83d ' + 'x'.repeat(100000))
		}
	E
	export PROCESSOR_JS=$dir/processor.mjs
	shim='exec "$tests/../pipelines/node/s3ev-processor.mjs"'
	export tests
	run3 timeout 60 s3check "${held[@]}" -k -X "$shim" < <(for key in good bad error; do printf $key | spooled key=$key; done)
	assert_eq "$status $(outcomes | tr '\n' ';')" '75 good;bad is bad;failed ProcessorFailed;'
	assert_json '(.failed | not) or .failed.message == "the processor failed: TypeError: why"'
	# Whatever the reason holds, and how much, it can be told.
	run3 timeout 60 s3check "${held[@]}" -k -X "$shim" < <(for key in long odd 'odd error'; do printf "$key" | spooled key="$key"; done)
	assert_eq "$status $(outcomes | cut -b 1-12)" '75 bad é"é"é
bad a��	
failed Proce'
	assert_json '(.bad | not) or .bad.code == "Odd" and (.bad.reason | utf8bytelength) < 1025'
	echo 'import "nothing-there"' >"$PROCESSOR_JS"
	run3 timeout 60 s3check "${held[@]}" -X "$shim" < <(echo x | spooled)
	assert_eq "$status $(outcomes)" '78 failed ProcessorConfig'
	assert_json '.failed.message | contains("nothing-there")'
}

# On Lambda

# Writes a processor, stdin, and asks whether it can run there.
fits() { # INTERPRETER [ARCH]
	cat >"$dir/mine"
	chmod +x "$dir/mine"
	run3 "$tests/../pipelines/lambda/fits" "${2:-x86_64}" "$1" "$dir/mine"
	err=${err//"$dir/mine"/mine}
}

@test "make lambda: a script that Lambda cannot run is an error, with what to do" {
	while IFS='|' read -r interpreter line why; do
		fits "$interpreter" < <(printf "$line\nexit\n")
		assert_eq "$line $interpreter $status $err" "$line $interpreter $([ -z "$why" ] && echo 0 || echo 1) ${why:+build: mine: $(printf '%b' "$why")$'\n'}"
	done <<-'TABLE'
		provided.al2023|#!/bin/sh|
		provided.al2023|#!/usr/bin/env bash|
		provided.al2023|#!/usr/bin/awk -f|
		python3.13|#!/usr/bin/env python3|
		python3.13|#!/usr/bin/env python3.13|
		python3.13|#!/var/lang/bin/python3|
		nodejs22.x|#!/usr/bin/env -S node --no-warnings|
		provided.al2023|#!/bin/sh\r|its first line ends with CR, which would be part of the name of its interpreter\nbuild: sed -i 's/\\r$//' 'mine'
		provided.al2023|#!/usr/bin/env python3|it wants python3, which provided.al2023 does not have\nbuild: make lambda INTERPRETER=python3.13, and the same for make deploy
		nodejs22.x|#!/usr/bin/python3.12|it wants python3.12, which nodejs22.x does not have\nbuild: make lambda INTERPRETER=python3.12, and the same for make deploy
		provided.al2023|#!/usr/bin/env node|it wants node, which provided.al2023 does not have\nbuild: make lambda INTERPRETER=nodejs22.x, and the same for make deploy
		python3.13|#!/usr/bin/python3|there is no /usr/bin/python3 on Lambda, where it is in /var/lang/bin\nbuild: make its first line #!/usr/bin/env python3
		python3.13|#!/opt/venv/bin/python3|there is no /opt/venv/bin/python3 on Lambda\nbuild: make its first line #!/usr/bin/env python3
		python3.13|#!/usr/bin/perl|it wants perl, which python3.13 does not have\nbuild: PROCESSOR may be a program in C or Go, linked statically, or a script for sh, bash or awk
		provided.al2023|import sys|its first line names no interpreter\nbuild: begin it with #!/bin/sh, or what else is to run it
	TABLE
	fits provided.al2023 <<<$'#!/bin/sh\njq . | gzip # find\npython3 x'
	assert_eq "$status $(grep -c wants <<<"$err")" '0 4'
	fits python3.13 <<<$'#!/bin/sh\npython3 x'
	assert_eq "$status $err" '0 '
	for interpreter in python3.9 ruby3.3 ''; do
		fits "$interpreter" <<<'#!/bin/sh'
		[ "$status" -eq 1 ] && [[ $err == "build: INTERPRETER is provided.al2023, python3.12 or later"* ]]
	done
}

@test "make lambda: so is a program for another machine, of a newer glibc, with another loader" {
	echo 'int main(void) { return 0; }' >"$dir/old.c"
	printf '#include <stdlib.h>\nint main(void) { return (int)arc4random() & 0; }\n' >"$dir/new.c"
	program() { # OPTION...
		gcc -o "$dir/program" "$@"
		fits "${interpreter:-provided.al2023}" "${arch:-x86_64}" <"$dir/program"
	}
	[ "$(uname -m)" = x86_64 ] || skip "the programs here are for another machine"
	program "$dir/old.c"
	assert_eq "$status $err" '0 '
	program -static "$dir/new.c"
	assert_eq "$status $err" '0 '
	program "$dir/new.c"
	assert_eq "$status $err" '1 build: mine: it needs glibc 2.36, and Lambda has 2.34
build: link it statically, or build it on Amazon Linux 2023
'
	program -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 "$dir/old.c"
	assert_eq "$status $err" '1 build: mine: it needs /lib/ld-musl-x86_64.so.1, which is not there
build: link it statically
'
	arch=arm64 program -static "$dir/old.c"
	assert_eq "$status $err" '1 build: mine: it is for Advanced Micro Devices X86-64, not for arm64
build: build it for arm64, or make lambda ARCH=x86_64
'
}

@test "make lambda: a module needs the runtime of its language, a directory a processor" {
	for name in processor.py:python3.13 processor.mjs:nodejs22.x; do
		module=$dir/${name%:*}
		echo x >"$module"
		run3 "$tests/../pipelines/lambda/fits" arm64 "${name#*:}" "$module"
		assert_eq "$status $err" '0 '
		run3 "$tests/../pipelines/lambda/fits" arm64 provided.al2023 "$module"
		assert_eq "$status" 1
		[[ $err == *"build: make lambda INTERPRETER=${name#*:}, and the same for make deploy"* ]]
	done
	run3 "$tests/../pipelines/lambda/fits" arm64 python3.13 "$dir/my module"
	assert_eq "$status $err" "1 build: $dir/my module: no program to be the processor"$'\n'
}

@test "-o: out may be closed, as by what process() puts around it" {
	cat >"$PROCESSOR_PY" <<-'E'
		import io
		def process(file, record, out):
		    with io.TextIOWrapper(out) as text:
		        text.write("text")
	E
	run3 timeout 60 s3check "${held[@]}" -o -d "$dir" -x 'exec "$PROCESSOR_SHIM"' < <(printf any | spooled)
	assert_eq "$status $(outcomes) $(cat "$(jq -r .output.path <<<"$out")")" '0 good text'
}

@test "whatever ends process(), or keeps its input from it, does not make the data bad" {
	for how in -X -x; do
		judge a -- $how < <(printf 'import asyncio\ndef process(file, record):\n    raise asyncio.CancelledError\n')
		assert_eq "$how $status $(outcomes)" "$how 75 failed ProcessorFailed"
		assert_json '.failed.message | endswith(": asyncio.exceptions.CancelledError")'
	done
	# Nor what becomes of its streams.
	broken='
import sys
class Broken:
    def write(self, text):
        raise OSError("no")
    flush = write
def process(file, record):
    STREAMS
    if file.read() == b"error":
        raise ValueError("an error")
'
	for how in -X -x; do
		for streams in 'sys.stderr.close()' 'sys.stderr = sys.stdout = Broken()'; do
			judge good error good -- $how <<<"${broken/STREAMS/$streams}"
			assert_eq "$how $streams $status $(outcomes | tr '\n' ';')" "$how $streams 75 good;failed ProcessorFailed;good;"
			assert_json '(.failed | not) or (.failed.message | endswith("ValueError: an error"))'
		done
	done
	# Its copy of a pipe is a file as well, and may not grow so large.
	judge "$(printf '%5000s' '')" -- -x -z --max-output 1000 <<<'def process(file, record): pass'
	assert_eq "$status $(outcomes)" '75 failed ProcessorFailed'
	assert_json '.failed.message | contains("File too large")'
}

#!/usr/bin/env bats
# The page for who comes from Python: an old function, and ours beside it.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	export TMPDIR=$dir/tmp
	mkdir "$TMPDIR"
}

# Prints the blocks of a language in the page, or one of them.
blocks() { # LANGUAGE [NUMBER]
	awk -v language="$1" -v number="$2" '
		/^ *```/ { inside = $1 == "```" language; n += inside; indent = match($0, /`/); next }
		inside && (number == "" || n == number) { print substr($0, indent) }' "$tests/../pipelines/lambda/FROM-PYTHON.md"
}

# The old function, as it was: it moves what raises, and keeps an item a file.
old_function() { # BUCKET KEY
	local to=$old_processed
	s3c get "$1" "$2" >"$dir/$2"
	python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import original; original.process(sys.argv[2])' "$dir/function" "$dir/$2" 2>/dev/null || to=$old_bad
	s3c put "$to" "$2" "$dir/$2" >/dev/null
}

@test "its commands do what it says, the old function beside ours" {
	command -v aws >/dev/null || skip "aws is not installed"
	cd "$dir"
	mkdir function
	ln -s "$tests/../pipelines" .
	blocks python 2 >function/processor.py
	cat >function/original.py <<-'X'
		def process(path):
		    for line in open(path):
		        if "," not in line:
		            raise ValueError("no comma")
	X
	printf 'a,b\n1,2\n' >good.csv
	printf 'a,b\n1\n' >bad.csv
	new_bucket old_processed
	new_bucket old_bad
	new_places
	for key in good.csv bad.csv; do
		s3c put "$in" $key $key | jq -c --arg key $key '{$key, size: (if $key == "good.csv" then 8 else 6 end), eTag: (.etag | gsub("\""; ""))}'
		old_function "$in" $key
	done | jq -sc --arg b "$in" '{Records: map({eventSource: "aws:s3", eventName: "ObjectCreated:Put", eventTime: "2026-11-23T05:54:00.123Z",
		awsRegion: "us-east-1", s3: {bucket: {name: $b}, object: .}})}' >event.json
	jq -c '{Type: "Notification", Message: tojson}' event.json >sns.json
	jq -c '.Records[] | {source: "aws.s3", "detail-type": "Object Created", time: .eventTime, region: .awsRegion,
		detail: {bucket: .s3.bucket, object: (.s3.object | .etag = .eTag | del(.eTag)), reason: "PutObject"}}' event.json >eventbridge.json
	export OLD_PROCESSED=$old_processed OLD_BAD_DATA=$old_bad NEW_PROCESSED=$to NEW_BAD_DATA=$bad NEW_TABLE=$table
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table AWS_DEFAULT_REGION=${AWS_REGION:-us-east-1}
	PATH=$(dirname "$(command -v s3check)"):$PATH
	blocks sh >commands
	run3 bash commands
	assert_eq "$err" ''
	assert_eq "$(sed -E 's/ +[0-9]+ ms  / /; s/"timestamp":"[^"]+"/"timestamp":"T"/; s/"[0-9a-f]{32}"/"E"/' <<<"${out%$'\n'}")" "$(
		printf '%s\n' 'good              8 good.csv' 'bad               6 bad.csv: no comma' $'bad.csv\tno comma' $'good.csv\tgood'
		printf '      2 ["%s","%s","E",%d]\n' "$in" bad.csv 6 "$in" good.csv 8
		printf '%s\n' 'the same are good' 'the same are bad' 'no comma' \
			'{"file":"bad.csv","status":"bad","error":"no comma","copied_to":"'"$bad"'/bad.csv","timestamp":"T"}' \
			'{"file":"good.csv","status":"good","error":null,"copied_to":"'"$to"'/good.csv","timestamp":"T"}')"
	assert_eq "$(s3ev-split <replay.jsonl | jq -c '[.bucket, .key, .etag]' | sort)" \
		"$(s3ev-split <event.json | jq -c '[.bucket, .key, .etag]' | sort)"
	# What the first example says of the same files.
	blocks python 1 >function/processor.py
	run3 pipelines/try function good.csv bad.csv
	[ "$status" -eq 1 ] && [[ $out == *' good.csv'*' bad.csv: no comma'* ]]
}

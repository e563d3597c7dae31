# What the tests of s3check share: `load ../lib/s3check` behind
# `load ../lib/helper`. They put their files into $dir.
# shellcheck shell=bash disable=SC2034,SC2154

# Runs s3check on the records. Processors tell the tests in $dir what they saw.
check() { # RECORDS OPTION...
	run3 timeout 60 s3check --env dir --allow-write "$dir" "${@:2}" <<<"$1"
}

# A record whose object, stdin, lies in the spool.
spooled() { # NAME=VALUE...
	local path=$dir/spool.$BASHPID.${EPOCHREALTIME/[.,]/} bytes string
	bytes=$(tee "$path" | wc -c)
	untraced json_string string "$path"
	record bucket=in key=k "$@" fetch:="{\"path\":$string,\"bytes\":$bytes}"
}

# What became of each record: good, or bad or failed and why.
outcomes() {
	jq -r 'if .failed then "failed " + .failed.code elif .gone then "gone " + .gone.code
		elif .bad then "bad " + .bad.reason else "good" end' <<<"$out"
}

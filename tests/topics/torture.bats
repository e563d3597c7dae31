#!/usr/bin/env bats
# Pipelines are killed at random, with SIGKILL; TORTURE_SEED=... does the same again.

load ../lib/helper

seed=${TORTURE_SEED-$RANDOM}

ends_with() { # LINE
	[ "$status$err" = 0 ] && [[ $out == *$'\n'"$1"$'\n' ]] && return
	printf '%s' "$out$err" >&2
	return 1
}

@test "20 kills, events doubled and shuffled, three pipelines at once: nothing is lost, twice or wrong" {
	run3 "$tests/bin/torture" 20 --objects 50 --seed "$seed"
	ends_with '10 passed, 0 failed'
}

@test "faults beside it: nothing is lost, twice or wrong" {
	run3 "$tests/bin/torture" 5 --objects 25 --rate 0.05 --seed "$seed"
	ends_with '10 passed, 0 failed'
}

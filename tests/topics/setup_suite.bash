# bats looks for this file beside the tests.
# shellcheck shell=bash source=../lib/setup_suite.bash
source "${BASH_SOURCE[0]%/*}/../lib/setup_suite.bash"

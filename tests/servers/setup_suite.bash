# shellcheck shell=bash disable=SC1091
. "${BASH_SOURCE[0]%/*}/../setup_suite.bash"

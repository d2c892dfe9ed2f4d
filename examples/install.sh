#!/usr/bin/env bash
# Installs what the readers need, for the tests: a Python environment in build/readers, and the Go
# modules and what is built of them into Go's own caches. Ends with 1 if one of the two cannot be had.
set -uo pipefail
cd "$(dirname "$0")"

status=0
venv=../build/readers
if ! "$venv/bin/python" -c 'import confluent_kafka' 2>/dev/null; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q -r python/requirements.txt; } || status=1
fi
# Without GOTOOLCHAIN an old go would fetch a compiler of its own.
(cd go && GOTOOLCHAIN=local go build -o /dev/null .) || status=1
exit $status

#!/bin/bash
# The long form of the suite kafka_kill: librdkafka's own queue length, and the broker away for so
# long that this queue and the rings fill. It wants 10,000 messages a second, so a machine that has
# time for it. Two minutes.
#
#   kafka_kill.sh [BUILD [ARGUMENT...]]     without BUILD: build/dev, built
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ $# -eq 0 ]; then
    "$here/../build.sh" dev
fi
build=$(readlink -f "${1:-$here/../../build/dev}")
exec python3 -B "$here/kafka_kill.py" --arbspot "$build/bin/arbspot" --sim "$build/bin/arbspot-sim" \
    --plugins "$build/plugins" --fixtures "$build/fixtures" \
    --witness "$build/bin/topic_witness" --broker-script "$here/kafka_broker.sh" \
    --seconds 10 --away 12 --queue 100000 --flow 10000 "${@:2}"

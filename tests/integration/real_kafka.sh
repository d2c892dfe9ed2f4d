#!/bin/bash
# Runs a test executable against Apache Kafka itself: the brokers of ARBSPOT_TEST_KAFKA, or one
# that is started for it. Exit 77, with a visible line, when there is none.
#
#   real_kafka.sh TEST_EXECUTABLE
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
test_executable=${1:?TEST_EXECUTABLE}
market_topic=arbspot-test-$$-market-data
opportunity_topic=arbspot-test-$$-opportunities
n_events=20000

read_with_kcat() { # BROKERS
    if ! command -v kcat >/dev/null; then
        echo "SKIP: reading with kcat, which is not installed"
        return
    fi
    local n
    n=$(kcat -q -C -b "$1" -t "$market_topic" -o beginning -e -f '%k %s\n' |
        grep -c '^[A-Z]*/USD {"v":1,"type":"[a-z]*",.*}$')
    if [ "$n" -ne "$n_events" ]; then
        echo "kcat read $n valid messages instead of $n_events" >&2
        return 1
    fi
    echo "kcat read $n valid messages, keyed by symbol"
}

run_test() { # BROKERS
    "$test_executable" "$1" "$market_topic" "$opportunity_topic" "$n_events"
    read_with_kcat "$1"
}

if [ -n "${ARBSPOT_TEST_KAFKA:-}" ]; then
    run_test "$ARBSPOT_TEST_KAFKA"
    exit
fi

dir=$(mktemp -d)
trap '"$here/kafka_broker.sh" stop "$dir"; rm -rf "$dir"' EXIT
status=0
brokers=$("$here/kafka_broker.sh" start "$dir") || status=$?
if [ "$status" -eq 77 ]; then
    echo "SKIP: real_kafka: no Apache Kafka can be had here; set ARBSPOT_TEST_KAFKA or KAFKA_HOME"
    exit 77
elif [ "$status" -ne 0 ]; then
    exit "$status"
fi
run_test "$brokers"

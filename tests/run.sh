#!/usr/bin/env bash
# Installs what is missing, builds, and runs every suite. Usage: tests/run.sh [ctest arguments]
#   ARBSPOT_TEST_KAFKA=HOST:PORT  use this broker for the real-Kafka suite
#   ARBSPOT_TEST_LONG=1           the suites that take minutes, too
#   ARBSPOT_TEST_PRESETS="dev"    only these builds (default: dev asan tsan)
set -euo pipefail
cd "$(dirname "$0")/.."

etc/install-packages.sh build test
# Without Java there is no broker, and the real-Kafka suite says that it is skipped.
etc/install-packages.sh kafka || echo "SKIP: Java 17 and Maven could not be installed; no real Kafka"
# Without Chromium the dashboard's suite is skipped.
etc/install-packages.sh browser || echo "SKIP: Chromium could not be installed; the dashboard is not tested"
# Without their Kafka clients the readers of examples/ are skipped, each with a line.
{ etc/install-packages.sh readers && timeout 180 examples/install.sh; } ||
    echo "SKIP: not all Kafka clients for the readers in examples/ could be installed"

run_suite() { # PRESET TARGET CTEST_ARGUMENT...
    local preset=$1 target=$2
    shift 2
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" --target "$target"
    ctest --preset "$preset" --no-tests=error "$@"
}

for preset in ${ARBSPOT_TEST_PRESETS:-asan tsan dev}; do
    echo "== $preset"
    case $preset in
        # Of the integration suites those in which something breaks or is broken on purpose; the
        # others run sanitized by tsan, and all at full speed by dev.
        asan) run_suite asan all -LE 'once|long|real-kafka' \
            -E 'integration.(truth|thousand|two_|verify|clock|endings|one_symbol|patterns)' "$@" ;;
        # Threads meet in these; the rest is single-threaded and covered by asan.
        tsan) run_suite tsan with_threads -L 'threads|integration' -LE 'real-kafka|same-threads|once|long' \
            -E 'integration.(verify|endings|hostile|transport)' "$@" ;;
        *) run_suite "$preset" all -LE "${ARBSPOT_TEST_LONG:+none-}long" "$@" ;;
    esac
done

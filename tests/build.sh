#!/usr/bin/env bash
# Installs what is missing and builds programs of the tests into build/PRESET. All output goes to
# stderr. Usage: tests/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
etc/install-packages.sh build test >&2
# Said again each time: ./run.sh configures build/release without the tests.
cmake --preset "$preset" -DARBSPOT_TESTS=ON >/dev/null
cmake --build --preset "$preset" ${1:+--target "$@"} >&2

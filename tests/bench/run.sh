#!/usr/bin/env bash
# Builds the optimised program and measures it. Usage: tests/bench/run.sh [--json] [argument...]
# The arguments are those of arbspot-bench (see --help); with --json stdout is one JSON object.
#   ARBSPOT_BENCH_BUILD=DIR  where to build (default: build/release)
set -euo pipefail
cd "$(dirname "$0")/../.."

etc/install-packages.sh build test >&2
build=${ARBSPOT_BENCH_BUILD:-build/release}
cmake --preset release -B "$build" >/dev/null
cmake --build "$build" --target arbspot-bench >&2
exec "$build/bin/arbspot-bench" --data tests/data --plugins "$build/plugins" "$@"

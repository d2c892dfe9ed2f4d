#!/usr/bin/env bash
# Builds the optimised program and measures it. Usage: tests/bench/run.sh [--json] [argument...]
# The arguments are those of arbspot-bench (see --help); with --json stdout is one JSON object.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/build.sh release arbspot-bench
exec build/release/bin/arbspot-bench --data tests/data --plugins build/release/plugins "$@"

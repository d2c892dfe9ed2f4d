#!/usr/bin/env bash
# Builds the simulation and runs it. Usage: tests/simulation/run.sh [argument...]
# The arguments are those of the simulation (see --help): --scenarios 10000 takes 2 to 3 min.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/build.sh dev simulation
exec build/dev/bin/simulation "$@"

#!/bin/bash
# The long form of the suite overload: five minutes on a tenth of a core, in which more books are
# tried a few times. Seven minutes for one venue.
#
#   overload.sh [BUILD [ARGUMENT...]]     without BUILD: build/dev, built
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ $# -eq 0 ]; then
    "$here/../build.sh" dev
fi
build=$(readlink -f "${1:-$here/../../build/dev}")
exec python3 -B "$here/overload.py" --arbspot "$build/bin/arbspot" --sim "$build/bin/arbspot-sim" \
    --plugins "$build/plugins" --fixtures "$build/fixtures" --seconds 300 "${@:2}"

#!/bin/sh
# Builds the plugin from a clean folder and runs all its tests. Usage: ./ci.sh [PREFIX]
# PREFIX is where arbspot is installed; without one it is where CMake looks by itself.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
# arbspot is built with Ninja, so that is there more often than make.
if [ -z "${CMAKE_GENERATOR:-}" ] && command -v ninja >/dev/null; then
    export CMAKE_GENERATOR=Ninja
fi

cmake -S "$here" -B "$build" ${1:+-DCMAKE_PREFIX_PATH="$1"}
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure --no-tests=error

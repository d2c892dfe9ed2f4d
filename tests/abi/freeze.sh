#!/usr/bin/env bash
# Copies the headers that plugins are built with into tests/abi/MAJOR.MINOR/include, as they stand
# on the day a minor is finished. Usage: freeze.sh [--check]
# With --check, compares instead, for as long as that minor is the newest one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
headers=$here/../../include/arbspot
number() { sed -n "s/^#define ARB_ABI_$1 \([0-9]*\)$/\1/p" "$headers/abi.h"; }
frozen=$here/$(number MAJOR).$(number MINOR)/include/arbspot

# consumer.h is for readers of the topics; no plugin includes it.
plain() { find "$1" -maxdepth 1 -name '*.h' ! -name consumer.h -printf '%f\n' | LC_ALL=C sort; }

if [ "${1:-}" = --check ]; then
    diff <(plain "$headers") <(plain "$frozen")
    for name in $(plain "$headers"); do
        diff -u "$frozen/$name" "$headers/$name"
    done
    echo "PASS: the frozen headers are those of this tree"
    exit 0
fi
rm -rf "$frozen"
mkdir -p "$frozen"
for name in $(plain "$headers"); do
    cp "$headers/$name" "$frozen/$name"
done
echo "froze $(plain "$frozen" | wc -l) headers into ${frozen#"$here/"}"

#!/usr/bin/env bash
# Installs the SDK into a temporary folder, builds a plugin against nothing but that, and has
# the installed programs load it and drive it. Usage: run.sh BUILD_DIR
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cmake --install "$build" --prefix "$tmp/prefix" >/dev/null
cmake -S "$here" -B "$tmp/plugin" -G Ninja -DCMAKE_PREFIX_PATH="$tmp/prefix" >/dev/null
cmake --build "$tmp/plugin" >/dev/null
"$tmp/prefix/bin/arbspot" inspect "$tmp/plugin/plugins/acme.so" | grep -q '^acme 1.0.0'

cat >"$tmp/acme.ini" <<INI
[kafka]
brokers = embedded

[exchange:acme]
plugin = $tmp/plugin/plugins/acme.so
symbols = BTC/USD
taker_fee = 10bp
INI
"$tmp/prefix/bin/arbspot" check -c "$tmp/acme.ini" | grep -q 'ok: 1 exchange'

printf '%s\n' 'wss://feed.acme.invalid <-> 1700000000.0' \
    '1700000001.0: {"book":"BTC/USD","n":1,"bids":[["100.5","2"]],"asks":[["100.6","1"]]}' \
    '1700000002.0: {"book":"BTC/USD","n":2,"bids":[["100.4","2"]],"asks":[["100.6","1"]]}' \
    >"$tmp/recording"
"$tmp/prefix/bin/arbspot" replay --plugin "$tmp/plugin/plugins/acme.so" --symbols BTC/USD \
    "$tmp/recording" >"$tmp/messages" 2>"$tmp/summary"
grep -q '"type":"snapshot".*"bids":\[\["100.5","2"\]\]' "$tmp/messages"
grep -q ' snapshots=2 .* live=1 books=1' "$tmp/summary"
echo "PASS: a plugin built against the installed SDK loads, checks and replays"

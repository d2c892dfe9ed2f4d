#!/usr/bin/env bash
# Installs the SDK into a temporary folder, builds a plugin and a consumer against nothing but
# that, and has the installed programs drive them. Usage: run.sh BUILD_DIR [C_FLAGS]
# C_FLAGS are what the installed consumer library was built with and its user has to link with.
set -euo pipefail
build=$1
flags=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cmake --install "$build" --prefix "$tmp/prefix" >/dev/null
cmake -S "$here" -B "$tmp/plugin" -G Ninja -DCMAKE_PREFIX_PATH="$tmp/prefix" >/dev/null
cmake --build "$tmp/plugin" >/dev/null
"$tmp/prefix/bin/arbspot" inspect "$tmp/plugin/plugins/acme.so" | grep -q '^acme 1.0.0'

# The same with a compiler alone, from the example as it is installed.
pkgconfig=$(dirname "$(find "$tmp/prefix" -name arbspot-plugin.pc)")
plugindir=$(PKG_CONFIG_PATH="$pkgconfig" pkg-config --variable=plugindir arbspot-plugin)
test -f "$tmp/prefix/share/arbspot/doc/README.md"
test -f "$plugindir/kraken.so"
for file in man/man1/arbspot.1 man/man5/arbspot.ini.5 man/man7/arbspot-plugin.7 \
    bash-completion/completions/arbspot zsh/site-functions/_arbspot; do
    test -s "$tmp/prefix/share/$file"
done
# shellcheck disable=SC2046 # flags are words
gcc -std=c11 -shared -fPIC -fvisibility=hidden -Wl,-z,defs -o "$plugindir/acme.so" \
    "$tmp/prefix/share/arbspot/doc/acme.c" \
    $(PKG_CONFIG_PATH="$pkgconfig" pkg-config --cflags arbspot-plugin)
"$tmp/prefix/bin/arbspot" inspect acme | grep -q '^acme 1.0.0'
echo "PASS: a plugin built by pkg-config and a compiler alone is found by its name"

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

# The consumer gets what the plugin made, once in between damaged; only the first book is proven.
cmake -S "$here/consumer" -B "$tmp/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$tmp/prefix" \
    -DCMAKE_C_FLAGS="$flags" >/dev/null
cmake --build "$tmp/consumer" >/dev/null
{
    echo '{"v":1,"type":"alive","venue":"acme","session":"0000000000000001","seq":1,"mono_ns":0,' \
        '"pub_ns":0,"host":"test/1","ends":false}'
    grep '"type":"snapshot"' "$tmp/messages" | sed '2s/"100.4"/"100.3"/'
} >"$tmp/lines"
"$tmp/consumer/top_of_book" <"$tmp/lines" >"$tmp/tops"
printf '%s\n' 'acme BTC/USD 100.5 100.6' 'acme BTC/USD not live' | diff - "$tmp/tops"
# shellcheck disable=SC2046 # flags are words
cc $flags -o "$tmp/by_pkgconfig" "$here/consumer/top_of_book.c" \
    $(PKG_CONFIG_PATH="$pkgconfig" pkg-config --cflags --libs arbspot-consumer)
"$tmp/by_pkgconfig" <"$tmp/lines" | diff - "$tmp/tops"
if nm -g --defined-only "$(find "$tmp/prefix" -name libarbspot_consumer.a)" |
    grep -E ' [A-Z] ' | grep -v ' arb_consumer_'; then
    echo "FAIL: the consumer library shows names that are not its own"
    exit 1
fi
echo "PASS: a consumer built against the installed SDK proves books, and does not take a damaged one"

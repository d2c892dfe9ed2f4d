#!/usr/bin/env bash
# Installs into a temporary folder, and takes there the way of an author: `arbspot new`, then what
# the README that it writes says. Usage: new.sh BUILD_DIR SKELETON_DIR
set -euo pipefail
build=$1
skeleton=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
arbspot=$tmp/prefix/bin/arbspot

fail() {
    echo "FAIL: $*"
    exit 1
}

# The exit status and the first line of a call that is refused.
expect_refusal() {
    local status=$1 words=$2 got=0
    shift 2
    "$arbspot" new "$@" >"$tmp/out" 2>"$tmp/err" || got=$?
    [ "$got" = "$status" ] || fail "new $*: status $got, not $status"
    [ ! -s "$tmp/out" ] || fail "new $*: says something on stdout"
    head -1 "$tmp/err" | grep -qF "$words" || fail "new $*: $(cat "$tmp/err")"
}

expect_empty() {
    [ -z "$(ls -A "$1")" ] || fail "$1 is not empty: $(ls -A "$1")"
}

cmake --install "$build" --prefix "$tmp/prefix" >/dev/null
mkdir "$tmp/work"
cd "$tmp/work"

# What was written has the asked name for the skeleton's, and nothing else is different.
"$arbspot" new my_venue --into "$tmp/work" >/dev/null
for file in my_venue.c CMakeLists.txt my_venue.ini my_venue.script my_venue.golden README.md ci.sh; do
    cmp "$skeleton/$file" "my_venue/$file"
done
cmp "$skeleton/ci.yml" my_venue/.github/workflows/ci.yml
cmp "$skeleton/gitignore" my_venue/.gitignore
[ "$(find my_venue -type f | wc -l)" = 9 ] || fail "other files: $(find my_venue -type f)"
[ -x my_venue/ci.sh ] || fail "ci.sh is no program"
[ "$(ls -A)" = my_venue ] || fail "something else was written: $(ls -A)"
rm -r my_venue
echo "PASS: the files are those of the skeleton"

# A refusal writes nothing.
no_name="is no name of a plugin: give 1 to 31 small letters, digits and '_'"
for name in Demo de-mo de/mo ../demo '' 1demo dé "$(printf 'a%.0s' $(seq 32))"; do
    expect_refusal 64 "'$name' $no_name" "$name"
done
expect_refusal 64 "no NAME given"
expect_refusal 64 "'more' is one word too many" demo more
expect_refusal 1 "missing/demo cannot be written: No such file or directory" demo --into missing
expect_refusal 1 "/proc/demo cannot be written: No such file or directory" demo --into /proc
expect_empty "$tmp/work"
mkdir demo
expect_refusal 1 "demo is there already, and stays as it is" demo
expect_empty demo
rmdir demo
ln -s nowhere demo
expect_refusal 1 "demo is there already, and stays as it is" demo
rm demo
# The disk is full after the first files: a limit for each file is what any user can set.
for blocks in 0 1 2 4; do
    got=0
    (
        trap '' XFSZ
        ulimit -f "$blocks"
        exec "$arbspot" new demo
    ) >/dev/null 2>"$tmp/err" || got=$?
    [ "$got" = 1 ] || fail "a disk that is full: status $got"
    expect_empty "$tmp/work"
done
echo "PASS: what cannot be written is refused, and leaves nothing behind"

# Names of any legal length and word make good C.
for name in _ int "$(printf 'a%.0s' $(seq 31))"; do
    "$arbspot" new "$name" >/dev/null
    cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -I "$tmp/prefix/include" "$name/$name.c"
    rm -r "$name"
done

"$arbspot" new demo >"$tmp/out"
grep -qxF "    cmake -B build -G Ninja -DCMAKE_PREFIX_PATH=$tmp/prefix" "$tmp/out" || fail "$(cat "$tmp/out")"
! grep -r my_venue demo || fail "the skeleton's name is left"
cd demo
cmake -B build -G Ninja -DCMAKE_PREFIX_PATH="$tmp/prefix" -DCMAKE_C_FLAGS=-Werror >/dev/null
cmake --build build >/dev/null
ctest --test-dir build --no-tests=error --output-on-failure >"$tmp/out" || fail "$(cat "$tmp/out")"
grep -q '100% tests passed, 0 tests failed out of 3' "$tmp/out" || fail "$(cat "$tmp/out")"
"$arbspot" inspect build/plugins/demo.so | grep -q '^demo 0.1.0: ' || fail "inspect"
"$arbspot" check -c demo.ini | grep -q '^demo.ini: ok: 1 exchange, 2 symbols, 0 strategies$' || fail "check"
echo "PASS: a plugin that was begun builds, passes the harness, and is taken by check"

cmake --install build --prefix "$tmp/prefix" >/dev/null
"$arbspot" venues | grep -q '^demo  *0.1.0  *-  *sequence  *-  *stream  *whole ' || fail "venues"
"$arbspot" inspect demo >/dev/null || fail "inspect by name"
sh ./ci.sh "$tmp/prefix" >"$tmp/out" 2>&1 || fail "ci.sh: $(cat "$tmp/out")"
echo "PASS: it is installed, listed, and built by its ci.sh"

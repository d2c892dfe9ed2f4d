#!/bin/sh
# Takes one rule out of a copy of the sources at a time, builds it, and counts the scenarios
# until the simulation notices. Usage: tests/simulation/mutants.sh [WORD]: only rules with it.
# All these scenarios pass with the rules in place, which is tried first: a scenario that fails
# anyway would catch everything. The copy is removed at the end; the sources are never touched.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
limit=8000
patience_s=900 # for $limit scenarios, which take some two minutes
copy=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
trap 'rm -rf "$copy"' EXIT INT TERM

cp -r "$root/CMakeLists.txt" "$root/CMakePresets.json" "$root/cmake" "$root/core" "$root/include" \
    "$root/plugins" "$root/etc" "$root/tests" "$copy"
[ -e "$root/README.md" ] && cp "$root/README.md" "$root/LICENSE" "$copy"

build() {
    cmake --build "$copy/build" --target simulation >"$copy/build.log" 2>&1
}

# field LINE N: the Nth of what " | " separates.
field() {
    printf '%s' "$1" | sed 's/ | /\n/g' | sed -n "$2p"
}

# take_out FILE SCRIPT: false when the script changes nothing, so that no mutant is a copy.
take_out() {
    [ -e "$copy/$1.kept" ] || cp -p "$copy/$1" "$copy/$1.kept"
    sed "$2" "$copy/$1" >"$copy/changed" || return 1
    ! cmp -s "$copy/$1" "$copy/changed" && cp "$copy/changed" "$copy/$1"
}

put_back() {
    [ ! -e "$copy/$1.kept" ] || mv "$copy/$1.kept" "$copy/$1"
    touch "$copy/$1"
}

# take_out_all LINE: false, with a word about each, when any of its scripts changes nothing.
take_out_all() {
    n=2 is_out=true
    while file=$(field "$1" $n) && [ -n "$file" ]; do
        script=$(field "$1" $((n + 1)))
        take_out "$file" "$script" || {
            printf '%s: the script does not change %s: %s\n' "$(field "$1" 1)" "$file" "$script" >&2
            is_out=false
        }
        n=$((n + 2))
    done
    $is_out
}

put_back_all() {
    n=2
    while file=$(field "$1" $n) && [ -n "$file" ]; do
        put_back "$file"
        n=$((n + 2))
    done
}

# Prints in how many scenarios the rule was missed, or what went wrong.
try() {
    build || { echo "does not build"; return; }
    rc=0
    timeout $patience_s "$copy/build/bin/simulation" --scenarios $limit --until-caught \
        >"$copy/run.log" 2>&1 || rc=$?
    caught=$(sed -n 's/^scenarios=\([0-9]*\).*/\1/p' "$copy/run.log")
    case $rc in
        0) echo "NOT CAUGHT in $limit" ;;
        124) echo "does not end in $patience_s s, which shows nothing" ;;
        *) echo "${caught:-stopped by an assertion or a limit}" ;;
    esac
}

# Code that has moved must not pass for a rule that is taken out: this needs no build, so all
# rules are looked at, and the first thing that is said is which scripts have to be mended.
n_useless=0
while IFS= read -r line; do
    case $line in \#* | '') continue ;; esac
    take_out_all "$line" || n_useless=$((n_useless + 1))
    put_back_all "$line"
done <"$here/mutants.txt"
[ $n_useless -eq 0 ] || { echo "$n_useless rules are not taken out by their scripts" >&2; exit 1; }

cmake -S "$copy" -B "$copy/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DARBSPOT_WERROR=OFF >"$copy/build.log" 2>&1
build || { cat "$copy/build.log" >&2; exit 1; }
"$copy/build/bin/simulation" --scenarios $limit >"$copy/run.log" 2>&1 ||
    { cat "$copy/run.log" >&2; echo "the sources as they are violate a rule" >&2; exit 1; }

n_rules=0 n_caught=0 most=0
echo "| rule taken out | scenarios until caught |"
echo "|---|---|"
while IFS= read -r line; do
    case $line in \#* | '') continue ;; *"${1:-}"*) ;; *) continue ;; esac
    take_out_all "$line"
    result=$(try)
    put_back_all "$line"
    n_rules=$((n_rules + 1))
    case $result in
        [0-9]*)
            n_caught=$((n_caught + 1))
            [ "$result" -le $most ] || most=$result
            ;;
        stopped*) n_caught=$((n_caught + 1)) ;;
    esac
    echo "| $(field "$line" 1) | $result |"
done <"$here/mutants.txt"
echo "$n_caught of $n_rules rules are caught, within $most scenarios at most"
[ $n_rules -gt 0 ] && [ $n_caught -eq $n_rules ]

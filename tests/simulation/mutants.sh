#!/bin/sh
# Takes one rule out of a copy of the sources at a time, builds it, and counts the scenarios
# until the simulation notices. Usage: tests/simulation/mutants.sh [WORD]: only rules with it.
# The copy is removed at the end; the sources themselves are never touched.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
limit=5000
copy=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
trap 'rm -rf "$copy"' EXIT INT TERM

cp -r "$root/CMakeLists.txt" "$root/CMakePresets.json" "$root/cmake" "$root/core" "$root/include" \
    "$root/plugins" "$root/etc" "$root/tests" "$copy"
[ -e "$root/README.md" ] && cp "$root/README.md" "$root/LICENSE" "$copy"

build() {
    cmake --build "$copy/build" --target simulation >"$copy/build.log" 2>&1
}

# take_out FILE SCRIPT: false when the script changes nothing, so that no mutant is a copy.
take_out() {
    cp "$copy/$1" "$copy/$1.kept"
    sed -i "$2" "$copy/$1"
    ! cmp -s "$copy/$1" "$copy/$1.kept"
}

put_back() {
    mv "$copy/$1.kept" "$copy/$1"
    touch "$copy/$1"
}


# Prints in how many scenarios the rule was missed, or what went wrong.
try() {
    build || { echo "does not build"; return; }
    if timeout 900 "$copy/build/bin/simulation" --scenarios $limit --until-caught \
        >"$copy/run.log" 2>&1; then
        echo "NOT CAUGHT in $limit"
    else
        caught=$(sed -n 's/^scenarios=\([0-9]*\).*/\1/p' "$copy/run.log")
        echo "${caught:-1, by an assertion or a limit}"
    fi
}

cmake -S "$copy" -B "$copy/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DARBSPOT_WERROR=OFF >"$copy/build.log" 2>&1
build || { cat "$copy/build.log" >&2; exit 1; }
"$copy/build/bin/simulation" --scenarios $limit >"$copy/run.log" 2>&1 ||
    { cat "$copy/run.log" >&2; echo "the sources as they are violate a rule" >&2; exit 1; }

failed=0
echo "| rule taken out | scenarios until caught |"
echo "|---|---|"
while IFS= read -r line; do
    case $line in \#* | '') continue ;; *"${1:-}"*) ;; *) continue ;; esac
    rest=$(printf '%s' "$line" | sed 's/ | /\n/g')
    rule=$(printf '%s\n' "$rest" | sed -n 1p)
    files= result=
    n=2
    while file=$(printf '%s\n' "$rest" | sed -n ${n}p) && [ -n "$file" ]; do
        script=$(printf '%s\n' "$rest" | sed -n $((n + 1))p)
        files="$files $file"
        take_out "$file" "$script" || result="the script does not change $file"
        n=$((n + 2))
    done
    [ -n "$result" ] || result=$(try)
    for file in $files; do
        put_back "$file"
    done
    case $result in [0-9]*) ;; *) failed=1 ;; esac
    echo "| $rule | $result |"
done <"$here/mutants.txt"
exit $failed

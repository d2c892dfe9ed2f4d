#!/usr/bin/env bash
# Installs what is missing, builds the fuzz targets and runs each for a while.
# Usage: tests/fuzz/run.sh SECONDS [TARGET...]
#   ARBSPOT_FUZZ_DIR=DIR   where to build and keep corpora and findings (default: build/fuzz)
# Stops at the first input that breaks something and leaves it in findings/.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ ! "${1:-}" =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,5s/^# //p' "$0" >&2
    exit 64
fi
seconds=$1
shift
targets=("$@")
if [[ $# -eq 0 ]]; then
    targets=(json wire ini web recording session kraken bitstamp okx binance bybit coinbase gemini bitfinex)
fi
dir=${ARBSPOT_FUZZ_DIR:-build/fuzz}

etc/install-packages.sh build test fuzz
cmake --preset fuzz -B "$dir" >/dev/null
cmake --build "$dir" --target fuzz

# A file's frames as scripts of 30 messages each: chunks NAME FILE DESTINATION.
chunks() {
    sed -n -e 's/^{/message 0 {/p' -e 's/^[0-9.]*: /message 0 /p' \
        -e 's/^https:[^ ]* -> [0-9.]*: \(.*\)/http x 200 \1/p' "$2" |
        split -l 30 -a 3 - "$3/$1." --filter='{ printf "open 0\n"; cat; } >"$FILE"'
}

# Starts each corpus with what the tests have; what a run finds worth keeping is added to it.
seed() {
    local to=$dir/corpus/$1 data=tests/data
    mkdir -p "$to" "$dir/findings/$1"
    case $1 in
        kraken)
            cp tests/golden/kraken/*.script "$to"
            for file in "$data"/crossbook/*.cbcap; do
                chunks "$(basename "$file")" "$file" "$to"
            done
            ;;
        bitstamp | binance | bybit | coinbase | gemini | bitfinex)
            cp tests/golden/"$1"/*.script "$to"
            for file in "$data"/*/"$1"*.txt; do
                chunks "$(basename "$file")" "$file" "$to"
            done
            ;;
        okx)
            cp tests/golden/okx/*.script "$to"
            for file in "$data"/*/okx*.txt; do
                chunks "$(basename "$file")" "$file" "$to"
            done
            ;;
        json)
            for file in "$data"/crossbook/*.cbcap; do
                awk '/^{/ && n++ < 100' "$file" | split -l 1 -a 3 - "$to/$(basename "$file")."
            done
            ;;
        recording)
            for file in "$data"/*/*.cbcap "$data"/*/*.txt; do
                head -c 2000 "$file" >"$to/$(basename "$file")"
            done
            ;;
        ini) cp etc/*.ini "$to" ;;
        wire | session | web) cp tests/fuzz/"$1"/* "$to" ;;
    esac
}

for target in "${targets[@]}"; do
    seed "$target"
    echo "== $target, $seconds s"
    "$dir/bin/fuzz_$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -dict=tests/fuzz/json.dict \
        -artifact_prefix="$dir/findings/$target/" "$dir/corpus/$target" 2>&1 |
        tee "$dir/$target.log" | grep -E '^(fuzz:|stat::number|stat::new|==|.*ERROR|SUMMARY|artifact)' ||
        true
    if ! grep -q '^stat::number_of_executed_units' "$dir/$target.log" ||
        [[ -n $(ls "$dir/findings/$target") ]]; then
        echo "fuzz_$target found something: see $dir/$target.log and $dir/findings/$target" >&2
        exit 1
    fi
done

#!/usr/bin/env bash
# Installs what is missing, builds, and runs arbspot until Ctrl-C.
#
#   ./run.sh [OPTION...]          everything against a SIMULATED market
#   ./run.sh live [OPTION...]     etc/arbspot.ini: the real Bitstamp and Kraken
#   ./run.sh FILE.ini [OPTION...] any other configuration
#
#   --brokers LIST   publish to these Kafka brokers; without, simulated and live data go to a broker
#                    inside the process, and a FILE.ini says itself
#   --updates        print the changes and the end of each opportunity, too
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)
build="$root/build/release"
bin="$build/bin"

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$root/run.sh"; }

what=demo
brokers=
prints=--brief
while [ $# -gt 0 ]; do
    case "$1" in
        -h|--help) usage; exit 0 ;;
        --brokers) [ $# -ge 2 ] || { usage >&2; exit 64; }; brokers=$2; shift ;;
        --updates) prints=--print ;;
        -*) echo "run.sh: unknown option $1" >&2; usage >&2; exit 64 ;;
        *) [ "$what" = demo ] || { usage >&2; exit 64; }; what=$1 ;;
    esac
    shift
done

build_all() {
    "$root/etc/install-packages.sh" build
    echo "building (a minute or two the first time) ..."
    if ! (cd "$root" && cmake --preset release -DARBSPOT_TESTS=OFF && cmake --build --preset release) \
            >"$root/build.log" 2>&1; then
        tail -n 30 "$root/build.log" >&2
        echo "the build failed; all of its output is in build.log" >&2
        exit 1
    fi
    rm -f "$root/build.log"
}

# Ctrl-C reaches the host alone; when it has ended, the simulator is ended, too.
run_demo() {
    local dir sim
    dir=$(mktemp -d)
    setsid "$bin/arbspot-sim" --ca-out "$dir/ca.pem" --write-config "$dir/sim.ini" --endpoints "$dir/ports" \
        >"$dir/sim.log" 2>&1 &
    sim=$!
    # shellcheck disable=SC2064 -- the values of now
    trap "kill -TERM $sim 2>/dev/null || true; wait $sim 2>/dev/null || true; rm -rf '$dir'" EXIT
    for _ in $(seq 100); do
        [ -s "$dir/ports" ] && [ -s "$dir/sim.ini" ] && break
        kill -0 "$sim" 2>/dev/null || { cat "$dir/sim.log" >&2; exit 1; }
        sleep 0.05
    done
    # Its last section is the strategy's.
    printf 'matrix = 500ms\n\n[web]\nlisten = 127.0.0.1:0\n' >>"$dir/sim.ini"
    echo
    echo "SIMULATED MARKET: prices and opportunities are generated, none of them is real."
    echo "For the real Bitstamp and Kraken: ./run.sh live"
    say_where
    say_beside "$dir/sim.ini"
    run_host "$dir/sim.ini"
}

# What can be tried while the demo runs; the file is gone when it ends.
say_beside() {
    local address=$brokers
    [ "${address:-embedded}" != embedded ] || address=ADDRESS
    echo "As long as it runs its configuration is $1. Try in a"
    echo "second terminal, with the programs in build/release/bin:"
    echo "  arbspot why BTC/USD -c $1 --brokers $address"
    echo "  arbspot matrix --brokers $address"
    echo "and in a browser the dashboard; the log says where it is."
    echo
}

say_where() {
    if [ "${brokers:-embedded}" = embedded ]; then
        echo "All data goes to a Kafka broker inside the process, which keeps nothing; the log"
        echo "names its ADDRESS."
    else
        echo "All data goes to Kafka at $brokers."
    fi
    echo
}

# Waits for the host however often a signal interrupts the wait, and ends with its status.
run_host() {
    local host status=0
    "$bin/arbspot" run -c "$1" "$prints" ${brokers:+--brokers "$brokers"} &
    host=$!
    trap 'kill -TERM "$host" 2>/dev/null || true' INT TERM
    while kill -0 "$host" 2>/dev/null; do
        wait "$host" && status=0 || status=$?
    done
    return "$status"
}

build_all
case "$what" in
    demo) run_demo ;;
    live) brokers=${brokers:-embedded}; say_where; run_host "$root/etc/arbspot.ini" ;;
    *) run_host "$what" ;;
esac

#!/usr/bin/env bash
# Installs the Debian packages that are missing. Usage: install-packages.sh build|test|kafka|readers|browser|fuzz...
#   build  what the program needs to be built and run
#   test   what the test suites need on top
#   kafka  Java and Maven, to run a real Apache Kafka in the tests
#   readers  what examples/install.sh needs to install the readers' Kafka clients
#   browser  Chromium, in which the dashboard is tested
#   fuzz   clang with its runtimes for the fuzz targets, and llvm-symbolizer to name what they find
set -euo pipefail

build="ca-certificates cmake gcc libc6-dev libcjson-dev libdeflate-dev libinih-dev libncurses-dev librdkafka-dev
       libssl-dev libwebsockets-dev ninja-build pkg-config zlib1g-dev"
test="g++ groff-base libcmocka-dev kcat man-db python3 tmux"
kafka="openjdk-17-jre-headless maven"
readers="python3-venv"
browser="chromium"
fuzz="clang libclang-rt-dev llvm"

wanted=""
for group in "$@"; do
    wanted="$wanted ${!group}"
done

missing=""
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "these packages are missing, and there is no sudo:$missing" >&2; exit 1; }
    sudo="sudo"
fi
echo "installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086 -- one word per package
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/usr/bin/env bash
# Makes what two machines need to trust each other: a certificate for Kafka, and a password for the
# strategies. Usage: prepare.sh NAME [FOLDER]
#   NAME     what the strategies' machine calls the feeds' machine: a host name or an address
#   FOLDER   where it goes (default: secrets, beside this script)
# Run it once on the machine of the feeds; then copy ca.pem and strategies.password to the other one.
set -euo pipefail

if [ $# -lt 1 ]; then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
name=$1
folder=${2:-$(cd "$(dirname "$0")" && pwd)/secrets}
[ ! -e "$folder/ca.pem" ] || { echo "$folder has certificates already: remove it to make new ones" >&2; exit 1; }
umask 077
mkdir -p "$folder/kafka"

case $name in
    *[!0-9.]*) alternative=DNS:$name ;;
    *) alternative=IP:$name ;;
esac
certificate() { # SUBJECT OUT ARGUMENT...
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -x509 -days 825 -subj "/CN=$1" \
        -keyout "$2.key" -out "$2" "${@:3}" 2>/dev/null
}
certificate "arbspot CA" "$folder/ca.pem" -addext keyUsage=keyCertSign
certificate "$name" "$folder/kafka.crt" -addext "subjectAltName=$alternative" -addext basicConstraints=CA:FALSE \
    -CA "$folder/ca.pem" -CAkey "$folder/ca.pem.key"
cat "$folder/kafka.crt.key" "$folder/kafka.crt" >"$folder/kafka/kafka.pem"
rm "$folder/kafka.crt" "$folder/kafka.crt.key" "$folder/ca.pem.key"

password=$(openssl rand -hex 24)
printf '%s\n' "$password" >"$folder/strategies.password"
sed -e "s|@NAME@|$name|" -e "s|@PASSWORD@|$password|" "$(dirname "$0")/server.properties" \
    >"$folder/kafka/server.properties"
chmod a+rX "$folder" "$folder/kafka" # who runs in the containers reads these
chmod a+r "$folder/ca.pem" "$folder/kafka/"* "$folder/strategies.password"
echo "made $folder: copy ca.pem and strategies.password to the machine of the strategies"

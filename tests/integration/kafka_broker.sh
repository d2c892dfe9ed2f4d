#!/bin/bash
# Starts and stops one Apache Kafka broker (KRaft, loopback) for tests.
#
#   kafka_broker.sh start DIR [LINE...]
#                                prints its address; its pid is then in DIR/pid. Each LINE is added to
#                                server.properties, where the last one for a key counts; @PORT@ and
#                                @CONTROLLER@ are replaced by its ports, @PORT2@ to @PORT4@ by free ones
#   kafka_broker.sh stop DIR     ends it by that pid
#   kafka_broker.sh kill DIR     the same with SIGKILL, which leaves it no time for anything
#   kafka_broker.sh resume DIR   starts it again: same address, same data
#   kafka_broker.sh wipe DIR     takes the data of one that was ended: it resumes with an empty disk
#
# The jars come from $KAFKA_HOME/libs when that is set, else from Maven's central repository, once,
# into the user's cache. Exit 77 when they, or Java, cannot be had.
set -euo pipefail

version=4.1.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/arbspot/kafka-$version
attempts=5          # a port may be taken between choosing and listening
ready_seconds=60
stop_seconds=30
skip=77

give_up() {
    echo "kafka_broker.sh: $1" >&2
    exit "$2"
}

fetch_jars() {
    command -v mvn >/dev/null || give_up "no Kafka: neither KAFKA_HOME nor mvn is there" $skip
    local partial=$cache.partial.$$
    mkdir -p "$partial"
    cat >"$partial/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>arbspot</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>$version</version>
    </dependency>
  </dependencies>
</project>
POM
    if ! mvn -q -B -f "$partial/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$partial/libs" -DincludeScope=runtime >"$partial/log" 2>&1; then
        tail -n 5 "$partial/log" >&2
        rm -rf "$partial"
        give_up "no Kafka: Maven could not fetch the jars" $skip
    fi
    # Another run may have been faster; then its folder stays.
    mv -T "$partial" "$cache" 2>/dev/null || rm -rf "$partial"
}

find_jars() {
    if [ -n "${KAFKA_HOME:-}" ]; then
        echo "$KAFKA_HOME/libs"
        return
    fi
    [ -d "$cache/libs" ] || fetch_jars
    echo "$cache/libs"
}

is_listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local port
    while :; do
        port=$(shuf -i 20000-32000 -n 1)
        if ! is_listening "$port"; then
            echo "$port"
            return
        fi
    done
}

# The session's timeout is how long a broker that was killed may not come back.
write_properties() { # DIR PORT CONTROLLER_PORT [LINE...]
    cat >"$1/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$1/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
PROPERTIES
    add_lines "$@"
}

add_lines() { # DIR PORT CONTROLLER_PORT [LINE...]
    local dir=$1 port=$2 controller_port=$3 i line
    local -a extra=("$(free_port)" "$(free_port)" "$(free_port)")
    shift 3
    for line in "$@"; do
        line=${line//@PORT@/$port}
        line=${line//@CONTROLLER@/$controller_port}
        for i in 0 1 2; do
            line=${line//@PORT$((i + 2))@/${extra[i]}}
        done
        echo "$line"
    done >>"$dir/server.properties"
}

format_disk() { # DIR JARS
    rm -rf "$1/data"
    java -cp "$2/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ \
        -c "$1/server.properties" >"$1/format.log" 2>&1
}

wait_until_ready() { # PID PORT
    local i
    for ((i = 0; i < ready_seconds * 10; i++)); do
        kill -0 "$1" 2>/dev/null || return 1
        if is_listening "$2"; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

launch() { # DIR JARS PORT
    setsid java -Xmx512m -cp "$2/*" kafka.Kafka "$1/server.properties" \
        >>"$1/broker.log" 2>&1 </dev/null &
    echo $! >"$1/pid"
    if ! wait_until_ready "$(cat "$1/pid")" "$3"; then
        stop "$1"
        return 1
    fi
    echo "127.0.0.1:$3"
}

try_start() { # DIR JARS [LINE...]
    local dir=$1 jars=$2 port controller_port
    shift 2
    port=$(free_port)
    controller_port=$(free_port)
    write_properties "$dir" "$port" "$controller_port" "$@"
    format_disk "$dir" "$jars" || return 1
    launch "$dir" "$jars" "$port"
}

start() { # DIR [LINE...]
    local i jars dir=$1
    shift
    command -v java >/dev/null || give_up "no Kafka: java is not installed" $skip
    jars=$(find_jars)
    mkdir -p "$dir"
    for ((i = 0; i < attempts; i++)); do
        if try_start "$dir" "$jars" "$@"; then
            return
        fi
    done
    tail -n 5 "$dir/format.log" "$dir/broker.log" >&2 || true
    give_up "Kafka did not start; see $dir" 1
}

# Whoever adopted it may take a while to collect it: a zombie has ended too.
has_ended() { # PID
    local i
    for ((i = 0; i < stop_seconds * 50; i++)); do
        grep -qs '^State:.[^Z]' "/proc/$1/status" || return 0
        sleep 0.02
    done
    return 1
}

stop() { # DIR
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    has_ended "$pid" || kill -9 "$pid" 2>/dev/null || true
    rm -f "$1/pid"
}

crash() { # DIR
    local pid
    pid=$(cat "$1/pid")
    kill -9 "$pid"
    has_ended "$pid" || give_up "Kafka outlived SIGKILL" 1
    rm -f "$1/pid"
}

resume() { # DIR
    local port
    port=$(sed -n 's/^listeners=PLAINTEXT:[^:]*:\([0-9]*\).*/\1/p' "$1/server.properties" | head -n 1)
    launch "$1" "$(find_jars)" "$port" || give_up "Kafka did not start again; see $1" 1
}

wipe() { # DIR
    format_disk "$1" "$(find_jars)" || give_up "Kafka's disk could not be formatted; see $1" 1
}

case ${1:-} in
start)
    shift
    start "${1:?DIR}" "${@:2}"
    ;;
stop) stop "${2:?DIR}" ;;
kill) crash "${2:?DIR}" ;;
resume) resume "${2:?DIR}" ;;
wipe) wipe "${2:?DIR}" ;;
*) give_up "usage: kafka_broker.sh start|stop|kill|resume|wipe DIR" 64 ;;
esac

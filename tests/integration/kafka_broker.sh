#!/bin/bash
# Starts and stops one Apache Kafka broker (KRaft, loopback) for tests.
#
#   kafka_broker.sh start DIR    prints its address; its pid is then in DIR/pid
#   kafka_broker.sh stop DIR     ends it by that pid
#   kafka_broker.sh kill DIR     the same with SIGKILL, which leaves it no time for anything
#   kafka_broker.sh resume DIR   starts it again: same address, same data
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
write_properties() { # DIR PORT CONTROLLER_PORT
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

try_start() { # DIR JARS
    local dir=$1 jars=$2 port controller_port
    port=$(free_port)
    controller_port=$(free_port)
    rm -rf "$dir/data"
    write_properties "$dir" "$port" "$controller_port"
    java -cp "$jars/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ \
        -c "$dir/server.properties" >"$dir/format.log" 2>&1 || return 1
    launch "$dir" "$jars" "$port"
}

start() { # DIR
    local i jars
    command -v java >/dev/null || give_up "no Kafka: java is not installed" $skip
    jars=$(find_jars)
    mkdir -p "$1"
    for ((i = 0; i < attempts; i++)); do
        if try_start "$1" "$jars"; then
            return
        fi
    done
    tail -n 5 "$1/format.log" "$1/broker.log" >&2 || true
    give_up "Kafka did not start; see $1" 1
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
    port=$(sed -n 's/^advertised.listeners=.*://p' "$1/server.properties")
    launch "$1" "$(find_jars)" "$port" || give_up "Kafka did not start again; see $1" 1
}

case ${1:-} in
start) start "${2:?DIR}" ;;
stop) stop "${2:?DIR}" ;;
kill) crash "${2:?DIR}" ;;
resume) resume "${2:?DIR}" ;;
*) give_up "usage: kafka_broker.sh start|stop|kill|resume DIR" 64 ;;
esac

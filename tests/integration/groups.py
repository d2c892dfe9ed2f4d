"""Strategies that share the instruments in a group, on Apache Kafka: members join, leave, are killed, and are
stopped for so long that others take them for dead.

Whatever happens, no opportunity is open in two places at once, each that was opened is closed exactly once, none
rests on a book that is older than what was just published, and the instruments of one that is gone are looked
after by another one soon. `--changes 30 --between 20` is the long form, ten minutes.
"""

import os
import random
import re
import signal
import statistics
import time

import bus as messages
import pipeline
from kafka import Broker
from verify import strategy_only

SYMBOLS = 6
MEMBERS = 3
SESSION_TIMEOUT_S = 6
STOPPED_S = 9  # the others have taken over by then
AGE_MAX_MS = 5000
# Of a configuration: a member that is gone is missed after that time.
MISSED_SOON = (r"^brokers = .*$", f"\\g<0>\nrdkafka.session.timeout.ms = {SESSION_TIMEOUT_S * 1000}\n"
                                  "rdkafka.heartbeat.interval.ms = 500")


class Group:
    """The members that run, and how each change goes."""

    def __init__(self, stage, config, seed):
        self.stage, self.config, self.chance = stage, config, random.Random(seed)
        self.running, self.n, self.changes = [], 0, []

    def join(self):
        self.n += 1
        self.running.append(self.stage.host(self.config, name=f"member{self.n}"))

    def go(self, number):
        member = self.running.pop(self.chance.randrange(len(self.running)))
        member.send(number)
        member.wait(self.stage.limit(15))

    def pause(self):
        member = self.chance.choice(self.running)
        member.send(signal.SIGSTOP)
        time.sleep(STOPPED_S)
        member.send(signal.SIGCONT)

    def change(self):
        choices = ["join"] if len(self.running) < 2 else ["leave", "kill", "stop"]
        if len(self.running) < MEMBERS:
            choices.append("join")
        what = self.chance.choice(choices) if self.changes else "stop"
        self.changes.append((what, time.time_ns()))
        if what == "join":
            self.join()
        elif what == "stop":
            self.pause()
        else:
            self.go(signal.SIGTERM if what == "leave" else signal.SIGKILL)


def key_of(message):
    """What may be open in one place only: these orders, whoever sends them."""
    return message["strategy"], *((leg["symbol"], leg["side"], leg["venue"])
                                  for leg in message["legs"])


def audit(stage, opportunities):
    """Who has what open, message after message."""
    owner, closed, oldest = {}, set(), (0, None)
    for message in opportunities:
        name = message["session"], message["id"]
        if message["event"] == "close":
            stage.expect(name not in closed, f"closed twice: {message}")
            closed.add(name)
            if owner.get(key_of(message)) == name:
                del owner[key_of(message)]
            continue
        age_ms = max(float(leg["age_ms"]) for leg in message["legs"])
        if age_ms > oldest[0]:
            oldest = age_ms, message
        stage.expect(name not in closed, f"goes on after its end: {message}")
        before = owner.setdefault(key_of(message), name)
        if message["event"] == "open" and before != name:
            stage.expect(False, f"open in two places: {before} and {name} {key_of(message)}")
        owner[key_of(message)] = name
    opened = {(m["session"], m["id"]) for m in opportunities if m["event"] == "open"}
    stage.expect(opened <= closed, f"{len(opened - closed)} are open for ever: {opened - closed}")
    stage.expect(oldest[0] < AGE_MAX_MS, f"a leg is {oldest[0]} ms old: {oldest[1]}")
    stage.figure("opened", len(opened))
    stage.figure("oldest_leg_ms", f"{oldest[0]:.0f}")


def takeovers(stage, changes, opportunities):
    """From a member's end until each symbol has an opportunity again that somebody else opened."""
    took = []
    for what, at_ns in changes:
        if what == "join":
            continue
        after = [m for m in opportunities if m["event"] == "open" and m["detect_ns"] > at_ns]
        first = {}
        for message in after:
            first.setdefault(message["symbol"], message["detect_ns"])
        if len(first) == SYMBOLS:
            took.append((max(first.values()) - at_ns) / 1e9)
    if took:
        stage.figure("takeover.p50_s", f"{statistics.median(took):.1f}")
        stage.figure("takeover.max_s", f"{max(took):.1f}")


def play(stage, brokers):
    stage.simulator("--instruments", str(SYMBOLS), "--divergence-every", "1s")
    text = pipeline.changed(stage.read("sim.ini"), (r"^brokers = .*$", f"brokers = {brokers}"))
    feeds = re.sub(r"^\[strategy:\w+\]$", "\\g<0>\nenabled = no", text, flags=re.MULTILINE)
    host = stage.host(stage.write("feeds.ini", feeds), name="feeds")
    host.wait_for("created topic market-data", stage.limit(20))
    host.wait_for("created topic arbitrage-opportunities", stage.limit(20))
    member = pipeline.changed(
        strategy_only(text),
        MISSED_SOON,
        (r"^source = .*$", "source = kafka\ngroup = traders"))
    group = Group(stage, stage.write("member.ini", member), stage.options.seed)
    for _ in range(MEMBERS):
        group.join()
    # Then the broker knows the topics. A member may well have got partitions without a book.
    pipeline.poll(lambda: any(member.lines(r"[1-9]\d* of .* books are live")
                              for member in group.running), stage.limit(30), "books are LIVE")
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: len({m["symbol"] for m in list(bus.opportunities)}) == SYMBOLS,
                  stage.limit(60), "something was found in every instrument")
    for _ in range(stage.options.changes):
        time.sleep(stage.options.between * (0.5 + group.chance.random()))
        group.change()
    time.sleep(SESSION_TIMEOUT_S + stage.options.between)
    if not group.running:
        group.join()
    while len(group.running) > 1:
        group.go(signal.SIGTERM)
    time.sleep(SESSION_TIMEOUT_S)  # until the dead are known to be, and closed
    group.go(signal.SIGTERM)
    opportunities = bus.snapshot_of(lambda: list(bus.opportunities))
    stage.figure("changes", " ".join(what for what, _ in group.changes))
    audit(stage, opportunities)
    takeovers(stage, group.changes, opportunities)
    messages.expect_sound(stage, bus)


def suite(stage):
    with Broker(stage) as broker:
        try:
            play(stage, broker.address)
        finally:  # the readers before what they read
            for topic in stage.topics:
                topic.close()
                stage.expect(topic.failure is None, topic.failure)
            stage.topics.clear()


if __name__ == "__main__":
    pipeline.main(suite, changes=4, between=4, seed=1, broker_script=os.path.join(os.path.dirname(__file__),
                                                                       "kafka_broker.sh"))

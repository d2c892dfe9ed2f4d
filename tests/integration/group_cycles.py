"""Cycles in a group, on Apache Kafka: their legs are in several partitions, so each member reads all of them, and the
partition of a cycle's first leg decides whose it is. Of three members one is killed, another one joins, one is stopped
for so long that the others take it for dead, and one leaves.

The prices of the pairs against BTC are invented, far too high: each coin is worth buying for USD and selling for BTC,
all the time, for no order is too small here. One strategy takes all legs on one venue: each coin's cycle has to be open
on each again soon after each change. The other takes the best venue for each leg, so that its cycles come and go. No
cycle is ever open in two places, and each that was opened is closed exactly once.
"""

import collections
import os
import signal
import time

import bus as messages
import groups
import pipeline
from kafka import Broker
from verify import strategy_only

COINS = ("SOL", "LTC", "AAVE", "ETH", "XRP", "DOGE", "BCH", "XLM", "LINK", "ADA")  # in USD, of each partition
PARTITIONS = 8
VENUES = ("kraken", "okx")
PAIRS = ["BTC/USD"] + [f"{coin}/{quote}" for coin in COINS for quote in ("USD", "BTC")]
ALWAYS = len(COINS) * len(VENUES)  # what pays
REOPEN_S = 15  # of them the brokers wait groups.SESSION_TIMEOUT_S for the one that was killed
HANDOVER_S = 10
STRATEGY = """
[strategy:{name}]
plugin = triangular
source = kafka
group = {name}
start = USD
max_legs = 3
one_venue = {one_venue}
"""


def owners(bus):
    """What is open at one venue by the messages so far, and whose it is."""
    found = {}
    for message in bus.snapshot_of(lambda: list(bus.opportunities)):
        if message["strategy"] != "one_venue":
            continue
        if message["event"] == "close":
            found.pop(groups.key_of(message), None)
        else:
            found[groups.key_of(message)] = message["session"]
    return found


def wait_until_shared(stage, bus, n_members, limit_s, what):
    """Until each coin has its cycle open on each venue, and each member some of them."""
    def is_shared():
        found = owners(bus)
        return len(found) == ALWAYS and len(set(found.values())) == n_members
    started = time.monotonic()
    try:
        pipeline.poll(is_shared, stage.limit(limit_s), f"{ALWAYS} are open at {n_members} members")
    except pipeline.Miss as miss:
        members = collections.Counter(owners(bus).values())
        raise pipeline.Miss(f"{what}: {miss}; members have {sorted(members.values())}") from None
    stage.figure(f"{what}_s", f"{time.monotonic() - started:.1f}")


def stop(stage, member):
    """Returns when the last of its threads has stopped: until then it says something."""
    tasks = f"/proc/{member.process.pid}/task"
    def has_stopped():
        states = []
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat", encoding="ascii") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
        return set(states) == {"T"}
    member.send(signal.SIGSTOP)
    pipeline.poll(has_stopped, stage.limit(5), "a member has stopped")
    return time.time_ns()


def change(stage, bus, group):
    group.go(signal.SIGKILL)
    wait_until_shared(stage, bus, 2, REOPEN_S, "killed")
    group.join()
    wait_until_shared(stage, bus, 3, HANDOVER_S, "joined")
    stopped = group.running[0]
    stopped_ns = stop(stage, stopped)
    wait_until_shared(stage, bus, 2, REOPEN_S, "stopped")
    stopped.send(signal.SIGCONT)
    wait_until_shared(stage, bus, 3, REOPEN_S, "goes_on")
    group.go(signal.SIGTERM)
    wait_until_shared(stage, bus, 2, HANDOVER_S, "left")
    return stopped_ns


def without_late(stage, opportunities, stopped_ns):
    """What a member had handed over just before it was stopped may come behind the close by another one."""
    closed, kept = set(), []
    for message in opportunities:
        name = message["session"], message["id"]
        if name not in closed or message["detect_ns"] > stopped_ns:
            kept.append(message)
        if message["event"] == "close":
            closed.add(name)
    stage.figure("late", len(opportunities) - len(kept))
    return kept


def expect_reasons(stage, opportunities):
    reasons = collections.Counter(message["reason"] for message in opportunities if message["event"] == "close")
    stage.figure("closed", " ".join(f"{reason}={n}" for reason, n in sorted(reasons.items())))
    for reason in ("handed_over", "abandoned", "shutdown"):
        stage.expect(reasons[reason] > 0, f"none was closed as {reason}: {reasons}")


def start_feeds(stage, brokers):
    """Returns the configuration that the venues are published with."""
    stage.simulator("--instruments", ",".join(PAIRS), "--venues", ",".join(VENUES), "--rate", "5", "--divergence-every", "1s")
    text = pipeline.changed(stage.read("sim.ini"), (r"^brokers = .*$", f"brokers = {brokers}\npartitions = {PARTITIONS}"))
    text = text[:text.index("[strategy:")]
    host = stage.host(stage.write("feeds.ini", text), name="feeds")
    host.wait_for("created topic market-data", stage.limit(20))
    host.wait_for("created topic arbitrage-opportunities", stage.limit(20))
    return text


def tiny_orders():
    """Sections that let the venues take any order."""
    keys = [f"{key}.{venue} = 0.00000001" for venue in VENUES for key in ("lot", "min_qty", "min_notional")]
    return "".join("\n".join(["", f"[instrument:{pair}]", *keys, ""]) for pair in PAIRS)


def play(stage, brokers):
    text = start_feeds(stage, brokers) + tiny_orders()
    text += STRATEGY.format(name="one_venue", one_venue="yes") + STRATEGY.format(name="best_venues", one_venue="no")
    member = pipeline.changed(strategy_only(text), groups.MISSED_SOON)
    group = groups.Group(stage, stage.write("member.ini", member), stage.options.seed)
    for _ in range(groups.MEMBERS):
        group.join()
    for member in group.running:  # then the broker knows the topics
        member.wait_for(r"[1-9]\d* of .* books are live", stage.limit(30))
    bus = messages.attach(stage, brokers)
    wait_until_shared(stage, bus, groups.MEMBERS, 40, "begun")
    stopped_ns = change(stage, bus, group)
    while group.running:
        group.go(signal.SIGTERM)
    opportunities = without_late(stage, bus.snapshot_of(lambda: list(bus.opportunities)), stopped_ns)
    groups.audit(stage, opportunities)
    expect_reasons(stage, opportunities)
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
    pipeline.main(suite, seed=1, broker_script=os.path.join(os.path.dirname(__file__), "kafka_broker.sh"))

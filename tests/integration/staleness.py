"""How long after a host died does somebody still call its books LIVE?

The host is killed, stopped, or cut off from its exchange, at random moments while there is traffic. Watched
50 times a second are the consumer library (`live_watch`), the rule in Python (lease.py), and a strategy on a
process of its own: whatever happens, 3.5 s later nobody calls a book LIVE, and no opportunity rests on one.
`--rounds 20` is the long form.
"""

import random
import re
import signal
import statistics
import time

import bus as messages
import pipeline
import proxy as proxies
from lease import now_ns
from verify import strategy_only

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
LIMIT_S = 3.5
WATCHED_S = 4.5
SETTLED_S = 1.0  # of traffic before a round, and as much again at random


class Watch:
    """Who called how many books of a venue LIVE, and when for the last time."""

    def __init__(self, stage, brokers):
        self.program = stage.start("live_watch", [stage.options.watch, brokers, "market-data"])

    def lines(self):
        return [line.split() for line in self.program.out().splitlines()[1:]]

    def n_live(self, line, venue):
        match = re.search(rf" {venue}=(\d+)", " " + " ".join(line[1:]))
        return int(match.group(1)) if match else 0

    def now(self, venue):
        lines = self.lines()
        return self.n_live(lines[-1], venue) if lines else 0

    def last_live_ns(self, venue):
        return max((int(line[0]) for line in self.lines() if self.n_live(line, venue) > 0), default=0)


def python_live(bus, venue):
    return sum(bus.is_live(*name) for name in list(bus.books) if name[0] == venue)


def all_live(bus, watch):
    return all(python_live(bus, venue) == SYMBOLS == watch.now(venue)
               for venue in ("kraken", "bitstamp"))


def expect_dead(stage, bus, watch, venue, began_ns, seen):
    """Watches until nobody can call the venue's books LIVE any more."""
    last_python = began_ns
    while now_ns() - began_ns < WATCHED_S * 1e9:
        if python_live(bus, venue) > 0:
            last_python = now_ns()
        time.sleep(0.02)
    for name, last in (("python", last_python), ("library", watch.last_live_ns(venue))):
        after = max(0.0, (last - began_ns) / 1e9)
        seen.setdefault(name, []).append(after)
        stage.expect(after < LIMIT_S + 0.5 * (stage.slow - 1),
                     f"{name}: {venue} is LIVE {after:.2f} s after")


def expect_no_trades(stage, bus, venue, since_utc_ns):
    late = [message for message in bus.snapshot_of(lambda: list(bus.opportunities))
            if message["event"] != "close" and message["detect_ns"] > since_utc_ns + LIMIT_S * 1e9
            and venue in (message["buy"]["venue"], message["sell"]["venue"])]
    stage.expect(not late, f"{len(late)} opportunities on a dead book: {late[:1]}")


def kill(stage, bus, watch, world):
    began_ns, utc_ns = now_ns(), time.time_ns()
    world["host"].send(signal.SIGKILL)
    expect_dead(stage, bus, watch, "kraken", began_ns, world["seen"].setdefault("kill", {}))
    expect_no_trades(stage, bus, "kraken", utc_ns)
    world["n"] += 1
    world["host"] = stage.host(world["config"], name=f"host{world['n']}")


def stop(stage, bus, watch, world):
    began_ns, utc_ns = now_ns(), time.time_ns()
    world["host"].send(signal.SIGSTOP)
    expect_dead(stage, bus, watch, "kraken", began_ns, world["seen"].setdefault("stop", {}))
    expect_no_trades(stage, bus, "kraken", utc_ns)
    world["host"].send(signal.SIGCONT)


def cut(stage, bus, watch, world):
    """Nothing more comes from one exchange, and nobody says so."""
    began_ns, utc_ns = now_ns(), time.time_ns()
    world["proxy"].delay = 3600.0
    expect_dead(stage, bus, watch, "kraken", began_ns, world["seen"].setdefault("cut", {}))
    expect_no_trades(stage, bus, "kraken", utc_ns)
    stage.expect(watch.now("bitstamp") == SYMBOLS == python_live(bus, "bitstamp"),
                 "the other venue is LIVE")
    world["proxy"].delay = 0.0


def suite(stage):
    stage.simulator("--divergence-every", "2s")
    brokers = stage.broker()
    proxy = proxies.Proxy(proxies.start_loop(), proxies.make_certificate(stage),
                          stage.ports()["kraken"], stage.path("ca.pem"))
    text = pipeline.use_brokers(pipeline.changed(
        stage.read("sim.ini"),
        (r"^ca_file = .*$", f"ca_file = {stage.path('proxy.pem')}"),
        (r"^url = .*$", f"url = wss://localhost:{proxy.port}/v2"),
        (r"^ws_url = .*$", f"ca_file = {stage.path('ca.pem')}\n\\g<0>")), brokers)
    feeds = re.sub(r"^\[strategy:\w+\]$", "\\g<0>\nenabled = no", text, flags=re.MULTILINE)
    config = stage.write("host.ini", feeds)
    world = {"host": stage.host(config), "config": config, "proxy": proxy, "seen": {}, "n": 0}
    stage.host(stage.write("strategy.ini", strategy_only(text)), name="strategy")
    bus, watch = messages.attach(stage, brokers), Watch(stage, brokers)
    chance = random.Random(stage.options.seed)
    for _ in range(stage.options.rounds):
        for fault in (kill, stop, cut):
            pipeline.poll(lambda: all_live(bus, watch), stage.limit(30), "all books LIVE")
            time.sleep(SETTLED_S * (1 + chance.random()))
            fault(stage, bus, watch, world)
    for fault, consumers in world["seen"].items():
        for consumer, times in consumers.items():
            stage.figure(f"{fault}.{consumer}.p50_s", f"{statistics.median(times):.2f}")
            stage.figure(f"{fault}.{consumer}.max_s", f"{max(times):.2f}")


if __name__ == "__main__":
    pipeline.main(suite, rounds=1, seed=1, watch="")

"""How long after a fault does somebody still call the books LIVE?

Each exchange is in a process of its own (`isolate = yes`), and there is traffic. At a random moment that of
one exchange is killed, stopped, cut off from its exchange, gets what the exchange says later and later, or does not
return from a callback; at last everything is killed at once. Watched 50 times a second are the rule in Python
(lease.py), the consumer library (`live_watch`), and a strategy on a process of its own (`live_strategy`);
`arbspot verify`, which speaks once, at its end, is asked seven times. Whatever happens, 3.5 s later nobody calls a
book LIVE, no opportunity rests on one, and the books of the other exchange were LIVE at every look.
`--rounds 20` is the long form: 480 messages a second through Apache Kafka, and a process that wants a core.
"""

import contextlib
import json
import logging
import os
import random
import re
import signal
import statistics
import sys
import time

import bus as messages
import kafka
import pipeline
import proxy as proxies
from lease import now_ns
from verify import strategy_only

VICTIM, OTHER = "kraken", "bitstamp"
SYMBOLS = 3
RATES = {False: 20, True: 80}  # changes per second, pair and venue, in the short and the long form
LIMIT_S = 3.5
# After a kill the next process has nothing to say for so long, or what it says would be measured: as it
# is the second death in a row it is started after 2 s, and listens for 2 s whether somebody else is there.
WATCHED_S = 3.9
LOOK_S = 0.02
# Where this process, which only looks, did not run for so long, the machine stood still, or had others to run: a host
# that it happened to says so, and its books are rightly STALE for a while. Around that the other exchange may be
# anything, and `verify` was asked too late.
FROZEN_S, AROUND_S = 1.0, 5.0
SETTLED_S = 1.0  # of traffic before a fault, and as much again at random
VERIFIES = 7
VERIFY_STEP_S = 0.5  # between two answers
VERIFY_KNOWS_S = 4.0  # until it has seen all books LIVE
VERIFY_ENDS_S = 10
MAX_LAG_S = 2.0  # the default
SLOPE = 0.8  # seconds of delay a second: with one or more nothing would arrive, which is a cut
BACK_S = 30  # until all is LIVE again
BUSY = "import time\nend = time.monotonic() + 180\nwhile time.monotonic() < end: pass"  # of one round
CONSUMERS = ("python", "library", "strategy", "verify")


# -- who watches ----------------------------------------------------------------------------


class Rule:
    """The rule in Python, fed with the topic by a stock client."""

    def __init__(self, bus):
        self.name, self.looks, self.bus = "python", [], bus

    def look(self):
        now, counts = now_ns(), {}
        for venue, symbol in list(self.bus.books):
            counts[venue] = counts.get(venue, 0) + self.bus.is_live(venue, symbol, now)
        self.looks.append((now, counts))


class Written:
    """A program that writes down what it sees, a line for each look: "TIME VENUE=N ..."."""

    def __init__(self, name, path):
        self.name, self.looks, self.path = name, [], path
        self.offset = 0

    def look(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, encoding="ascii") as file:
            file.seek(self.offset)
            text, newline, _ = file.read().rpartition("\n")
        self.offset += len(text) + len(newline)
        for line in text.splitlines():
            time_ns, *counts = line.split()
            pairs = [count.split("=") for count in counts]
            self.looks.append((int(time_ns), {venue: int(n) for venue, n in pairs}))


class Verify:
    """`arbspot verify` since before the fault; it is asked once, by an interrupt."""

    def __init__(self, scene, i):
        self.scene = scene
        self.program = scene.stage.start(f"verify{i}", [
            scene.stage.options.arbspot, "verify", "--brokers", scene.brokers,
            "--duration", "2m", "--json"])
        jitter = VERIFY_STEP_S * scene.chance.random() if i > 0 else 0.0
        self.after_s = LIMIT_S - i * VERIFY_STEP_S - jitter  # so long after the fault, by plan,
        self.asked_ns = 0  # and when it was

    def ask_when_due(self, began_ns):
        if self.asked_ns == 0 and now_ns() >= began_ns + self.after_s * 1e9:
            self.asked_ns = now_ns()
            self.program.send(signal.SIGINT)

    def answer(self):
        """The venues of its report, which is of the moment of the interrupt or up to 0.2 s younger."""
        self.ask_when_due(0)  # if nobody came to it
        self.program.wait(self.scene.stage.limit(VERIFY_ENDS_S))
        self.scene.forget(self.program)
        return {venue["venue"]: venue for venue in json.loads(self.program.out())["venues"]}


# -- where it happens -----------------------------------------------------------------------


@contextlib.contextmanager
def broker(stage):
    """The one inside a process searches what it keeps from its beginning: good for a minute or two."""
    if stage.options.rounds == 1:
        yield stage.broker()
        return
    with kafka.Broker(stage) as real:
        yield real.address


def configure(stage, brokers, proxy, trigger):
    """The files of the host and of the strategies."""
    text = pipeline.changed(
        stage.read("sim.ini"),
        (r"^brokers = .*$", f"brokers = {brokers}"),
        (r"^\[host\]$", "[host]\nisolate = yes"),
        (r"^plugin = kraken$", f"plugin = {os.path.join(stage.options.fixtures, 'troubled.so')}\n"
                               f"trouble = loop\nfile = {trigger}"),
        (r"^ca_file = .*$", f"ca_file = {stage.path('proxy.pem')}"),
        (r"^url = .*$", f"url = wss://localhost:{proxy.port}/v2"),
        (r"^ws_url = .*$", f"ca_file = {stage.path('ca.pem')}\n\\g<0>"))
    feeds = re.sub(r"^\[strategy:\w+\]$", "\\g<0>\nenabled = no", text, flags=re.MULTILINE)
    live = (f"\n[strategy:live]\nplugin = {os.path.join(stage.options.fixtures, 'live_strategy.so')}\n"
            f"source = kafka\nfile = {stage.path('live_strategy.out')}\n")
    strategies = pipeline.changed(strategy_only(text), (r"^isolate = yes$", "isolate = no"))
    return stage.write("host.ini", feeds), stage.write("strategy.ini", strategies + live)


class Scene:
    """All that runs, and what was seen of it."""

    def __init__(self, stage, brokers):
        self.is_long = stage.options.rounds > 1
        stage.simulator("--rate", str(round(RATES[self.is_long] / stage.slow)),
                        "--divergence-every", "2s")
        self.stage, self.brokers = stage, brokers
        self.proxy = proxies.Proxy(proxies.start_loop(), proxies.make_certificate(stage),
                                   stage.ports()[VICTIM], stage.path("ca.pem"))
        self.trigger = stage.path("trigger")
        self.config, strategies = configure(stage, self.brokers, self.proxy, self.trigger)
        self.chance = random.Random(stage.options.seed)
        self.n_hosts = 0
        self.start_host()
        # A reader does not wait for a topic that is not there.
        stage.wait_until_live(self.host, stage.limit(BACK_S), kraken=SYMBOLS, bitstamp=SYMBOLS)
        stage.host(strategies, name="strategy")
        self.bus = messages.attach(stage, self.brokers)
        watch = stage.start("live_watch", [stage.options.watch, self.brokers, "market-data"])
        self.consumers = (Rule(self.bus), Written("library", watch.out_path),
                          Written("strategy", stage.path("live_strategy.out")))
        self.verifies = []
        self.tick = lambda: None  # done at each look
        self.seen = {}  # fault -> consumer -> seconds
        self.n_looks = 0  # at the other venue
        self.frozen = []  # from when to when this process did not run

    def start_host(self):
        self.n_hosts += 1
        self.is_new = True
        self.host = self.stage.host(self.config, name=f"host{self.n_hosts}")

    def process(self, venue):
        """That of the venue which was started last."""
        return int(re.findall(rf"venue={venue} .*runs as process (\d+)", self.host.err())[-1])

    def forget(self, program):
        """It has ended, and there will be many."""
        self.stage.programs.remove(program)

    def look(self):
        self.tick()
        for consumer in self.consumers:
            consumer.look()

    def look_until(self, end_ns, began_ns=None):
        while (now := now_ns()) < end_ns:
            self.look()
            for verify in self.verifies if began_ns is not None else ():
                verify.ask_when_due(began_ns)
            time.sleep(LOOK_S)
            if now_ns() - now > FROZEN_S * 1e9:
                self.frozen.append((now, now_ns()))
        self.look()

    def counts(self, at):
        return not any(begin - AROUND_S * 1e9 < at < end + AROUND_S * 1e9
                       for begin, end in self.frozen)

    def is_all_live(self):
        self.look()
        return all(consumer.looks and consumer.looks[-1][1].get(venue) == SYMBOLS
                   for consumer in self.consumers for venue in (VICTIM, OTHER))

    def settle(self):
        """All is LIVE, for everybody, and has been for a random while."""
        self.verifies = [Verify(self, i) for i in range(VERIFIES)]
        known_ns = now_ns() + self.stage.limit(VERIFY_KNOWS_S) * 1e9
        pipeline.poll(self.is_all_live, self.stage.limit(BACK_S), "all books LIVE")
        if self.is_new:
            for consumer in self.consumers:
                consumer.looks.clear()  # until here the other venue may be anything
            self.is_new = False
        self.look_until(max(known_ns, now_ns() + SETTLED_S * 1e9) +
                        SETTLED_S * self.chance.random() * 1e9)

    def sessions(self):
        return {book.session for (venue, _), book in list(self.bus.books.items())
                if venue == VICTIM}


# -- what happens: each yields the moment from which it counts ------------------------------


@contextlib.contextmanager
def loop(scene):
    """A callback that does not return, from the first message on that comes after the moment."""
    began_ns = now_ns()
    scene.stage.write("trigger", "")
    yield began_ns
    os.remove(scene.trigger)
    scene.host.wait_for(rf"venue={VICTIM} .*on_message\(\) of plugin troubled hangs", BACK_S)


@contextlib.contextmanager
def kill(scene):
    pid, began_ns = scene.process(VICTIM), now_ns()
    os.kill(pid, signal.SIGKILL)
    yield began_ns


@contextlib.contextmanager
def stop(scene):
    pid, began_ns = scene.process(VICTIM), now_ns()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield began_ns
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def cut(scene):
    """Nothing more comes from the exchange, and nobody says so."""
    began_ns = now_ns()
    scene.proxy.delay = 3600.0
    yield began_ns
    scene.proxy.delay = 0.0


@contextlib.contextmanager
def delay(scene):
    """
    The way from the exchange takes longer and longer. That counts from the moment at which what comes out of
    it is max_lag old: a book that is LIVE before is younger than that, and rightly LIVE. The host need not wait
    for 3.5 s then, as it knows the exchange's dates, and pings that are not answered: it may even be
    earlier, and that is a zero here.
    """
    grows_ns = now_ns()

    def grow():
        scene.proxy.delay = SLOPE * (now_ns() - grows_ns) / 1e9

    scene.tick = grow
    began_ns = grows_ns + int(MAX_LAG_S / SLOPE * 1e9)
    scene.look_until(began_ns)
    yield began_ns
    scene.tick = lambda: None
    scene.proxy.delay = 0.0


@contextlib.contextmanager
def kill_all(scene):
    """As when the machine is gone: nobody is left who could say something, of either exchange."""
    pids, began_ns = [scene.process(VICTIM), scene.process(OTHER)], now_ns()
    scene.host.send(signal.SIGSTOP)  # or it would start them again
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    scene.host.send(signal.SIGKILL)
    yield began_ns


# The kill comes soon after the loop, see WATCHED_S.
FAULTS = (loop, kill, stop, cut, delay, kill_all)


# -- what is expected -----------------------------------------------------------------------


def expect_end(scene, fault, name, after_s):
    """This consumer called a book LIVE for the last time so long after the fault."""
    scene.seen.setdefault(fault, {}).setdefault(name, []).append(after_s)
    scene.stage.expect(after_s < LIMIT_S + 0.5 * (scene.stage.slow - 1),
                       f"{fault}: {name} calls a book LIVE {after_s:.2f} s after")


def wait_for_looks(scene, end_ns):
    def have_looked():
        scene.look()
        return all(consumer.looks[-1][0] >= end_ns for consumer in scene.consumers)

    pipeline.poll(have_looked, scene.stage.limit(10), "every consumer looks until the end")


def expect_looks(scene, fault, began_ns, dead):
    end_ns = began_ns + WATCHED_S * 1e9
    wait_for_looks(scene, end_ns)
    for consumer in scene.consumers:
        last_ns = max((at for at, live in consumer.looks if began_ns <= at <= end_ns and
                       any(live.get(venue) for venue in dead)), default=began_ns)
        expect_end(scene, fault, consumer.name, (last_ns - began_ns) / 1e9)
        if OTHER not in dead:
            looks = [(at, live) for at, live in consumer.looks if scene.counts(at)]
            left = [(at, live) for at, live in looks if live.get(OTHER) != SYMBOLS]
            scene.n_looks += len(looks)
            scene.stage.expect(not left, f"{fault}: {OTHER} is LIVE to {consumer.name} at every "
                                         f"look: {len(left)} of {len(looks)}, {left[:1]}")
        consumer.looks.clear()


def has_known(venues, name):
    """Its answer tells: it has called all of them LIVE before."""
    return name in venues and venues[name]["all_live_ms"] is not None


def expect_verify(scene, fault, began_ns, dead):
    """
    None that is asked calls a book LIVE too late. What is noted is the last answer that did; the one after it, up
    to a second later, did not.
    """
    latest_s = 0.0
    for i, verify in enumerate(scene.verifies):  # the first is asked last
        venues = verify.answer()
        if not scene.counts(verify.asked_ns):
            continue
        scene.stage.expect(i > 0 or all(has_known(venues, venue) for venue in dead),
                           f"{fault}: verify has seen the books LIVE before it is asked: {venues}")
        if any(venue in venues and venues[venue]["live"] for venue in dead):
            latest_s = max(latest_s, (verify.asked_ns - began_ns) / 1e9)
        if OTHER not in dead and has_known(venues, OTHER):
            scene.n_looks += 1
            scene.stage.expect(venues[OTHER]["live"] == SYMBOLS,
                               f"{fault}: {OTHER} is LIVE to verify: {venues[OTHER]}")
    expect_end(scene, fault, "verify", latest_s)


def expect_no_trades(scene, fault, began_ns, dead):
    since_utc_ns = time.time_ns() - (now_ns() - began_ns) + LIMIT_S * 1e9
    late = [message for message in scene.bus.snapshot_of(lambda: list(scene.bus.opportunities))
            if message["event"] != "close" and message["detect_ns"] > since_utc_ns
            and not {leg["venue"] for leg in message["legs"]}.isdisjoint(dead)]
    scene.stage.expect(not late, f"{fault}: {len(late)} opportunities on a dead book: {late[:1]}")


def suffer(scene, fault):
    name = fault.__name__
    dead = (VICTIM, OTHER) if fault is kill_all else (VICTIM,)
    scene.settle()
    sessions = scene.sessions()
    with fault(scene) as began_ns:
        scene.look_until(began_ns + WATCHED_S * 1e9, began_ns)
        scene.stage.expect(scene.sessions() == sessions, f"{name}: nobody else speaks meanwhile")
        expect_no_trades(scene, name, began_ns, dead)
    expect_looks(scene, name, began_ns, dead)
    expect_verify(scene, name, began_ns, dead)
    print(f"{name:<9}", *(f"{consumer} {times[-1]:.2f}"
                          for consumer, times in scene.seen[name].items()), flush=True)
    # What the reader keeps for other suites would grow all the time.
    scene.bus.snapshot_of(lambda: (scene.bus.states_by_seq.clear(),
                                   scene.bus.opportunities.clear()))


def show(scene):
    """The figures, and all of them as a table."""
    n = len(next(iter(scene.seen.values()))["python"])
    lines = [f"{f'{n} each':<9}" + "".join(f"{consumer:>16}" for consumer in CONSUMERS),
             f"{'seconds':<9}" + f"{'p50':>10}{'max':>6}" * len(CONSUMERS)]
    for fault, consumers in scene.seen.items():
        line = f"{fault:<9}"
        for consumer in CONSUMERS:
            p50, most = statistics.median(consumers[consumer]), max(consumers[consumer])
            scene.stage.figure(f"{fault}.{consumer}.p50_s", f"{p50:.2f}")
            scene.stage.figure(f"{fault}.{consumer}.max_s", f"{most:.2f}")
            line += f"{p50:>10.2f}{most:>6.2f}"
        lines.append(line)
    print("\n".join(lines), flush=True)


@contextlib.contextmanager
def load(scene):
    """Another process that takes all it gets, in the long form."""
    if not scene.is_long:
        yield
        return
    busy = scene.stage.start("busy", [sys.executable, "-c", BUSY])
    yield
    busy.stop(signal.SIGTERM)
    scene.forget(busy)


def suite(stage):
    # That a host was killed while something was under way to it, again and again.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with broker(stage) as brokers:
        scene = Scene(stage, brokers)
        for i in range(stage.options.rounds):
            if i > 0:
                scene.start_host()
            with load(scene):
                for fault in FAULTS:
                    suffer(scene, fault)
        show(scene)
        stage.figure("other_venue.looks", scene.n_looks)
        stage.figure("machine.stood_still", len(scene.frozen))


if __name__ == "__main__":
    pipeline.main(suite, rounds=1, seed=1, watch="", broker_script=os.path.join(
        os.path.dirname(__file__), "kafka_broker.sh"))

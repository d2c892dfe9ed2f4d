"""Apache Kafka is killed with SIGKILL in full flow and started again on its data.

Two hosts live through that, one after the other, each with topics of its own:

  patient    keeps what it could not deliver for longer than the broker is away. Its topic has no
             hole and no message twice; what did not fit into bounded memory was replaced by
             snapshots, and every number of every sequence is accounted for by one of them.
  impatient  gives messages up while the broker is away. Each hole is healed, and what such a
             client sends twice is recognised.

A consumer runs all the time, and so does a strategy. Every copy of a book that the consumer called
LIVE is compared with what the same library makes of the whole topic afterwards, and those of some
books with what an independent reader makes of it, whose books are compared with the simulator's.
"""

import json
import os
import re
import signal
import time
import zlib
from struct import pack

import bus as messages
import pipeline
from kafka import Broker
import topic_audit
import truth

NS = 1_000_000_000
RATE = 600  # changes a second of each of 20 books; fewer where everything is slow
MARKET = ("--instruments", "10", "--depth", "25", "--bitstamp-mode", "orders")
MEMORY_MAX_MIB = 256  # growth: librdkafka's queue with its overhead, and the rings
FRESH_NS = NS // 10  # who is so close behind the host has caught up
BACK_S = 60  # limit from the start of a broker until the consumer has caught up
SETTLE_S = 0.5  # for what is measured or written down elsewhere
IMPATIENCE_MS = 2000
# Of what the running consumer, the host and its strategy counted, in the closing line.
SHOWN = (("gaps", "crc_mismatches", "awaiting"), ("failed", "queue_full", "conflated"),
         ("gaps", "crc_mismatches"))


class Record:
    """What a witness wrote: a line for each copy of a book that was LIVE."""

    def __init__(self, path):
        self.path = path

    def newest(self):
        """When one of the last copies was taken, and when the host had received its message."""
        if not os.path.exists(self.path):
            return 0, 0
        with open(self.path, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            whole_lines = file.read().split(b"\n")[1:-1]
        if not whole_lines:
            return 0, 0
        taken, received, *_ = whole_lines[-1].split()
        return int(taken), int(received)

    def has_caught_up(self, since_ns):
        taken_ns, received_ns = self.newest()
        return taken_ns > since_ns and taken_ns - received_ns < FRESH_NS

    def is_at_rest(self):
        """Nothing was taken for three seconds."""
        taken_ns, _ = self.newest()
        return 0 < taken_ns < time.time_ns() - 3 * NS

    def lines(self):
        """Whole ones: it may be being written."""
        with open(self.path, encoding="ascii") as file:
            return file.read().split("\n")[:-1]

    def taken(self):
        """When each copy was taken."""
        return [int(line.split(" ", 1)[0]) for line in self.lines()]

    def copies(self):
        """Venue, symbol, session, number and digest of each copy, as one text."""
        return {line.split(" ", 2)[2] for line in self.lines()}


class Run:
    """A host with topics of its own, and the consumer that watches them."""

    def __init__(self, stage, broker, name, setting):
        self.stage, self.broker, self.name = stage, broker, name
        self.topic = name + "-market-data"
        text = pipeline.changed(
            stage.read("sim.ini"),
            (r"^brokers = .*$", f"brokers = {broker.address}\nmarket_topic = {self.topic}\n"
                                f"opportunity_topic = {name}-opportunities\n{setting}"))
        self.host = stage.host(stage.write(name + ".ini", text), name=name)
        self.figures = {}
        self.ended_ns = None
        self.witness, self.record = self.start_witness(name + "-live")

    def start_witness(self, name, *again):
        record = Record(self.stage.path(name + ".record"))
        witness = self.stage.start(name, [self.stage.options.witness, self.broker.address,
                                          self.topic, record.path, *again])
        return witness, record

    def figure(self, name, value):
        self.figures[name] = value

    def print_figures(self):
        """The closing line."""
        print(self.name, *(f"{name}={value}" for name, value in self.figures.items()), flush=True)

    def counts_of(self, pattern):
        """The numbers in the host's last line of that kind."""
        return {key: int(value)
                for key, value in re.findall(r"(\w+)=(\d+)", self.host.lines(pattern)[-1])}


def write_truth(sim):
    """Has the simulator write its books down."""
    sim.send(signal.SIGUSR1)
    time.sleep(SETTLE_S)


def measure_flow(stage, run, seconds):
    now_ns = time.time_ns()
    n = sum(now_ns - seconds * NS < taken_ns for taken_ns in run.record.taken())
    run.figure("messages_per_s", round(n / seconds))
    stage.expect(n / seconds > stage.options.flow, f"{n / seconds:.0f} messages a second")


def outage(stage, run, away_s):
    """Kills the broker and brings it back, until the consumer has caught up."""
    before_mib, _ = run.host.memory_mib()
    killed_ns = time.time_ns()
    run.broker.call("kill")
    time.sleep(away_s)
    resumed_ns = time.time_ns()
    run.broker.call("resume")
    ready_ns = time.time_ns()
    pipeline.poll(lambda: run.record.has_caught_up(resumed_ns), BACK_S, "the consumer catches up")
    caught_up_ns = time.time_ns()
    first_ns = min(taken_ns for taken_ns in run.record.taken() if taken_ns > resumed_ns)
    _, peak_mib = run.host.memory_mib()
    run.figure("broker_away_s", f"{(ready_ns - killed_ns) / NS:.2f}")
    run.figure("first_message_after_s", f"{(first_ns - ready_ns) / NS:.2f}")
    run.figure("caught_up_after_s", f"{(caught_up_ns - ready_ns) / NS:.2f}")
    run.figure("memory_mib_before", round(before_mib))
    run.figure("memory_mib_at_most", round(peak_mib))
    stage.expect(peak_mib - before_mib < MEMORY_MAX_MIB,
                 f"memory is bounded: {before_mib:.0f} MiB, then up to {peak_mib:.0f}")


def live(stage, sim, run, seconds, away_s):
    """The life of a host."""
    pipeline.poll(lambda: run.record.has_caught_up(0), BACK_S, "messages flow")
    time.sleep(seconds)
    measure_flow(stage, run, seconds)
    write_truth(sim)
    outage(stage, run, away_s)
    time.sleep(seconds)
    write_truth(sim)
    run.ended_ns = time.time_ns()
    stage.expect(run.host.stop() == 0, "the host ends with 0")


def close_accounts(stage, run, audit):
    """What the running consumer, the host and its strategy counted; the first at the end."""
    # Those that came too late were not LIVE when they did, so there are fewer copies than messages.
    pipeline.poll(run.record.is_at_rest, stage.limit(40), "the witness has read everything")
    run.witness.stop()
    counts = (json.loads(run.witness.out()), run.counts_of("kafka=publisher .*produced="),
              run.counts_of("strategy=cross_venue .*gaps="))
    for kind, found, names in zip(("consumer", "host", "strategy"), counts, SHOWN):
        for name in names:
            run.figure(f"{kind}_{name}", found[name])
    return counts


def expect_healed(stage, run, counts, audit):
    """What holds for every host."""
    consumer, _, strategy = counts
    found = audit.counts
    for name, n in found.items():
        run.figure(f"topic_{name}", n)
    stage.expect(consumer["duplicates"] == found["duplicates"],
                 f"what is there twice is left out: {consumer} {found}")
    stage.expect(not audit.broken(), f"every hole is healed: {audit.broken()}")
    stage.expect(found["unaccounted"] <= 0, f"what is missing is counted: {found}")
    stage.expect(consumer["messages"] == found["messages"], f"all was read: {consumer} {found}")
    wrong = {key: consumer[key] for key in ("crc_mismatches", "failed", "not_ours")}
    stage.expect(not any(wrong.values()), f"the consumer's copies are right: {wrong}")
    stage.expect(strategy["crc_mismatches"] == 0, f"the strategy's copies are right: {strategy}")


def compare_copies(stage, run):
    """Each copy that was LIVE is what the topic, read from its beginning, says at that number."""
    witness, again = run.start_witness(run.name + "-again", "again")
    live_copies = run.record.copies()
    pipeline.poll(again.is_at_rest, stage.limit(40), "the topic is read again")
    witness.stop()
    wrong = live_copies - again.copies()
    stage.expect(not wrong, f"{len(wrong)} LIVE copies are not the topic's: {sorted(wrong)[:2]}")
    run.figure("live_copies", len(live_copies))
    return again.copies()  # those that came too late to be LIVE are there, too


def digest(book):
    """CRC-32 of all levels, as the witness has it: bids, then asks, worst first."""
    bids, asks = (sorted(side.items()) for side in book.sides)
    return zlib.crc32(b"".join(pack("<qq", px, qty) for px, qty in bids + asks[::-1]))


class Reader:
    """An independent copy of one symbol's books, with everything they promise checked."""

    def __init__(self, symbol):
        self.symbol = symbol
        self.bus = messages.Bus(keeps_history=True, hears_alive=False)
        self.copies = set()
        self.away = set()  # books that are not LIVE
        self.replaced = []  # (book, from, to): between these times of the venue nobody saw it

    def take(self, key, value, link):
        if key != self.symbol:
            return
        before = self.bus.books.get(link.book)
        before_ns = before.venue_ns if before is not None else 0
        self.bus.on_market_data(key, value)
        book = self.bus.books[link.book]
        if link.conflated > 0 or link.book in self.away:
            self.replaced.append((link.book, before_ns, book.venue_ns))
        if not link.is_live:
            self.away.add(link.book)
        else:
            self.away.discard(link.book)
            self.copies.add(f"{' '.join(link.book)} {link.session} {link.seq} {digest(book)}")

    def has_seen(self, written, until_ns):
        """True for a book the simulator wrote down that can be on the topic as it was."""
        name, at_ns = (written["venue"], written["symbol"]), written["published_ns"]
        if written["symbol"] != self.symbol or at_ns >= until_ns:
            return False
        # A host that is behind has not come so far when it ends.
        return (at_ns < self.bus.books[name].venue_ns and
                not any(book == name and start <= at_ns < end for book, start, end in self.replaced))


def read_topic(stage, run, reader=None):
    audit = topic_audit.Audit()
    for key, value in topic_audit.read(stage.options.kcat, run.broker.address, run.topic):
        link = topic_audit.Link(value)
        audit.take(link)
        if reader is not None:
            reader.take(key, value, link)
    return audit


def expect_truth(stage, run, reader, live_copies):
    """The independent reader agrees with the consumer, and with the simulator."""
    mine = {copy for copy in live_copies if copy.split(" ", 2)[1] == reader.symbol}
    stage.expect(mine == reader.copies, f"the readers differ in {len(mine ^ reader.copies)} of "
                 f"{len(mine)} copies: {sorted(mine ^ reader.copies)[:2]}")
    messages.expect_sound(stage, reader.bus)
    n = sum(truth.compare_book(stage, reader.bus, book) for book in truth.read_truth(stage).books
            if reader.has_seen(book, run.ended_ns))
    stage.expect(n > 0, "no book could be compared with the simulator's")
    run.figure("copies_compared", len(mine))
    run.figure("books_compared_with_the_market", n)


def patient(stage, sim, broker):
    run = Run(stage, broker, "patient",
              f"rdkafka.queue.buffering.max.messages = {stage.options.queue}")
    live(stage, sim, run, stage.options.seconds, stage.options.away)
    stage.expect(sim.stop() == 0, "the simulator ends with 0")
    reader = Reader("BTC/USD")
    audit = read_topic(stage, run, reader)
    counts = close_accounts(stage, run, audit)
    expect_healed(stage, run, counts, audit)
    consumer, kafka, strategy = counts
    faults = {**{name: audit.counts[name] for name in ("holes", "unaccounted", "duplicates")},
              "failed": kafka["failed"], "undelivered": kafka["produced"] - kafka["delivered"],
              "gaps": consumer["gaps"] + strategy["gaps"]}
    stage.expect(not any(faults.values()), f"nothing is lost, nothing there twice: {faults}")
    stage.expect(kafka["queue_full"] > 0, f"the outage was felt: {kafka}")
    expect_truth(stage, run, reader, compare_copies(stage, run))
    run.print_figures()


def impatient(stage, sim, broker):
    run = Run(stage, broker, "impatient", f"rdkafka.message.timeout.ms = {IMPATIENCE_MS}")
    live(stage, sim, run, stage.options.seconds, stage.options.away)
    audit = read_topic(stage, run)
    counts = close_accounts(stage, run, audit)
    expect_healed(stage, run, counts, audit)
    stage.expect(counts[1]["failed"] > 0 and audit.counts["conflated"] > 0,
                 f"deliveries failed: {counts[1]} {audit.counts}")
    compare_copies(stage, run)
    run.print_figures()


def suite(stage):
    with Broker(stage) as broker:
        sim = stage.simulator("--truth", "truth.jsonl", *MARKET,
                              "--rate", str(round(RATE / stage.slow)))
        if "impatient" in stage.options.hosts.split(","):
            impatient(stage, sim, broker)
        if "patient" in stage.options.hosts.split(","):
            patient(stage, sim, broker)


if __name__ == "__main__":
    pipeline.main(suite, hosts="impatient,patient", seconds=2.0, away=0.5, queue=5000, flow=0, witness="",
                  broker_script="")

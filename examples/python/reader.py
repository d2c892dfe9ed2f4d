"""Rebuilds every order book of the topic market-data and proves it, as docs/messages.md says.

A book counts as LIVE only while its copy is whole (every message named the one before, every
checksum is right), its host calls it LIVE, and its session said in that partition that it is alive.
"""

import argparse
import json
import struct
import sys
import time
import zlib
from collections import namedtuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

TOPIC = "market-data"
LEASE_NS = 3_000_000_000  # how long an alive message counts
DRIFT_PPM = 200  # two clocks are apart by so much more each second, at most
SOONER_NS = 250_000_000  # what comes so much sooner behind another than it was said has waited
BEFORE_END = 300  # where to begin to read
CHECKED_LEVELS = 10
LOOK_FOR_PARTITIONS_S = 2


def units(text, scale):
    """A decimal string as an integer in units of 10^-scale, exactly."""
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdecimal() or fraction[scale:].strip("0"):
        raise ValueError(f"{text} is not a number with {scale} digits")
    return int(whole + fraction[:scale].ljust(scale, "0"))


class Book:
    """The copy of one book within one session."""

    def __init__(self, session):
        self.session = session
        self.seq = 0  # of the last message
        self.partition = None  # where that came from
        self.told = "EMPTY"  # the state its host tells
        self.is_whole = False
        self.sides = ({}, {})  # bids, asks: price -> quantity

    def apply(self, levels_of_sides, scale):
        for side, levels in zip(self.sides, levels_of_sides):
            for price, quantity in levels:
                price, quantity = units(price, scale[0]), units(quantity, scale[1])
                if quantity == 0:
                    side.pop(price, None)  # it may name a level that the copy does not have
                else:
                    side[price] = quantity

    def crc(self):
        bids, asks = self.sides
        best = sorted(bids, reverse=True)[:CHECKED_LEVELS], sorted(asks)[:CHECKED_LEVELS]
        return zlib.crc32(b"".join(struct.pack("<qq", price, side[price])
                                   for side, prices in zip(self.sides, best)
                                   for price in reversed(prices)))


class Venue:
    """Its books, and which of its sessions counts."""

    def __init__(self):
        self.books = {}
        self.session = ""  # the one that counts
        self.ended = set()  # sessions that said their last word
        self.heard_ns = 0  # when the one that counts was last heard, by our clock
        self.messages = self.gaps = self.crc_mismatches = 0

    def counts(self, session, now_ns):
        """Whether a message of that session counts: the greater one is newer, and takes over."""
        is_over = self.session in self.ended or now_ns - self.heard_ns > LEASE_NS
        if (session > self.session or is_over) and session not in {self.session, *self.ended}:
            self.session, self.books = session, {}
        if session == self.session:
            self.heard_ns = now_ns
        return session == self.session


Alive = namedtuple("Alive", "boot mono_ns came_ns is_history")


class Reader:
    def __init__(self):
        self.venues = {}
        self.said = {}  # (venue, session, partition) -> Alive, the last one
        self.fastest = {}  # boot -> smallest difference between our clock and mono_ns
        self.learned_ns = {}  # boot -> when that was looked at last, by our clock
        self.trusted = set()  # boots whose difference is not that of messages that had waited
        self.went_back = set()  # (venue, partition)
        self.foreign = 0

    def is_alive(self, venue, session, partition, now_ns):
        said = self.said.get((venue, session, partition))
        return (said is not None and not said.is_history and said.boot in self.trusted
                and now_ns < said.mono_ns + self.fastest[said.boot] + LEASE_NS)

    def is_live(self, name, book, now_ns):
        return (book.is_whole and book.told == "LIVE"
                and self.is_alive(name, book.session, book.partition, now_ns))

    def feed(self, value, partition, is_history, now_ns):
        """Takes one message. Returns where to go back to in its partition, once for a venue."""
        try:
            message = json.loads(value)
            if message["v"] != 1:
                raise ValueError("of another version")
            if message["type"] == "alive":
                return self.feed_alive(message, partition, is_history, now_ns)
            self.feed_book(message, partition, now_ns)
        except (ValueError, KeyError, TypeError, struct.error):
            self.foreign += 1
        return None

    def feed_alive(self, message, partition, is_history, now_ns):
        name, session = message.get("venue"), message["session"]
        if name is None:  # a strategy's
            return None
        venue = self.venues.setdefault(name, Venue())
        venue.counts(session, now_ns)
        key = name, session, partition
        if message["ends"]:
            venue.ended.add(session)
            self.said.pop(key, None)
            return None
        said = Alive(message.get("boot", session), message["mono_ns"], now_ns, is_history)
        before = self.said.get(key)
        if before is None or said.mono_ns > before.mono_ns:  # else it is read twice
            self.said[key] = said
            self.learn_clock(before, said)
        if "from" not in message or (name, partition) in self.went_back:
            return None
        self.went_back.add((name, partition))
        return message["from"]

    def learn_clock(self, before, said):
        difference = said.came_ns - said.mono_ns
        passed_ns = said.came_ns - self.learned_ns.get(said.boot, said.came_ns)
        known = self.fastest.get(said.boot, difference) + passed_ns * DRIFT_PPM // 1_000_000
        self.fastest[said.boot] = min(difference, known)
        self.learned_ns[said.boot] = said.came_ns
        if before is not None and not said.is_history:
            came_after, said_after = said.came_ns - before.came_ns, said.mono_ns - before.mono_ns
            if came_after > said_after - SOONER_NS:
                self.trusted.add(said.boot)

    def feed_book(self, message, partition, now_ns):
        if message["type"] not in ("snapshot", "delta", "status"):
            raise ValueError("of another type")
        venue = self.venues.setdefault(message["venue"], Venue())
        venue.messages += 1
        if not venue.counts(message["session"], now_ns):
            return
        book = venue.books.setdefault(message["symbol"], Book(message["session"]))
        if message["seq"] <= book.seq:  # read twice, or out of the partition that the book left
            return
        kind, follows = message["type"], message["prev"] == book.seq
        # A book that moved comes whole, and what is between may be read later.
        has_moved = kind == "snapshot" and partition != book.partition
        venue.gaps += book.is_whole and not follows and not has_moved
        is_whole = kind == "snapshot" or book.is_whole and follows
        book.seq, book.partition, book.told = message["seq"], partition, message["state"]
        book.is_whole = is_whole and kind == "status"
        if kind == "snapshot":
            book.sides = ({}, {})
        if kind != "status" and is_whole:
            book.apply((message["bids"], message["asks"]), message["scale"])
            book.is_whole = book.crc() == message["crc"]
            venue.crc_mismatches += not book.is_whole

    def rewind(self, partition):
        """The partition is read again from further back: until that is done its books are old."""
        self.said = {key: said for key, said in self.said.items() if key[2] != partition}
        for venue in self.venues.values():
            for book in venue.books.values():
                if book.partition == partition and not book.is_whole:
                    book.seq = 0

    def report(self, now_ns):
        """Prints the table and returns whether all books are proven."""
        print(f"{'VENUE':<12}{'BOOKS':>7}{'LIVE':>7}{'MESSAGES':>11}{'GAPS':>7}{'CRC':>7}")
        n_live = n_unproven = 0
        for name, venue in sorted(self.venues.items()):
            live = sum(self.is_live(name, book, now_ns) for book in venue.books.values())
            n_live += live
            n_unproven += sum(book.told == "LIVE" for book in venue.books.values()) - live
            n_unproven += venue.gaps + venue.crc_mismatches
            print(f"{name:<12}{len(venue.books):>7}{live:>7}{venue.messages:>11}{venue.gaps:>7}"
                  f"{venue.crc_mismatches:>7}")
        is_proven = n_live > 0 and n_unproven == 0 and self.foreign == 0
        print(f"{'proven' if is_proven else 'NOT proven'}: {n_live} books LIVE, "
              f"{self.foreign} not ours", flush=True)
        return is_proven


class Topic:
    """All partitions, those that are added too: each is read from a little before its end."""

    def __init__(self, brokers):
        self.consumer = Consumer({"bootstrap.servers": brokers, "fetch.wait.max.ms": 5,
                                  "group.id": "reader", "enable.auto.commit": False})
        self.began = {}  # partition -> the first offset that was read
        self.ends = {}  # partition -> its end when we came
        self.looked_s = 0

    def find_partitions(self):
        if time.monotonic() - self.looked_s < LOOK_FOR_PARTITIONS_S:
            return
        try:
            for partition in self.consumer.list_topics(TOPIC, timeout=1).topics[TOPIC].partitions:
                if partition not in self.ends:
                    self.begin(partition)
        except KafkaException as error:  # what was heard loses its force by itself
            print(error, file=sys.stderr)
        self.looked_s = time.monotonic()

    def begin(self, partition):
        low, end = self.consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=1)
        self.began[partition], self.ends[partition] = max(low, end - BEFORE_END), end
        self.consumer.incremental_assign([TopicPartition(TOPIC, partition, self.began[partition])])

    def read(self, reader):
        """Hands over what has come, for a tenth of a second at most."""
        self.find_partitions()
        rewound = set()
        for message in self.consumer.consume(1000, 0.1):
            partition, offset = message.partition(), message.offset()
            if message.error():
                print(message.error(), file=sys.stderr)
            elif partition not in rewound:
                back_to = reader.feed(message.value(), partition, offset < self.ends[partition],
                                      time.monotonic_ns())
                if back_to is not None and back_to < self.began[partition]:
                    self.began[partition] = back_to
                    rewound.add(partition)
                    reader.rewind(partition)
                    self.consumer.seek(TopicPartition(TOPIC, partition, back_to))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True, help="HOST:PORT,...")
    parser.add_argument("--duration", type=lambda text: float(text.removesuffix("s")),
                        help="such as 5s; without it, a table each second")
    options = parser.parse_args()
    reader, topic = Reader(), Topic(options.brokers)
    due_s = time.monotonic() + (options.duration or 1)
    is_proven = None
    try:
        while is_proven is None or options.duration is None:
            topic.read(reader)
            if time.monotonic() >= due_s:
                is_proven = reader.report(time.monotonic_ns())
                due_s += 1
    except KeyboardInterrupt:
        pass
    sys.exit(0 if is_proven else 1)


if __name__ == "__main__":
    main()

"""A consumer of the topics that believes nothing: it rebuilds every book from the messages and
checks all that they promise.

Per book: one session, sequence numbers that rise, `prev` naming the message before, deltas only
while LIVE, the checksum of every snapshot and delta recomputed from the decimal strings, and no
crossed book that calls itself LIVE.
"""

import json
import math
import struct
import threading
import time
import zlib
from fractions import Fraction

from lease import FIRST_NS, Lease, now_ns

TOP = 10  # levels a side that the checksum covers
SHOWN_MAX = 20  # violations kept in full
MISS_REASONS = ("fees", "below", "hysteresis", "minimum", "cap", "proof", "age", "status", "suspect", "limit", "transfer")


def scaled(text, scale):
    """The decimal string in units of 10^-scale, exactly."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > scale:
        raise ValueError(f"{text} has more than {scale} digits")
    return int(whole + fraction.ljust(scale, "0"))


class Book:
    """One instrument at one venue, as the messages so far say it is."""

    def __init__(self):
        self.session = None
        self.seq = 0
        self.state = "EMPTY"
        self.sides = ({}, {})  # bids, asks: price -> quantity
        self.scale = None  # of both; one for all venues of the instrument
        self.venue_ns = 0
        self.states = []  # every change: (state, reason, recv_ns)
        self.heard_ns = []  # when each of them arrived here
        self.history = []  # (venue_ns, best bids, best asks) after each message, when kept
        self.received_ns = []  # and when the host received it
        self.n_messages = 0
        self.conflated = 0  # messages that others replaced
        self.last_kind = None

    def top(self):
        """The best levels of both sides, best first."""
        bids, asks = self.sides
        return (sorted(bids.items(), reverse=True)[:TOP], sorted(asks.items())[:TOP])

    def set_levels(self, message):
        self.scale = message["scale"]
        for side, name in zip(self.sides, ("bids", "asks")):
            for px, qty in message[name]:
                price, quantity = scaled(px, self.scale[0]), scaled(qty, self.scale[1])
                if quantity == 0:
                    side.pop(price, None)
                else:
                    side[price] = quantity


def checksum(top):
    data = b"".join(struct.pack("<qq", px, qty) for side in top for px, qty in reversed(side))
    return zlib.crc32(data)


class Bus:
    """All books and opportunities; fed by the threads that read the topics."""

    def __init__(self, keeps_history=False, hears_alive=True):
        self.hears_alive = hears_alive  # False: it is given the messages of books alone
        self.lock = threading.Lock()
        self.keeps_history = keeps_history
        self.books = {}  # (venue, symbol) -> Book
        self.partitions = {}  # (venue, symbol) -> partition
        self.leases = {}  # (venue, partition) -> Lease
        self.alive = set()  # (session, venue, partition) that was said to be alive
        self.unheralded = {}  # like `alive`, before it was -> when the first word was published
        self.first_sessions = {}  # (venue, partition) -> the first that was there
        self.headless = {}  # (session, venue, symbol) without its first messages -> since when
        self.states_by_seq = {}  # (venue, symbol, session, seq) -> state after that message
        self.opportunities = []
        self.survivals = []  # what was left of them later
        self.matrices = []
        self.misses = []  # why there was none
        self.kinds = {"opportunity": self.opportunities, "survival": self.survivals, "miss": self.misses}
        self.n_words_of_strategies = 0
        self.n_bytes = 0  # of messages about books
        self.live_heard = {}  # venue -> when a message of it said LIVE last, monotonic
        self.journal = None  # a list: (venue, symbol, state, recv_ns) of each message;
        # a state that nobody trades on is LIVE no more, but SUSPECT, or halted
        self.violations = []
        self.n_violations = 0

    def on_market_data(self, key, value, partition=0):
        message = json.loads(value)
        self.n_bytes += len(value)
        if "strategy" in message:
            self.n_words_of_strategies += 1  # it says that it runs: of no venue
            return
        with self.lock:
            place = message["venue"], partition
            counts = self.leases.setdefault(place, Lease()).take(message, now_ns())
            if message["type"] == "alive":
                self.on_alive(key, message, place)
                return
            self.require(counts, "a host that does not count says nothing", message)
            if self.is_overtaken(message, partition):
                return
            if self.hears_alive and (message["session"],) + place not in self.alive:
                self.hear_unheralded(message, place)
            book = self.books.setdefault((message["venue"], message["symbol"]), Book())
            if self.is_headless(book, message, place):
                return
            self.check_envelope(book, key, message, partition,
                                self.partitions.get((message["venue"], message["symbol"])))
            self.partitions[message["venue"], message["symbol"]] = partition
            self.apply(book, message)

    def hear_unheralded(self, message, place):
        """Of a new topic the brokers may lose the first alive message; the next one is soon there."""
        first_ns = self.unheralded.setdefault((message["session"],) + place, message["pub_ns"])
        self.require(message["pub_ns"] - first_ns < FIRST_NS,
                     "a session says soon that it is alive", message)

    def is_headless(self, book, message, place):
        """The brokers may lose the first messages about a book too; then it soon comes whole."""
        name = message["session"], message["venue"], message["symbol"]
        is_new = self.first_sessions.setdefault(place, message["session"]) == message["session"]
        if is_new and book.session != message["session"] and message["prev"] != 0:
            self.headless.setdefault(name, message["pub_ns"])
        if name not in self.headless:
            return False
        self.require(message["pub_ns"] - self.headless[name] < FIRST_NS,
                     "a book whose first messages were lost soon comes whole", message)
        if message["type"] != "snapshot":
            return True
        del self.headless[name]
        book.session, book.seq, book.state = message["session"], message["prev"], "EMPTY"
        return False

    def is_overtaken(self, message, partition):
        """The book has moved, and its first message in the other partition was read before."""
        place = message["venue"], message["symbol"]
        book = self.books.get(place)
        return (book is not None and partition != self.partitions.get(place, partition)
                and book.session == message["session"] and message["seq"] <= book.seq)

    def on_alive(self, key, message, place):
        self.require(key == message["venue"], "the key of an alive is the venue", message)
        self.alive.add((message["session"],) + place)

    def is_live(self, venue, symbol, now=None):
        """As a consumer has to see it: the host says so, and is alive."""
        with self.lock:
            book = self.books[venue, symbol]
            lease = self.leases[venue, self.partitions[venue, symbol]]
            return book.state == "LIVE" and lease.holds(book.session,
                                                        now_ns() if now is None else now)

    def on_opportunity(self, key, value, _partition=0):
        message = json.loads(value)
        with self.lock:
            if message["type"] == "matrix":
                self.require(key == "matrix", "the key of a matrix says so", message)
                self.matrices.append(message)
                return
            self.require(key == message["symbol"], "the key is the symbol", message)
            if message["type"] == "miss":
                self.check_miss(message)
            self.kinds[message["type"]].append(message)

    def check_miss(self, message):
        """Before fees it pays to buy and sell at the prices that it names."""
        legs = message["legs"]
        worth = Fraction(1)
        for leg in legs:
            worth *= 1 / Fraction(leg["px"]) if leg["side"] == "buy" else Fraction(leg["px"])
        gross_bps = Fraction(math.floor((worth - 1) * 1_000_000), 100)
        self.require(worth > 1 and Fraction(message["gross_bps"]) == gross_bps,
                     f"what is missed would pay {gross_bps} before fees", message)
        self.require(message["count"] > 0 and message["reason"] in MISS_REASONS,
                     "a miss has a count and a reason", message)

    def require(self, condition, rule, message):
        if condition:
            return
        self.n_violations += 1
        if len(self.violations) < SHOWN_MAX:
            self.violations.append(f"{rule}: {json.dumps(message)[:300]}")

    def check_envelope(self, book, key, message, partition, before):
        self.require(message["v"] == 1, "the version is 1", message)
        self.require(key == message["symbol"], "the key is the symbol", message)
        if book.session != message["session"]:
            book.session, book.seq, book.state = message["session"], 0, "EMPTY"
        self.require(message["seq"] > book.seq, "the sequence rises", message)
        has_moved = before not in (None, partition) and message["type"] == "snapshot"
        self.require(has_moved or message["prev"] == book.seq, f"prev is {book.seq}", message)

    def apply(self, book, message):
        kind, state = message["type"], message["state"]
        if kind == "status":
            self.require(state != "LIVE" or book.state == "LIVE", "no status makes a book LIVE",
                         message)
        else:
            self.apply_levels(book, message)
        if state != book.state:
            book.states.append((state, message.get("reason", ""), message["recv_ns"]))
            book.heard_ns.append(time.time_ns())
        book.seq, book.state, book.last_kind = message["seq"], state, kind
        book.venue_ns = message["venue_ns"]
        book.n_messages += 1
        book.conflated += message.get("conflated", 0)
        if state == "LIVE":
            self.live_heard[message["venue"]] = time.monotonic()
            if message["verified"] == "suspect":
                state = "SUSPECT"  # nothing may rest on it
        self.states_by_seq[message["venue"], message["symbol"], book.session, book.seq] = state
        if self.journal is not None:
            if state == "LIVE" and message["trading"] != "open":
                state = message["trading"]
            self.journal.append((message["venue"], message["symbol"], state, message["recv_ns"]))

    def apply_levels(self, book, message):
        self.require(message["state"] == "LIVE", "levels only of a LIVE book", message)
        if message["type"] == "snapshot":
            book.sides[0].clear()
            book.sides[1].clear()
        else:
            self.require(book.state == "LIVE", "a delta only while LIVE", message)
        book.set_levels(message)
        top = book.top()
        self.require(checksum(top) == message["crc"], "the checksum matches", message)
        self.require(not (top[0] and top[1]) or top[0][0][0] < top[1][0][0],
                     "a LIVE book is not crossed", message)
        if self.keeps_history:
            book.history.append((message["venue_ns"], top))
            book.received_ns.append(message["recv_ns"])

    def count_in(self, state, venue=None):
        with self.lock:
            return sum(book.state == state for (name, _), book in self.books.items()
                       if venue is None or name == venue)

    def snapshot_of(self, function):
        """Calls the function while no message comes in."""
        with self.lock:
            return function()

    def dead_legs(self):
        """Opportunities, closing ones aside, that rest on a book that was not LIVE."""
        return [message for message in self.opportunities if message["event"] != "close"
                and not all(self.is_live_leg(leg) for leg in message["legs"])]

    def is_live_leg(self, leg):
        state = self.states_by_seq.get((leg["venue"], leg["symbol"], leg["session"], leg["seq"]))
        return state == "LIVE"


def attach(stage, brokers, keeps_history=False):
    """Reads both topics of a broker into a new Bus."""
    bus = Bus(keeps_history)
    bus.topics = (stage.read_topic(brokers, "market-data", bus.on_market_data),
                  stage.read_topic(brokers, "arbitrage-opportunities", bus.on_opportunity))
    return bus


def expect_sound(stage, bus):
    """Notes every broken promise as a miss."""
    stage.expect(bus.n_violations == 0, f"{bus.n_violations} violations: " +
                 "; ".join(bus.violations))
    dead = bus.dead_legs()
    stage.expect(not dead, f"{len(dead)} opportunities with a leg that is not LIVE: {dead[:1]}")
    stage.figure("messages", sum(book.n_messages for book in bus.books.values()))

"""Faults below the frames: TLS, slow and torn connections, fragments, compression nobody agreed upon.

For each fault a simulator and a host of their own; all run at the same time, and both venues of each
simulator have the fault at the same moment. A fault that damages a connection takes its books from
LIVE to STALE at once, the host's log says why in words, and they come back by themselves. One that
only makes the transport slow, or uses it in an unusual way, changes nothing. Whatever happens, a
book that the bus calls LIVE is the venue's.

Prints how long after the fault the bus said so, and how long after it the books were LIVE again, in
ms; more samples with --repeat.
"""

import datetime
import json
import re
import signal
import time
from collections import defaultdict

import bus as messages
import pipeline
import truth

VENUES = ("kraken", "bitstamp")
SYMBOLS = 2
BOOKS = len(VENUES) * SYMBOLS
FAULT_AT_S = 4  # after the simulator's start, twice that where all is slow; LIVE by then
STALE_WITHIN_MS = 500
LIVE_WITHIN_S = 10
WATCHED_S = 4  # after the fault: longer than any of them lasts
BOOKS_EVERY_S = 0.5
SETTLED_NS = 1_000_000_000  # books are compared when their state did not change that close by
COMPARED_NS = 4 * SETTLED_NS  # books are LIVE for that long at the end: several are compared

# What the host says of each fault; None: nothing, because its books stay LIVE.
PLAYS = {
    "tls_refused": r"cannot reach \S+: (.*: )?TLS handshake failed: .*handshake failure",
    "tls_expired": r"cannot reach \S+: (.*: )?TLS certificate verification failed: "
                   r"certificate has expired",
    "tls_stranger": r"cannot reach \S+: (.*: )?TLS certificate verification failed: hostname mismatch",
    "slow_reader": None,
    "trickle": None,
    "fragments": None,
    "compressed": r"lost \S+: a compressed message, although compression was not agreed upon",
    "torn": r"lost \S+: the connection ended within a message",
}


def timestamp_ns(line):
    """The time at the head of a line of the log."""
    at = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
    return int(at.timestamp() * 1e6) * 1000


class Play:
    """One fault, the simulator and the host that have it, and what the bus says of it."""

    def __init__(self, stage, fault, name):
        self.stage, self.fault, self.said = stage, fault, PLAYS[fault]
        self.truth_file = name + ".jsonl"
        at_s = FAULT_AT_S if stage.slow == 1 else 2 * FAULT_AT_S
        faults = ",".join(f"{venue}:{fault}@{at_s}s" for venue in VENUES)
        self.sim = stage.simulator("--instruments", str(SYMBOLS), "--rate", "5",
                                   "--divergence-every", "0", "--truth", self.truth_file,
                                   "--faults", faults, name=name + "-sim")
        # That nothing comes for some seconds is what some of these faults are.
        patient = pipeline.changed(stage.read(name + "-sim.ini"),
                                   (r"^\[exchange:\w+\]$", "\\g<0>\nmax_lag = 60s"))
        self.host = stage.host(stage.write(name + "-host.ini", patient), name=name)
        self.bus = messages.attach(stage, stage.embedded_brokers(self.host), keeps_history=True)

    def fault_ns(self, venue):
        return timestamp_ns(self.sim.wait_for(rf".*venue={venue} msg=\"fault: ",
                                              self.stage.limit(FAULT_AT_S + 2)).group(0))

    def is_over(self):
        """The fault was long enough ago, and the books are LIVE, long enough to compare some."""
        now_ns = time.time_ns()
        ago_ns = now_ns - max(self.fault_ns(venue) for venue in VENUES)
        if ago_ns <= WATCHED_S * 1e9 or self.bus.count_in("LIVE") != BOOKS:
            return False
        with self.bus.lock:
            changed_ns = max(book.states[-1][2] for book in self.bus.books.values())
        return now_ns - changed_ns > COMPARED_NS

    def expect_words(self):
        for venue in VENUES if self.said else ():
            self.stage.expect(self.host.lines(rf"level=warn venue={venue} msg=\"{self.said}"),
                              f"{self.fault}: the log says {self.said}")

    def compare_books(self):
        """The bus must have had what the venue had, whenever it said LIVE for a while."""
        written = [json.loads(line) for line in self.stage.read(self.truth_file).splitlines()]
        books = [entry for entry in written if entry["kind"] == "book"]
        # The last ones were written at the simulator's end, when nobody listened any more.
        n = sum(truth.compare_book(self.stage, self.bus, book) for book in books[:-BOOKS]
                if self.is_settled(book))
        self.stage.expect(n >= BOOKS, f"{self.fault}: only {n} books compared")

    def is_settled(self, written):
        book, at_ns = self.bus.books[written["venue"], written["symbol"]], written["published_ns"]
        before = [state for state, _, ns in book.states if ns < at_ns]
        changes = [ns for _, _, ns in book.states if abs(ns - at_ns) < SETTLED_NS]
        return before and before[-1] == "LIVE" and not changes

    def reactions(self, venue):
        """For each book of the venue: ms until STALE and until LIVE again; None when it was LIVE
        all the time."""
        fault_ns = self.fault_ns(venue)
        for (name, _), book in self.bus.books.items():
            if name == venue:
                changes = [(state, (ns - fault_ns) / 1e6)
                           for (state, _, _), ns in zip(book.states, book.heard_ns)]
                before = [state for state, ms in changes if ms < 0]
                after = [change for change in changes if change[1] >= 0]
                self.stage.expect(before[-1:] == ["LIVE"], f"{self.fault}: LIVE before the fault")
                yield self.reaction(after) if after else None

    @staticmethod
    def reaction(changes):
        stale = [ms for state, ms in changes if state == "STALE"]
        live = [ms for state, ms in changes if state == "LIVE"]
        return stale[0], live[-1]

    def expect_reactions(self, venue, reactions):
        """Hit or not, as the fault is; and in time."""
        is_hit = [reaction is not None for reaction in reactions]
        self.stage.expect(all(is_hit) if self.said else not any(is_hit),
                          f"{venue} {self.fault}: {reactions}")
        for stale_ms, live_ms in filter(None, reactions):
            self.stage.expect(stale_ms <= self.stage.limit(STALE_WITHIN_MS) and
                              live_ms <= self.stage.limit(LIVE_WITHIN_S) * 1000,
                              f"{venue} {self.fault}: STALE after {stale_ms:.0f} ms, "
                              f"LIVE after {live_ms:.0f} ms")


def watch(stage, plays):
    """Has the books written down again and again until every fault is over."""
    deadline = (time.monotonic() + stage.limit(FAULT_AT_S + WATCHED_S + LIVE_WITHIN_S) +
                COMPARED_NS / 1e9)
    while not all([play.is_over() for play in plays]):
        if time.monotonic() > deadline:
            raise pipeline.Miss("books are not LIVE again: " +
                                ", ".join(play.fault for play in plays if not play.is_over()))
        time.sleep(BOOKS_EVERY_S)
        for play in plays:
            play.sim.send(signal.SIGUSR1)
    time.sleep(stage.limit(0.5))  # what is under way arrives


def perform(stage, number, samples):
    plays = [Play(stage, fault, f"{fault}-{number}") for fault in PLAYS]
    watch(stage, plays)
    for play in plays:
        for venue in VENUES:
            reactions = list(play.reactions(venue))
            play.expect_reactions(venue, reactions)
            samples[play.fault, venue] += reactions
        play.expect_words()
        stage.expect(play.host.stop() == 0, f"{play.fault}: the host ends with 0")
        stage.expect(play.sim.stop() == 0, f"{play.fault}: the simulator ends with 0")
        play.compare_books()
        expect_sound(stage, play)


def expect_sound(stage, play):
    with play.bus.lock:
        stage.expect(play.bus.n_violations == 0, f"{play.fault}: {play.bus.violations}")


def spread(values):
    """Median and highest."""
    values = sorted(values)
    return f"{values[len(values) // 2]:.1f} | {values[-1]:.1f}" if values else "|"


def print_table(samples):
    print("| fault | venue | books hit | of these left LIVE | after ms, p50 | max | "
          "LIVE again after ms, p50 | max |\n|---|---|---|---|---|---|---|---|")
    for (label, venue), reactions in samples.items():
        left = list(filter(None, reactions))
        print(f"| {label} | {venue} | {len(reactions)} | {len(left)} | "
              f"{spread([stale for stale, _ in left])} | {spread([live for _, live in left])} |",
              flush=True)


def suite(stage):
    samples = defaultdict(list)
    for number in range(stage.options.repeat):
        perform(stage, number, samples)
    print_table(samples)


if __name__ == "__main__":
    pipeline.main(suite, repeat=1)

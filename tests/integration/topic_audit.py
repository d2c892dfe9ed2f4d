"""Reads a whole market-data topic and says whether the sequence of every book is sound.

A sequence is whole while each message names the one before it. A hole, such as a delivery that
failed leaves behind, has to be followed by a snapshot, or by a status that says that the book is
not LIVE: that heals it, and until then no consumer may call the book LIVE.
"""

import re
import subprocess
from collections import Counter

MESSAGE = re.compile(rb'"type":"(\w+)","venue":"([^"]+)","symbol":"([^"]+)","session":"(\w+)",'
                     rb'"seq":(\d+),"prev":(\d+),"state":"(\w+)"')
ALIVE = b'{"v":1,"type":"alive"'
CONFLATED = re.compile(rb'"conflated":(\d+)')


def read(kcat, brokers, topic):
    """(key, value) of every message of a book."""
    argv = [kcat, "-C", "-q", "-e", "-u", "-b", brokers, "-t", topic, "-o", "beginning",
            "-f", "%k\\t%s\\n"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            key, _, value = line.rstrip(b"\n").partition(b"\t")
            if ALIVE not in value[:len(ALIVE)]:
                yield key.decode(), value


class Link:
    """What a message says of the sequence it is in."""

    def __init__(self, value):
        match = MESSAGE.search(value)
        self.kind, venue, symbol, self.session = (match.group(i).decode() for i in range(1, 5))
        self.seq, self.prev = int(match.group(5)), int(match.group(6))
        self.is_live = match.group(7) == b"LIVE"
        self.book = venue, symbol
        found = CONFLATED.search(value)
        self.conflated = int(found.group(1)) if found else 0

    def heals(self):
        return self.kind == "snapshot" or not self.is_live


class Chain:
    """The sequence of one book so far."""

    def __init__(self):
        self.session, self.seq = "", 0
        self.is_whole = True


class Audit:
    """All books of a topic, in numbers; `live` are the messages that leave a copy LIVE."""

    def __init__(self):
        self.chains = {}
        self.counts = Counter(messages=0, live=0, snapshots=0, duplicates=0, holes=0, unaccounted=0,
                              not_healed_yet=0, conflated=0)

    def take(self, link):
        chain = self.chains.setdefault(link.book, Chain())
        self.counts["messages"] += 1
        self.counts["snapshots"] += link.kind == "snapshot"
        self.counts["conflated"] += link.conflated
        if link.session > chain.session:
            chain.session, chain.seq = link.session, 0
        if link.session < chain.session or link.seq <= chain.seq:
            self.counts["duplicates"] += 1
            return
        # Every number has its message, or sooner or later one that stands for it.
        self.counts["unaccounted"] += link.seq - chain.seq - 1 - link.conflated
        self.counts["holes"] += link.prev != chain.seq
        chain.is_whole = link.heals() or (chain.is_whole and link.prev == chain.seq)
        self.counts["live"] += link.is_live and chain.is_whole
        self.counts["not_healed_yet"] += not chain.is_whole
        chain.seq = link.seq

    def broken(self):
        """The books that end with a hole that nothing healed."""
        return [book for book, chain in self.chains.items() if not chain.is_whole]

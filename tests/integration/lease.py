"""When is a copy of a book LIVE? The rule of the market-data topic in a page of Python.

A host says once a second, in every partition that it uses for a venue, that its session is alive.
What it said counts for three seconds, from when it said so. When that was, its monotonic clock
tells: the smallest difference to ours that was seen is the fastest way, and a message that took
longer than that counts for so much less.
"""

import time

LEASE_NS = 3_000_000_000
FIRST_NS = 1_500_000_000


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Lease:
    """Of one venue in one partition."""

    def __init__(self):
        self.begin("")

    def take(self, message, now, is_history=False):
        """Looks at any message of the venue; false: it is of a host that does not count."""
        if message["session"] > self.session:
            self.begin(message["session"])
        elif message["session"] < self.session:
            if now < self.until or is_history or message.get("ends"):
                return False
            self.begin(message["session"])
        if is_history:
            self.until, self.is_past = 0, True
        elif message["type"] == "alive":
            self.renew(message, now)
        elif self.is_past:  # a sign of life, until the next word must have come
            self.until, self.is_past = now + FIRST_NS, False
        return True

    def begin(self, session):
        self.session, self.until, self.fastest, self.is_past = session, 0, None, True

    def renew(self, message, now):
        self.is_past = False
        if message["ends"]:
            self.until = 0
        else:
            way = now - message["mono_ns"]
            self.fastest = way if self.fastest is None else min(self.fastest, way)
            self.until = now - (way - self.fastest) + LEASE_NS

    def holds(self, session, now):
        return session == self.session and now < self.until

"""When is a copy of a book LIVE? The rule of the market-data topic in a page of Python.

A host says once a second, in every partition that it uses for a venue, that its session is alive.
What it said counts for three seconds, from when it said so. When that was, its monotonic clock
tells: the smallest difference to ours that was seen is the fastest way, and a message that took
longer than that counts for so much less. That clock counts from the start of a machine, which `boot`
names: a new session on the same machine is measured by the clock that is known already.
"""

import time

LEASE_NS = 3_000_000_000
FIRST_NS = 1_500_000_000


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Lease:
    """Of one venue in one partition."""

    def __init__(self):
        self.fastest, self.boot = None, None
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
        elif self.is_past:  # the last word still counts; before the first one a sign of life does
            self.until = now + FIRST_NS if self.fastest is None else self.word
            self.is_past = False
        return True

    def begin(self, session):
        self.session, self.until, self.word, self.is_past = session, 0, 0, True
        self.has_clock, self.must_keep_pace, self.last = False, False, None

    def renew(self, message, now):
        self.is_past = False
        if not self.has_clock:
            self.meet_clock(message.get("boot"))
        if self.must_keep_pace:
            self.look_at_pace(message["mono_ns"], now)
        way = now - message["mono_ns"]
        self.fastest = way if self.fastest is None else min(self.fastest, way)
        self.word = now - (way - self.fastest) + LEASE_NS
        if self.must_keep_pace or message["ends"]:
            self.word = 0
        self.until = self.word

    def meet_clock(self, boot):
        """A session whose clock is not that of the one before might be one that was held up."""
        if self.fastest is not None and (boot is None or boot != self.boot):
            self.fastest, self.must_keep_pace = None, True
        self.boot, self.has_clock = boot, True

    def look_at_pace(self, said, now):
        """What was held up comes all at once: sooner one after the other than it was said."""
        if self.last is not None:
            self.must_keep_pace = now - self.last[1] < (said - self.last[0]) / 2
        self.last = said, now

    def holds(self, session, now):
        return session == self.session and now < self.until

"""Two hosts that publish the same venues, on one topic.

The younger one stops before it has published anything, with a line that names the older one, and
nobody who follows that one notices. With `standby = yes` it waits instead, with all books ready, and takes over
when the older one is killed: by the rule of the topic no book is LIVE for longer than three seconds after that,
and all of them are again soon.
"""

import re
import signal
import time

import bus as messages
import pipeline
from lease import LEASE_NS

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
STOPS_WITHIN_S = 5
TAKEN_OVER_WITHIN_S = 6  # three until the first is no longer alive, and one until the next word


def live_books(bus):
    return [name for name in list(bus.books) if bus.is_live(*name)]


def all_live(bus):
    return len(live_books(bus)) == BOOKS


def younger_stops(stage, bus, config):
    states = {name: len(book.states) for name, book in bus.books.items()}
    sessions = {book.session for book in bus.books.values()}
    began = time.monotonic()
    second = stage.host(config, name="second")
    status = second.wait(stage.limit(STOPS_WITHIN_S) + 5)
    stage.figure("younger_stops.seconds", f"{time.monotonic() - began:.1f}")
    stage.expect(status == 1, f"the younger host ends with 1: {status}")
    lines = second.lines(r"this host \(session \w+\) stops: \S+ \(session \w+\) publishes (kraken|bitstamp)")
    stage.expect(len(lines) == 1, f"one line names both: {lines}")
    time.sleep(1)  # for what it might have published
    stage.expect(all_live(bus), f"all books of the first are LIVE: {live_books(bus)}")
    stage.expect({book.session for book in bus.books.values()} == sessions, "nobody else was heard")
    stage.expect({name: len(book.states) for name, book in bus.books.items()} == states,
                 "no book of the first changed its state")
    strategies = bus.snapshot_of(lambda: {one["session"] for one in bus.opportunities})
    stage.expect(len(strategies) <= 1, f"its strategy was silent, too: {strategies}")


def one_takes_over(stage, bus, first, config):
    standby = stage.host(config, name="standby")
    standby.wait_for("standing by for kraken", stage.limit(10))
    standby.wait_for("standing by for bitstamp", stage.limit(10))
    stage.wait_until_live(standby, stage.limit(10), kraken=SYMBOLS, bitstamp=SYMBOLS)
    before = {book.session for book in bus.books.values()}
    first.send(signal.SIGKILL)
    killed = time.monotonic()
    pipeline.poll(lambda: not live_books(bus), stage.limit(5), "no book is LIVE")
    lapsed = time.monotonic() - killed
    stage.figure("standby.last_live_s", f"{lapsed:.2f}")
    stage.expect(lapsed < LEASE_NS / 1e9 + 0.5 * stage.slow, f"no book is LIVE after {lapsed:.2f} s")
    pipeline.poll(lambda: all_live(bus), stage.limit(TAKEN_OVER_WITHIN_S), "all books LIVE again")
    gap = time.monotonic() - killed
    stage.figure("standby.all_live_s", f"{gap:.2f}")
    stage.expect(gap < stage.limit(TAKEN_OVER_WITHIN_S), f"taken over after {gap:.2f} s")
    after = {book.session for book in bus.books.values()}
    stage.expect(len(after) == 1 and after.isdisjoint(before), "all books are of the other session")
    stage.expect(len(standby.lines("publishing (kraken|bitstamp) from now on")) == 2,
                 "one line for each venue")
    return standby


def suite(stage):
    stage.simulator()
    brokers = stage.broker()
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    config = stage.write("host.ini", text)
    first = stage.host(config, name="first")
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: len(bus.books) == BOOKS and all_live(bus), stage.limit(20),
                  "all books LIVE")
    younger_stops(stage, bus, config)
    waiting = stage.write("standby.ini", re.sub(r"^\[host\]$", "[host]\nstandby = yes", text,
                                                flags=re.MULTILINE))
    standby = one_takes_over(stage, bus, first, waiting)
    stage.expect(standby.stop() == 0, "it ends with 0")
    pipeline.poll(lambda: not live_books(bus), stage.limit(2), "its last word is that it ends")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)

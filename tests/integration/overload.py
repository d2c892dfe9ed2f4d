"""A machine that is too slow for 1,000 busy books keeps as many as it can, and no connection is lost.

The host gets a tenth of a core: it is stopped for 18 ms of every 20 ms. Within a minute there is a
set of LIVE books that stays the same, one line says so, every other book is UNUSABLE and says why;
and after that nothing is disconnected, and nothing that is LIVE leaves it.
"""

import os
import re
import signal
import threading
import time

import bus as messages
import pipeline

N = 1000
STABLE_WITHIN_S = 60
SLICE_S = 0.020
PART = 0.1  # of each slice that the host runs
TOO_SLOW = r"level=warn .*this machine is too slow for (\d+) books: it keeps (\d+), and (\d+) are UNUSABLE"
LOST = r"lost .*next attempt"
TRIAL_S = 50  # more books are tried after a minute
CHANGES_MAX = 20
REASON = f"shed: this machine is too slow for {N} books"


class Brake:
    """Lets a process run for a part of each slice of time only."""

    def __init__(self, pid, part):
        self.pid, self.part = pid, part
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ends.is_set():
                os.kill(self.pid, signal.SIGSTOP)
                time.sleep(SLICE_S * (1 - self.part))
                os.kill(self.pid, signal.SIGCONT)
                time.sleep(SLICE_S * self.part)
        except ProcessLookupError:
            pass

    def release(self):
        self.ends.set()
        self.thread.join()


def configure(stage):
    text = stage.read("sim.ini")
    symbols = ", ".join(re.findall(r"[A-Z0-9]+/USD", text))
    return pipeline.changed(text, (r"^symbols = .*(\n    .*)*$", f"symbols = {symbols}"))


def states(bus):
    """The last state of every book, and its reason."""
    return bus.snapshot_of(lambda: {name: (book.states[-1][0], book.states[-1][1])
                                    for name, book in bus.books.items() if book.states})


def live(bus):
    return {name for name, (state, _) in states(bus).items() if state == "LIVE"}


def expect_stable_set(stage, host, bus, started):
    pipeline.poll(lambda: host.lines(TOO_SLOW), stage.limit(STABLE_WITHIN_S),
                  "the stable set is stated")
    stage.figure("stable_s", f"{time.monotonic() - started:.1f}")
    n, kept, given_up = map(int, re.search(TOO_SLOW, host.lines(TOO_SLOW)[0]).groups())
    stage.figure("kept", str(kept))
    stage.expect(n == N and kept + given_up == N and 0 < kept < N, "it says how many it keeps")
    pipeline.poll(lambda: len(live(bus)) == kept, stage.limit(10), f"{kept} books are LIVE")
    return kept


def expect_reasons(stage, bus, kept):
    unusable = {why for state, why in states(bus).values() if state == "UNUSABLE"}
    stage.expect(unusable == {REASON}, f"each of the others says why: {unusable}")
    n = sum(state == "UNUSABLE" for state, _ in states(bus).values())
    stage.expect(n == N - kept, f"{n} are UNUSABLE")


def n_changes(bus, books):
    return bus.snapshot_of(lambda: sum(len(bus.books[name].states) for name in books))


def expect_peace(stage, host, bus, seconds):
    before, lost = live(bus), len(host.lines(LOST))
    changes = n_changes(bus, before)
    time.sleep(seconds)
    stage.expect(len(host.lines(LOST)) == lost, "no connection is lost")
    if seconds < TRIAL_S:
        stage.expect(live(bus) == before, "the same books are LIVE")
        stage.expect(n_changes(bus, before) == changes, "and were all the time")
    # What a trial costs is over when it ends.
    pipeline.poll(lambda: before <= live(bus), stage.limit(30), "those that were LIVE are")
    stage.figure("changes_of_kept_books", str(n_changes(bus, before) - changes))
    tries = len(host.lines(r"tries w"))
    stage.figure("tries", str(tries))
    stage.expect(tries <= CHANGES_MAX, f"it settles, in {tries} changes")


def suite(stage):
    options = stage.options
    stage.simulator("--venue", options.venue, "--instruments", str(N + 1), "--rate",
                    str(options.rate), "--divergence-every", "0")
    brokers = stage.broker()
    host = stage.host(stage.write("host.ini", pipeline.use_brokers(configure(stage), brokers)))
    bus = messages.attach(stage, brokers)
    brake = Brake(host.process.pid, PART)
    started = time.monotonic()
    try:
        kept = expect_stable_set(stage, host, bus, started)
        expect_reasons(stage, bus, kept)
        expect_peace(stage, host, bus, options.seconds)
    finally:
        brake.release()
    stage.expect(not host.lines(LOST), "no connection was ever lost")
    host.wait_for(r"worst_host_lag_ms=\d+", stage.limit(70))  # once a minute, while it runs
    stage.expect(host.stop() == 0, "the host ends with 0")
    stage.expect(bool(host.lines(r"worst_host_lag_ms=\d+ skipped=\d+ shed=\d+")),
                 "it is in the statistics")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, venue="kraken", rate=50.0, seconds=20.0)

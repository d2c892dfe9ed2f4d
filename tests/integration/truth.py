"""The opportunities found are those that were there.

The simulator writes down when buying at one venue and selling at the other paid after both fees,
judged by the books as PUBLISHED on the channel that the host reads: Bitstamp's order_book comes
every 79 to 150 ms, its diffs every 324 ms, and what happened in between nobody can see. Two
strategies, one behind Kafka and one behind the rings of the process, look at the same market.

  recall     of the true divergences of more than 250 ms (50 ms without Kafka in between) that fall into the measured window, the
             share with an opportunity of the same symbol and direction whose interval OPEN..CLOSE
             overlaps the true one, the latter prolonged by the delivery latency LATENCY_MS.
  precision  of the opportunities opened in the window, the share that lies within a true divergence
             of any length. This is judged without any tolerance: each leg names the venue's time
             of the book it rests on, and at the newer of the two the divergence must be open.
             (The venues' clocks are one clock here, with a resolution of 1 us.)

  survival   of what opened in the window and is said to pay still some time later, the true divergence
             is open then, or was LATENCY_MS before. And as a curve: of all that opened, the share that
             pays after each delay is not above the share whose true divergence lasts so long by more
             than SURVIVAL_ABOVE, nor below it by more than SURVIVAL_BELOW: prices that move past the
             published limits leave nothing, though they diverge elsewhere.

A true divergence must also be found exactly once, not opened anew while it lasts. Finally the best
ten levels of every book on the bus equal what the simulator had published, at several times.
"""

import bisect
import json
import signal
import time
from collections import defaultdict

import bus as messages
import pipeline

LONG_NS = {"cross_venue": 250_000_000, "direct": 50_000_000}
LATENCY_MS = 100  # in an optimised build
SURVIVAL_ABOVE, SURVIVAL_BELOW = 0.05, 0.15
BOOKS_EVERY_S = 5
SYMBOLS = 3
US = 1000


def read_truth(stage):
    """True divergences by (symbol, buy, sell) as sorted intervals, and the books written down."""
    divergences, books = defaultdict(list), []
    for line in stage.read("truth.jsonl").splitlines():
        entry = json.loads(line)
        if entry["kind"] == "divergence":
            key = entry["symbol"], entry["buy"], entry["sell"]
            divergences[key].append((entry["open_ns"] // US * US, entry["close_ns"] // US * US))
        elif entry["kind"] == "book":
            books.append(entry)
    for intervals in divergences.values():
        intervals.sort()
    return divergences, books


class Found:
    """One opportunity from its OPEN to its CLOSE."""

    def __init__(self, message):
        self.key = message["symbol"], *(leg["venue"] for leg in message["legs"])
        self.open_ns = message["detect_ns"]
        self.close_ns = None
        self.venue_ns = max(leg["venue_ns"] for leg in message["legs"])
        self.message = message


def find_opportunities(stage, bus, strategy):
    """By id, and checks on the way that each is opened once, closed once, updated in between."""
    found = {}
    for message in bus.opportunities:
        if message["strategy"] != strategy:
            continue
        identity = message["session"], message["id"]
        if message["event"] == "open":
            stage.expect(identity not in found, f"opened twice: {message}")
            found[identity] = Found(message)
            continue
        one = found.get(identity)
        if stage.expect(one is not None and one.close_ns is None, f"not open: {message}"):
            if message["event"] == "close":
                one.close_ns = message["detect_ns"]
    return list(found.values())


def holder(intervals, at_ns):
    """The index of the interval that contains the time, or None."""
    i = bisect.bisect_right(intervals, (at_ns, float("inf"))) - 1
    return i if i >= 0 and at_ns < intervals[i][1] else None


def measure_precision(stage, divergences, found):
    n_true, hits = 0, defaultdict(int)
    for one in found:
        i = holder(divergences[one.key], one.venue_ns)
        if stage.expect(i is not None, f"no divergence at {one.venue_ns}: {one.message}"):
            n_true += 1
            hits[one.key, i] += 1
    split = {hit: n for hit, n in hits.items() if n > 1}
    stage.expect(not split, f"found more than once: {split}")
    return n_true


def is_found(key, interval, found, latency_ns):
    return any(one.key == key and one.open_ns < interval[1] + latency_ns and
               (one.close_ns is None or one.close_ns > interval[0]) for one in found)


def measure_recall(stage, divergences, found, window, long_ns):
    latency_ns = int(stage.limit(LATENCY_MS) * 1e6)
    n_long = n_found = 0
    for key, intervals in divergences.items():
        for interval in intervals:
            start, end = max(interval[0], window[0]), min(interval[1], window[1])
            if end - start > long_ns:
                n_long += 1
                n_found += stage.expect(is_found(key, interval, found, latency_ns),
                                        f"not found: {key} {interval}")
    return n_long, n_found


def measure_delay(divergences, found, window):
    """Milliseconds from a divergence's start at the venue to its OPEN: median and highest."""
    delays = []
    for one in found:
        i = holder(divergences[one.key], one.venue_ns)
        if i is not None and divergences[one.key][i][0] >= window[0]:
            delays.append((one.open_ns - divergences[one.key][i][0]) / 1e6)
    delays.sort()
    return f"{delays[len(delays) // 2]:.1f} {delays[-1]:.1f}" if delays else "none"


def lasts(intervals, opened_at_ns, at_ns):
    """Is the divergence that was open at the one time open still at the other?"""
    i = holder(intervals, opened_at_ns)
    return i is not None and at_ns < intervals[i][1]


def measure_survival(stage, bus, divergences, found, strategy):
    latency_ns = int(stage.limit(LATENCY_MS) * 1e6)
    opened = {(one.message["session"], one.message["id"]): one for one in found}
    shares = defaultdict(lambda: [0, 0, 0])  # by delay: looked at, still pay, truly last
    for message in bus.survivals:
        one = opened.get((message["session"], message["id"]))
        if one is None or message["strategy"] != strategy or not message["known"]:
            continue
        at_ns, pays = message["detect_ns"], float(message["net"]) > 0
        intervals = divergences[one.key]
        stage.expect(not pays or holder(intervals, at_ns) is not None or
                     holder(intervals, at_ns - latency_ns) is not None,
                     f"no divergence, and it is said to pay still: {message}")
        if not message["latency"]:
            share = shares[float(message["delay_ms"])]
            share[0] += 1
            share[1] += pays
            share[2] += lasts(intervals, one.venue_ns, at_ns)
    for delay_ms, (n, n_paying, n_lasting) in sorted(shares.items()):
        stage.expect(-SURVIVAL_BELOW <= (n_paying - n_lasting) / n <= SURVIVAL_ABOVE,
                     f"{strategy} after {delay_ms} ms: {n_paying} of {n} pay, {n_lasting} last")
    stage.expect(len(shares) >= 6, f"{strategy}: survival after {sorted(shares)} ms only")
    stage.figure(f"{strategy}.survival", " ".join(
        f"{delay_ms:g}ms={n_paying / n:.2f}/{n_lasting / n:.2f}"
        for delay_ms, (n, n_paying, n_lasting) in sorted(shares.items())))


def compare(stage, bus, divergences, strategy, window):
    everything = find_opportunities(stage, bus, strategy)
    found = [one for one in everything if window[0] <= one.open_ns <= window[1]]
    n_true = measure_precision(stage, divergences, found)
    measure_survival(stage, bus, divergences, found, strategy)
    n_long, n_found = measure_recall(stage, divergences, everything, window, LONG_NS[strategy])
    stage.expect(n_long > 0, "no divergence was long enough: nothing was measured")
    stage.figure(f"{strategy}.recall", f"{n_found}/{n_long}")
    stage.figure(f"{strategy}.precision", f"{n_true}/{len(found)}")
    stage.figure(f"{strategy}.delay_ms.median.highest",
                 measure_delay(divergences, found, window))


def top_of(book, written):
    """The levels that the simulator wrote down, as a reader of the bus has them."""
    return tuple([(messages.scaled(px, book.scale[0]), messages.scaled(qty, book.scale[1]))
                  for px, qty in written[side]] for side in ("bids", "asks"))


def compare_book(stage, bus, written):
    """The bus must have shown exactly the book that was the published one at that time."""
    book = bus.books[written["venue"], written["symbol"]]
    times = [venue_ns for venue_ns, _ in book.history]
    i = bisect.bisect_right(times, written["published_ns"] // US * US) - 1
    if i < 0:
        return 0  # from before the host was there
    want = top_of(book, written)
    stage.expect(book.history[i][1] == want,
                 f"{written['venue']} {written['symbol']} at {written['published_ns']}: the bus "
                 f"has {book.history[i][1]}, published was {want}")
    return 1


def watch(stage, sim):
    """Lets the market run and has its books written down again and again."""
    start_ns, start = time.time_ns(), time.monotonic()
    while time.monotonic() - start < stage.options.seconds:
        time.sleep(BOOKS_EVERY_S)
        sim.send(signal.SIGUSR1)
    end_ns = time.time_ns()
    time.sleep(stage.limit(1))  # what is under way arrives
    return start_ns, end_ns


def suite(stage):
    sim = stage.simulator("--truth", "truth.jsonl", "--seed", str(stage.options.seed),
                          "--divergence-every", "2s",
                          "--bitstamp-mode", stage.options.bitstamp_mode)
    config = pipeline.changed(stage.read("sim.ini"), (
        r"^(\[exchange:\w+\])$", rf"\1\nconnections = {stage.options.connections}"))
    config += "\n[strategy:direct]\nplugin = cross_venue\nsource = direct\n"
    host = stage.host(stage.write("host.ini", config))
    bus = messages.attach(stage, stage.embedded_brokers(host), keeps_history=True)
    stage.wait_until_live(host, stage.limit(10), kraken=SYMBOLS, bitstamp=SYMBOLS)
    window = watch(stage, sim)
    stage.expect(host.stop() == 0, "the host ends with 0")
    stage.expect(sim.stop() == 0, "the simulator ends with 0")

    divergences, books = read_truth(stage)
    for strategy in ("cross_venue", "direct"):
        compare(stage, bus, divergences, strategy, window)
    # The last ones were written at the simulator's end, when nobody listened any more.
    compared = [compare_book(stage, bus, book) for book in books[:-2 * SYMBOLS]]
    stage.expect(sum(compared) >= 2 * SYMBOLS, "no book could be compared")
    stage.figure("books.compared", sum(compared))
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, seconds=60, seed=1, bitstamp_mode="order_book", connections=1)

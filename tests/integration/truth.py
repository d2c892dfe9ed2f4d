"""The opportunities found are those that were there.

The simulator's venues have ticks, lots, minimums and taker fees like the real ones (tests/sim/venue_terms.c), and it writes
down when buying at one venue and selling at the other was a DIVERGENCE: some quantity that both venues take as an order
(whole lots of both, not below the least quantity and value of either) earned something after both fees. It computes that by
itself, from the smallest such order alone (tests/sim/truth.h). What crossed otherwise is a CROSSING, and it says why it did
not pay: "fees", or "minimum". All is judged by the books as PUBLISHED on the channel that the host reads: Bitstamp's
order_book comes every 79 to 150 ms, its diffs every 324 ms, and what happened in between nobody can see. Two strategies,
one behind Kafka and one behind the rings of the process, look at the same market.

  recall     of the true divergences of more than 250 ms (50 ms without Kafka in between) that fall into the measured window, the
             share with an opportunity of the same symbol and direction whose interval OPEN..CLOSE
             overlaps the true one, the latter prolonged by the delivery latency LATENCY_MS.
  precision  of the opportunities opened in the window, the share that lies within a true divergence
             of any length. This is judged without any tolerance: each leg names the venue's time
             of the book it rests on, and at the newer of the two the divergence must be open.
             Few may rest on what was held up between venue and host (LATE_NS): such books never
             were at one time, and nothing is said of them.
             (The venues' clocks are one clock here, with a resolution of 1 us.)
  crossings  none of those in which an order did not pay is published, and the strategy counts misses for
             its fees and for its minimum.
  terms      each leg is of whole lots and ticks of both venues and not below their minimums, and its fee is
             the venue's at the volume that was traded (--volume: it is not the first step of its schedule).
  survival   of what opened in the window and is looked at some time later: where it is said to pay still, the
             true divergence is open then, or was LATENCY_MS before. Of those that last, all but the share
             MOVED are said to pay. And as a curve, of divergences that Kraken's books made,
             which are published at once: how many of n still pay is what the market's decay gives, the share
             (1 - 1 / life_ms) ^ t after t ms, within the binomial interval that CONFIDENCE of all runs keep.
             A divergence's age does not matter to the life it has left, so neither does when it was found.

A true divergence must also be found exactly once, not opened anew while it lasts. Finally the best
ten levels of every book on the bus equal what the simulator had published, at several times.
"""

import bisect
import json
import math
import re
import signal
import time
from collections import Counter, defaultdict
from decimal import Decimal

import bus as messages
import pipeline

LONG_NS = {"cross_venue": 250_000_000, "direct": 50_000_000}
LATE_NS = 25_000_000  # between a venue and the host; on a machine with time to spare it is below one
LATENCY_MS = 100  # in an optimised build
CONFIDENCE = 0.99
AT_ONCE = {"kraken"}  # venues whose books are published when they change
BOOKS_EVERY_S = 5
SYMBOLS = 20
MOVED = 0.15  # the share of those that last at prices past the published limits, where nothing is left
EVERY = "2200ms"  # on average, and never within half of it, so that one does not survive in the next
VOLUME = 60000  # Kraken and Bitstamp take 0.30 % each
US = 1000


class Truth:
    """What the simulator wrote down."""

    def __init__(self):
        self.run = {}
        self.divergences = defaultdict(list)  # (symbol, buy, sell) -> sorted intervals
        self.openers = {}  # (symbol, buy, sell), when it opened -> whose book opened it
        self.crossings = defaultdict(list)  # (symbol, buy, sell) -> sorted intervals that do not pay
        self.whys = {}  # (symbol, buy, sell), when it opened -> why not
        self.terms = {}  # (venue, symbol) -> what is taken as an order
        self.books = []

    def take(self, entry):
        kind = entry["kind"]
        if kind == "run":
            self.run = entry
        elif kind == "terms":
            self.terms[entry["venue"], entry["symbol"]] = {
                name: Decimal(entry[name]) for name in ("tick", "lot", "min_qty", "min_notional")}
        elif kind == "book":
            self.books.append(entry)
        else:
            self.take_interval(entry)

    def take_interval(self, entry):
        key = entry["symbol"], entry["buy"], entry["sell"]
        interval = entry["open_ns"] // US * US, entry["close_ns"] // US * US
        if entry["kind"] == "divergence":
            self.divergences[key].append(interval)
            self.openers[key, interval[0]] = entry["opened_by"]
        else:
            self.crossings[key].append(interval)
            self.whys[key, interval[0]] = entry["why"]


def read_truth(stage):
    true = Truth()
    for line in stage.read("truth.jsonl").splitlines():
        true.take(json.loads(line))
    for intervals in (*true.divergences.values(), *true.crossings.values()):
        intervals.sort()
    return true


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


def came_late(one):
    """What one venue said was held up on its way, so the books that were looked at never were at one time."""
    return max(leg["recv_ns"] - leg["venue_ns"] + leg.get("clock_offset_ns", 0) for leg in one.message["legs"]) > LATE_NS


def measure_precision(stage, divergences, found):
    n_true, n_late, hits = 0, 0, defaultdict(int)
    for one in found:
        i = holder(divergences[one.key], one.venue_ns)
        if i is None and came_late(one):
            n_late += 1
            continue
        if stage.expect(i is not None, f"no divergence at {one.venue_ns}: {one.message}"):
            n_true += 1
            hits[one.key, i] += 1
    stage.expect(n_late * 20 <= len(found) + 20, f"{n_late} of {len(found)} rest on what came late")
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


def measure_crossings(stage, true, found, host, strategy, samples):
    """Nothing of what crossed in vain is published; it is counted, and examples are told."""
    whys = Counter(true.whys.values())
    for one in found:
        i = holder(true.crossings[one.key], one.venue_ns)
        stage.expect(i is None, f"no order pays: {one.message}")
    line = host.lines(rf'strategy={strategy} msg="markets=')[-1]
    missed = {why: int(n) for why, n in re.findall(r" (\w+)=(\d+)", line.split(" missed:")[-1])}
    for why in ("fees", "minimum"):
        stage.expect(whys[why] > 0, f"no crossing for its {why}: nothing was measured")
        stage.expect(missed.get(why, 0) > 0, f"{strategy}: no miss is counted for its {why}: {line}")
    last = {one["reason"]: one["count"] for one in samples if one["strategy"] == strategy}
    stage.expect({"fees", "minimum"} <= set(last), f"{strategy}: examples of {sorted(last)}: {line}")
    stage.expect(all(last[why] <= missed.get(why, 0) for why in last), f"{strategy}: {last}: {line}")
    stage.figure(f"{strategy}.crossings", " ".join(
        f"{why}={n}" for why, n in sorted(whys.items())) + " counted " + " ".join(
        f"{why}={n}" for why, n in missed.items()))


def expect_terms(stage, true, one):
    """An order of each leg is one that both venues take, and costs what its venue takes."""
    legs = one.message["legs"]
    for leg in legs:
        terms = true.terms[leg["venue"], leg["symbol"]]
        qty, notional, fee = (Decimal(leg[name]) for name in ("qty", "notional", "fee"))
        lots = [true.terms[each["venue"], each["symbol"]]["lot"] for each in legs]
        stage.expect(all(qty % lot == 0 for lot in lots), f"of whole lots {lots}: {one.message}")
        stage.expect(Decimal(leg["limit"]) % terms["tick"] == 0, f"a price of {terms}: {one.message}")
        unit = Decimal(1).scaleb(-leg["scale"][0])  # what is sold brings its worth rounded down
        stage.expect(qty >= terms["min_qty"] and notional + unit > terms["min_notional"],
                     f"not below {terms}: {one.message}")
        rate = Decimal(true.run["fees_ppm"][leg["venue"]]) / 10**6
        stage.expect(abs(fee - notional * rate) < 2 * unit, f"a fee of {rate}: {one.message}")


class Looks:
    """What was looked at after one delay."""

    def __init__(self):
        self.n = self.paying = self.lasting = 0  # the last: by the intervals written down
        self.n_known = self.n_known_paying = 0  # of those that decay as is known
        self.expected = 0.0  # of these, how many should pay

    def add(self, pays, lasts):
        self.n += 1
        self.paying += pays
        self.lasting += lasts

    def add_known(self, pays, share):
        self.n_known += 1
        self.n_known_paying += pays
        self.expected += share


def binomial_interval(n, p):
    """The fewest and the most hits of n; beyond either are (1 - CONFIDENCE) / 2 of all runs at most."""
    tail, low, high, below = (1 - CONFIDENCE) / 2, None, n, 0.0
    for k in range(n + 1):
        below += math.comb(n, k) * p**k * (1 - p)**(n - k)
        if low is None and below > tail:
            low = k
        if below >= 1 - tail:
            high = k
            break
    return low or 0, high


def look_at(stage, true, one, message, looks):
    """One word on what is left of an opportunity."""
    latency_ns = int(stage.limit(LATENCY_MS) * 1e6)
    at_ns, pays = message["detect_ns"], float(message["net"]) > 0
    intervals = true.divergences[one.key]
    found, later = (holder(intervals, ns) for ns in (one.venue_ns, at_ns))
    ended_lately = found is not None and intervals[found][1] > at_ns - latency_ns
    stage.expect(not pays or later is not None or ended_lately or (found is None and came_late(one)),
                 f"no divergence, and it is said to pay still: {message}")
    if message["latency"] or found is None:
        return
    looks.add(pays, found == later)
    if true.openers[one.key, intervals[found][0]] in AT_ONCE:
        looks.add_known(pays, (1 - 1 / true.run["life_ms"]) ** float(message["waited_ms"]))


def expect_curve(stage, strategy, looks):
    """The two curves side by side, and the one of which the decay is known against that."""
    known = []
    for delay_ms, at in sorted(looks.items()):
        stage.expect(at.paying >= at.lasting - MOVED * at.n - 2, f"{strategy} after {delay_ms} ms: {at.lasting} of "
                     f"{at.n} last, and {at.paying} are said to pay")
        if at.n_known == 0:
            continue
        share = at.expected / at.n_known
        low, high = binomial_interval(at.n_known, share)
        stage.expect(low <= at.n_known_paying <= high, f"{strategy} after {delay_ms} ms: {at.n_known_paying} of "
                     f"{at.n_known} pay, {low} to {high} should")
        known.append(f"{delay_ms:g}ms={at.n_known_paying / at.n_known:.2f}/{share:.2f}"
                     f"[{low / at.n_known:.2f},{high / at.n_known:.2f}]")
    stage.figure(f"{strategy}.survival.measured/known[{CONFIDENCE:.0%}]",
                 f"n={max(at.n_known for at in looks.values())} " + " ".join(known))
    stage.figure(f"{strategy}.survival.measured/lasting", f"n={max(at.n for at in looks.values())} " + " ".join(
        f"{delay_ms:g}ms={at.paying / at.n:.2f}/{at.lasting / at.n:.2f}"
        for delay_ms, at in sorted(looks.items())))


def measure_survival(stage, bus, true, found, strategy):
    opened = {(one.message["session"], one.message["id"]): one for one in found}
    looks = defaultdict(Looks)  # by delay
    for message in bus.survivals:
        one = opened.get((message["session"], message["id"]))
        if one is not None and message["strategy"] == strategy and message["known"]:
            look_at(stage, true, one, message, looks[float(message["delay_ms"] or 0)]
                    if not message["latency"] else None)
    if stage.expect(len(looks) >= 6, f"{strategy}: survival after {sorted(looks)} ms only"):
        expect_curve(stage, strategy, looks)


def compare(stage, bus, true, host, strategy, window):
    everything = find_opportunities(stage, bus, strategy)
    found = [one for one in everything if window[0] <= one.open_ns <= window[1]]
    n_true = measure_precision(stage, true.divergences, found)
    measure_crossings(stage, true, found, host, strategy, bus.misses)
    for one in found:
        expect_terms(stage, true, one)
    measure_survival(stage, bus, true, found, strategy)
    n_long, n_found = measure_recall(stage, true.divergences, everything, window, LONG_NS[strategy])
    stage.expect(n_long > 0, "no divergence was long enough: nothing was measured")
    stage.figure(f"{strategy}.recall", f"{n_found}/{n_long}")
    stage.figure(f"{strategy}.precision", f"{n_true}/{len(found)}")
    stage.figure(f"{strategy}.verified", " ".join(f"{word}={n}" for word, n in sorted(
        Counter(one.message["verified"] for one in found).items())))
    stage.figure(f"{strategy}.delay_ms.median.highest",
                 measure_delay(true.divergences, found, window))


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
                          "--divergence-every", EVERY, "--instruments", str(SYMBOLS), "--rate", "10",
                          "--volume", str(VOLUME),
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

    true = read_truth(stage)
    for strategy in ("cross_venue", "direct"):
        compare(stage, bus, true, host, strategy, window)
    # The last ones were written at the simulator's end, when nobody listened any more.
    compared = [compare_book(stage, bus, book) for book in true.books[:-2 * SYMBOLS]]
    stage.expect(sum(compared) >= 2 * SYMBOLS, "no book could be compared")
    stage.figure("books.compared", sum(compared))
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, seconds=60, seed=1, bitstamp_mode="order_book", connections=1)

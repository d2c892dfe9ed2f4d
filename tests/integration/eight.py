"""All venues in one host against the simulator, with faults at random.

Whatever happens on the way (frames lost, doubled, late, cut, damaged; connections that stall, hang,
break, fail in TLS), no book that is said to be LIVE is another than its venue's: of every book that
the simulator writes down, again and again, the copy that the bus had as of that very message is
compared. Opportunities are those that were there (truth.py says what that means): each that was
opened while neither of its venues had a fault, and each true divergence of more than 250 ms of such
a time was found. In the end all books are LIVE, and the host has no more memory than it had after a
third of the time.
"""

import bisect
import re
import signal
import time
from collections import defaultdict

import bus as messages
import pipeline
import truth
from transport import timestamp_ns

SYMBOLS = 2
STRATEGY = "cross_venue"
BOOKS_EVERY_S = 0.5
FAULT_NS = 6_000_000_000  # a fault may be felt for so long: it lasts for 3 s, and then heals
HANG_NS = 26_000_000_000  # one that shows when a heartbeat is not answered: they are 20 s apart
LIVE_S = 10  # as a rule, after the start
HEALED_S = 60  # a hanging connection is noticed, and a resync that failed is tried again
UNDATED_NS = 1_000_000_000  # so long after a book was shown, its message has come
MEMORY_MAX_MIB = 4  # more than what went through the queues, which are touched bit by bit, 8 MiB each


def faults_of(sim):
    """When each venue had one, and until when it may be felt."""
    spans = defaultdict(list)
    for line in sim.err().splitlines():
        found = re.search(r'venue=(\w+) msg="fault: (.*)"', line)
        if found:
            at_ns = timestamp_ns(line)
            lasts_ns = HANG_NS if "until it is given up" in found.group(2) else FAULT_NS
            spans[found.group(1)].append((at_ns, at_ns + lasts_ns))
    return spans


def is_quiet(faults, venues, start_ns, end_ns):
    """No fault of these venues can be felt between the two times."""
    return not any(began_ns <= end_ns and over_ns >= start_ns
                   for venue in venues for began_ns, over_ns in faults[venue])


def watch(stage, sim, host, seconds):
    """Lets the market run and has its books written down again and again."""
    start_ns, end = time.time_ns(), time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(BOOKS_EVERY_S)
        sim.send(signal.SIGUSR1)
        stage.expect(host.is_running(), "the host runs")
    return start_ns, time.time_ns()


def sort_copies(book):
    """By the venue's time (a fault dates frames far ahead), or where it dates nothing by ours."""
    book.is_dated = any(venue_ns for venue_ns, _ in book.history)
    times = [venue_ns for venue_ns, _ in book.history] if book.is_dated else book.received_ns
    copies = sorted(zip(times, (top for _, top in book.history)), key=lambda copy: copy[0])
    book.times, book.copies = [at for at, _ in copies], [top for _, top in copies]


def copies_of(book, faults, written):
    """Those dated so; of a venue that dates nothing, all that came soon after, without a fault."""
    at_ns = written["published_ns"] // truth.US * truth.US
    last_ns = at_ns if book.is_dated else at_ns + UNDATED_NS
    if not book.is_dated and not (is_quiet(faults, [written["venue"]], at_ns, last_ns) and
                                  was_live(book, at_ns, last_ns)):
        return []
    return book.copies[bisect.bisect_left(book.times, at_ns):
                       bisect.bisect_right(book.times, last_ns)]


def compare_book(stage, book, faults, written):
    """The copy as of the message that brought this book, if it ever came."""
    copies = copies_of(book, faults, written)
    if not copies:
        return 0
    want = truth.top_of(book, written)
    stage.expect(want in copies, f"{written['venue']} {written['symbol']} at "
                 f"{written['published_ns']}: the bus has {copies}, published was {want}")
    return 1


def compare_books(stage, bus, books, faults, venues):
    compared = dict.fromkeys(venues, 0)
    for book in bus.books.values():
        sort_copies(book)
    for written in books:
        book = bus.books[written["venue"], written["symbol"]]
        compared[written["venue"]] += compare_book(stage, book, faults, written)
    for venue, n in compared.items():
        stage.expect(n > 0, f"{venue}: no book could be compared")
    stage.figure("books.compared", " ".join(f"{venue}={n}" for venue, n in compared.items()))


def note_states(bus):
    """What each book said of itself, and when that changed; SUSPECT or not open is not LIVE."""
    for book in bus.books.values():
        book.said, book.said_ns = [], []
    for venue, symbol, state, recv_ns in bus.journal:
        book = bus.books[venue, symbol]
        if not book.said or book.said[-1] != state:
            book.said.append(state)
            book.said_ns.append(recv_ns)


def was_live(book, start_ns, end_ns):
    """From the first to the last: no change between, and LIVE before."""
    i = bisect.bisect_right(book.said_ns, start_ns) - 1
    return (i >= 0 and book.said[i] == "LIVE" and
            (i + 1 == len(book.said) or book.said_ns[i + 1] > end_ns))


def is_fair(bus, faults, key, start_ns, end_ns):
    """Whoever looks at both books of that time sees them as they are."""
    symbol, *venues = key
    return is_quiet(faults, venues, start_ns, end_ns) and all(
        was_live(bus.books[venue, symbol], start_ns, end_ns) for venue in venues)


def is_true(bus, divergences, one):
    """At the newer of its books; if a venue dates none, at some time shortly before."""
    symbol, *venues = one.key
    if all(bus.books[venue, symbol].is_dated for venue in venues):
        return truth.holder(divergences[one.key], one.venue_ns) is not None
    return any(start <= one.open_ns and end >= one.open_ns - UNDATED_NS
               for start, end in divergences[one.key])


def compare_opportunities(stage, bus, divergences, faults, window):
    everything = truth.find_opportunities(stage, bus, STRATEGY)
    found = [one for one in everything if window[0] <= one.open_ns <= window[1] and
             is_quiet(faults, one.key[1:], one.open_ns, one.open_ns)]
    latency_ns = int(stage.limit(truth.LATENCY_MS) * 1e6)
    quiet = {key: [i for i in intervals if i[0] >= window[0] and i[1] + latency_ns <= window[1] and
                   is_fair(bus, faults, key, i[0], i[1] + latency_ns)]
             for key, intervals in divergences.items()}
    n_true = sum(stage.expect(is_true(bus, divergences, one),
                              f"no divergence at {one.venue_ns}: {one.message}") for one in found)
    n_long, n_found = truth.measure_recall(stage, quiet, everything, window,
                                           truth.LONG_NS[STRATEGY])
    stage.expect(n_long > 0 and n_true > 0, "no divergence without a fault: nothing was measured")
    stage.figure("recall", f"{n_found}/{n_long}")
    stage.figure("precision", f"{n_true}/{len(found)}")
    stage.figure("opened", len(everything))


def suite(stage):
    until = LIVE_S + stage.options.seconds
    sim = stage.simulator("--truth", "truth.jsonl", "--seed", str(stage.options.seed), "--venues",
                          "all", "--instruments", str(SYMBOLS), "--divergence-every", "2s",
                          "--faults", f"random:seed={stage.options.seed},"
                                      f"every={stage.options.every}s,until={until}s")
    brokers = stage.broker()  # in a process of its own: what it keeps is not the host's memory
    host = stage.host(stage.write("host.ini", pipeline.use_brokers(stage.read("sim.ini"), brokers)))
    venues = re.findall(r"^\[exchange:(\w+)\]$", stage.read("sim.ini"), re.MULTILINE)
    bus = messages.attach(stage, brokers, keeps_history=True)
    bus.journal = []
    stage.wait_until_live(host, stage.limit(30), **dict.fromkeys(venues, SYMBOLS))
    start_ns, _ = watch(stage, sim, host, stage.options.seconds / 3)
    (before, _), n_bytes = host.memory_mib(), bus.n_bytes
    _, end_ns = watch(stage, sim, host, stage.options.seconds * 2 / 3)
    grown, published = host.memory_mib()[0] - before, (bus.n_bytes - n_bytes) / 2**20
    stage.figure("memory_mib.grown.published", f"{before:.0f} {grown:.1f} {published:.1f}")
    stage.expect(grown < published + MEMORY_MAX_MIB, "memory grows")
    pipeline.poll(lambda: bus.count_in("LIVE") == len(venues) * SYMBOLS, stage.limit(HEALED_S),
                  "all books are LIVE again")
    stage.expect(host.stop() == 0, "the host ends with 0")
    faults = faults_of(sim)
    stage.expect(sim.stop() == 0, "the simulator ends with 0")
    note_states(bus)
    true = truth.read_truth(stage)
    stage.figure("faults", " ".join(f"{venue}={len(faults[venue])}" for venue in venues))
    compare_books(stage, bus, true.books, faults, venues)
    compare_opportunities(stage, bus, true.divergences, faults, (start_ns, end_ns))
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, seconds=30, every=3, seed=1)

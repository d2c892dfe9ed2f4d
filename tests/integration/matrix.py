"""Spread matrices are what the books of that moment say.

A host with eight venues publishes matrices, from books that came by Kafka and directly. Each names, for every venue,
the session and sequence of the book it was made from: the test rebuilds those books from market-data and computes what
each two venues would pay, in exact integers of Python. Then the venues go away, and nothing of them is shown as a price.
"""

import json
import re
from collections import defaultdict

import bus as messages
import pipeline

VENUES = "kraken bitstamp binance bitfinex bybit coinbase gemini okx".split()
SYMBOLS = {"BTC/USD", "ETH/USD", "XRP/USD"}
PPM = 1_000_000
EVERY_MS = {"kafka": 500, "direct": 200}
STRATEGIES = "".join(f"[strategy:{name}]\nplugin = cross_venue\nsource = {name}\nmatrix = {every}ms\n"
                     for name, every in EVERY_MS.items())
WANTED = 200  # matrices that are compared


class Tops:
    """The best prices of each book after each of its messages."""

    def __init__(self, bus):
        self.bus = bus
        self.after = {}  # (venue, symbol, session, seq) -> [state, trading, verified, bid, ask]

    def on_market_data(self, key, value, partition=0):
        self.bus.on_market_data(key, value, partition)
        message = json.loads(value)
        book = self.bus.books.get((message.get("venue"), message.get("symbol")))
        if book is not None and message["type"] != "alive":
            sides = [side[0] if side else None for side in book.top()]
            self.after[message["venue"], message["symbol"], message["session"], message["seq"]] = [
                message["state"], message["trading"], message["verified"], *sides]


def attach(stage, brokers):
    bus = messages.Bus()
    tops = Tops(bus)
    stage.read_topic(brokers, "market-data", tops.on_market_data)
    stage.read_topic(brokers, "arbitrage-opportunities", bus.on_opportunity)
    return bus, tops


def level_of(venue, name, scale):
    return tuple(messages.scaled(text, scale[i]) for i, text in enumerate(venue[name])) if name in venue else None


def fees_of(text):
    """taker_fee of each exchange in a configuration, in ppm."""
    units = {"%": 10_000, "bp": 100, "ppm": 1}
    found = re.findall(r"^\[exchange:(\w+)\]|^taker_fee = ([0-9.]+)(%|bp|ppm)", text, re.MULTILINE)
    fees, name = {}, None
    for section, number, unit in found:
        name = section or name
        if number:
            whole, _, fraction = number.partition(".")
            fees[name] = int(whole + fraction) * units[unit] // 10 ** len(fraction)
    return fees


def edge(buy, sell, fees):
    """What the first unit pays, before and after fees, rounded down to ppm."""
    ask, bid = buy and buy[4], sell and sell[3]
    if not ask or not bid:
        return None, None
    (ask, _), (bid, _) = ask, bid
    return ((bid - ask) * PPM // ask,
            (bid * (PPM - fees[1]) - ask * (PPM + fees[0])) // ask)


def in_bps(ppm):
    sign, ppm = "-" if ppm < 0 else "", abs(ppm)
    return f"{sign}{ppm // 100}.{ppm % 100:02}"


def expect_edges(stage, matrix, tops, fees):
    names = [venue["venue"] for venue in matrix["venues"]]
    for i, buy in enumerate(names):
        for j, sell in enumerate(names):
            want = [None, None] if i == j else edge(tops[i], tops[j], (fees[buy], fees[sell]))
            got = [matrix["gross_bps"][i][j], matrix["net_bps"][i][j]]
            stage.expect(got == [None if one is None else in_bps(one) for one in want],
                         f"{buy} to {sell}: {got} and not {want}: {matrix}")


def expect_right(stage, matrix, tops, fees):
    """Compares one matrix with the books it names; False: one of these was never on the bus."""
    own = []
    for venue in matrix["venues"]:
        top = tops.get((venue["venue"], matrix["symbol"], venue["session"], venue["seq"]))
        if top is None:
            return False
        state, trading, verified, bid, ask = top
        if venue["state"] != "LIVE" or state != "LIVE":
            bid = ask = None
        got = [venue["trading"], level_of(venue, "bid", matrix["scale"]), level_of(venue, "ask", matrix["scale"])]
        stage.expect(got == [trading, bid, ask], f"{venue} and not {top}")
        stage.expect(venue["state"] != "LIVE" or venue["verified"] == verified, f"{venue}: proof {verified}")
        stage.expect(venue["fee_bps"] == in_bps(fees[venue["venue"]]), f"{venue}: fee {fees}")
        stage.expect(venue["state"] == state or venue["state"] == "STALE", f"{venue}: state {state}")
        stage.expect(venue["state"] != "LIVE" or 0 <= float(venue["age_ms"]) < 3000, f"{venue}: age")
        own.append([state, trading, verified, bid, ask])
    expect_edges(stage, matrix, own, fees)
    return True


def expect_paced(stage, matrices):
    """Of one instrument not oftener than allowed, and not without a change."""
    last = {}
    for matrix in matrices:
        key = matrix["strategy"], matrix["symbol"]
        before = last.get(key)
        last[key] = matrix
        if before is None:
            continue
        gap_ms = (matrix["made_ns"] - before["made_ns"]) / 1e6
        stage.expect(gap_ms >= EVERY_MS[matrix["strategy"]] - 1, f"{key}: {gap_ms} ms apart")
        shown = [[{name: value for name, value in venue.items() if name not in ("age_ms", "seq")}
                  for venue in one["venues"]] for one in (before, matrix)]
        stage.expect(shown[0] != shown[1] or gap_ms > 9000, f"{key}: the same after {gap_ms} ms")


def expect_table(stage, bus, brokers):
    """What people read is one of the matrices."""
    shown = stage.call("matrix", "-b", brokers, "BTC/USD")
    text = shown.stdout.decode()
    stage.expect(shown.returncode == 0 and "\x1b" not in text, f"arbspot matrix: {shown}")
    stage.expect(all(len(line) <= 80 for line in text.splitlines()), f"80 columns: {text}")
    head = re.match(r"BTC/USD  net in bps, by (\w+) at (\S+) UTC\n", text)
    if not stage.expect(head, f"a heading: {text}"):
        return
    rows = [line.split()[1:] for line in text.splitlines()[2:2 + len(VENUES)]]
    def is_one():
        return any(matrix["strategy"] == head[1] and matrix["symbol"] == "BTC/USD" and
                   rows == [["." if one is None else one if one[0] == "-" or one == "0.00" else "+" + one
                             for one in row] for row in matrix["net_bps"]]
                   for matrix in bus.snapshot_of(lambda: list(bus.matrices)))
    pipeline.poll(is_one, stage.limit(10), f"the table is a matrix: {rows}")


def expect_commands(stage, bus, brokers):
    expect_table(stage, bus, brokers)
    whole = stage.call("matrix", "-b", brokers, "--json")
    lines = [json.loads(line) for line in whole.stdout.splitlines()]
    stage.expect(whole.returncode == 0 and
                 [(one["symbol"], one["strategy"]) for one in lines] ==
                 [(symbol, name) for symbol in sorted(SYMBOLS) for name in sorted(EVERY_MS)],
                 f"all of them, in order: {whole}")
    follower = stage.start("follow", [stage.options.arbspot, "matrix", "-b", brokers, "--follow", "--json", "ETH/USD"])
    pipeline.poll(lambda: follower.out().count("\n") >= 5, stage.limit(20), "more and more")
    stage.expect(follower.stop() == 0, "an interrupted one ends with 0")
    stage.expect({json.loads(line)["symbol"] for line in follower.out().splitlines()} == {"ETH/USD"}, "as asked for")
    unknown = stage.call("matrix", "-b", brokers, "-d", "1s", "XXX/USD")
    stage.expect(unknown.returncode == 1 and b"XXX/USD" not in unknown.stdout, f"of no instrument: {unknown}")
    nothing = stage.call("matrix", "-b", brokers, "-d", "300ms", "-t", "market-data")
    stage.expect(nothing.returncode == 1 and b"no strategy has `matrix`" in nothing.stderr, f"of none: {nothing}")
    log = stage.call("log", "-b", brokers, "-f", "-n", "3", "--json")
    stage.expect({json.loads(line)["type"] for line in log.stdout.splitlines()} == {"opportunity"} and
                 b"skipped" not in log.stderr, f"the log passes over them: {log}")
    rest = stage.call("survival", "-b", brokers, "-f", "-d", "2s")
    stage.expect(rest.returncode == 0, f"survival passes over them: {rest}")
    proof = stage.call("verify", "-b", brokers, "-d", "2s")
    stage.expect(proof.returncode == 0, f"verify has nothing against them: {proof}")


def latest(bus):
    found = {}
    for matrix in bus.matrices:
        found[matrix["strategy"], matrix["symbol"]] = matrix
    return found


def shows_nothing(bus):
    found = bus.snapshot_of(lambda: latest(bus))
    return all(venue["state"] != "LIVE" and "bid" not in venue and "ask" not in venue
               for matrix in found.values() for venue in matrix["venues"]) and all(
                   one is None for matrix in found.values() for row in matrix["net_bps"] for one in row)


def compare_all(stage, bus, tops, fees):
    compared, skipped = defaultdict(int), defaultdict(int)
    matrices = bus.snapshot_of(lambda: list(bus.matrices))
    for matrix in matrices:
        is_right = expect_right(stage, matrix, tops.after, fees)
        (compared if is_right else skipped)[matrix["strategy"]] += 1
    expect_paced(stage, matrices)
    stage.expect(skipped["kafka"] == 0, f"{skipped['kafka']} rest on books that were not on the bus")
    stage.expect(skipped["direct"] * 5 < compared["direct"], f"direct: {skipped} and {compared}")
    stage.expect(any(one is not None and one[0] != "-" for matrix in matrices for row in matrix["net_bps"]
                     for one in row), "some pair pays")
    stage.figure("matrices", " ".join(f"{name}={compared[name]}+{skipped[name]}" for name in EVERY_MS))


def suite(stage):
    sim = stage.simulator("--venues", ",".join(VENUES), "--divergence-every", "1s")
    text = stage.read("sim.ini")
    host = stage.host(stage.write("matrix.ini", text.split("[strategy")[0] + STRATEGIES))
    brokers = stage.embedded_brokers(host)
    bus, tops = attach(stage, brokers)
    pipeline.poll(lambda: len(bus.matrices) >= WANTED and set(latest(bus)) == {
        (name, symbol) for name in EVERY_MS for symbol in SYMBOLS}, stage.limit(40), "matrices of both strategies")
    expect_commands(stage, bus, brokers)
    sim.stop()
    pipeline.poll(lambda: shows_nothing(bus), stage.limit(20), "no price of a venue that is gone")
    stage.expect(host.stop() == 0, "the host ends with 0")
    stage.expect(re.search(r"strategy=kafka .*matrices=[1-9]\d* left_out=0", host.err() + host.out()),
                 "the host counts them")
    compare_all(stage, bus, tops, fees_of(text))
    stage.expect(bus.n_violations == 0, f"violations: {bus.violations}")


if __name__ == "__main__":
    pipeline.main(suite)

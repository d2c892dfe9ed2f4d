#!/usr/bin/env python3
"""Recordings of several venues of one instrument through `arbspot replay --config`, side by side: at every
frame the best prices of each venue, the spread of each ordered pair, and what cross_venue makes of them
have to be those that this file computes from the same frames. Shares no code with arbspot.

    side_by_side.py ARBSPOT SYMBOL NAME=KIND:PLUGIN:FEE:FILE[,FILE]... NAME=...

KIND is what the frames are: kraken (v2), coinbase (Advanced), bitstamp (order_book), binance, usdm. FILE is
cryptofeed text, or frames alone: each is then taken to have arrived 50 ms after the venue made it. Catalogs
are made up, with nothing but the names. FEE is the taker fee, as 0.40%.

cross_venue runs three times: with a rebate so large that every pair always pays, which has it state every
spread, without fees, and with those given.
"""
import datetime
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import zlib
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

DELAY_NS = 50_000_000
BEFORE_NS = 1_000_000_000  # catalogs come that long before the first frame of all
BOOKS = ("snapshot", "delta", "status")
REBATE = Decimal("-0.05")
OUTCOMES = ("event", "buy", "sell", "qty", "buy_px", "sell_px", "cost", "proceeds", "fees", "gross", "net")


def load(text):
    return json.loads(text, parse_float=Decimal)


def ns_of(time):
    """Of 2026-10-01T07:56:00.193663929Z."""
    whole, _, fraction = time.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)


class Book:
    """Prices and amounts of the two sides; not is_live where they are not known to be the venue's."""

    def __init__(self, symbol, frames):
        self.base, self.quote = symbol.split("/")
        self.sides, self.is_live, self.n_updates, self.n_broken = ({}, {}), False, 0, 0
        self.px_digits = max((-Decimal(each).as_tuple().exponent for frame in frames
                              for each in self.prices(frame)), default=2)

    def put(self, side, price, amount):
        if amount:
            self.sides[side][price] = amount
        else:
            self.sides[side].pop(price, None)

    def best_first(self):
        return sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())

    def broken(self, why):
        self.is_live, self.n_broken = False, self.n_broken + 1
        print(f"  {type(self).__name__.lower()}: {why}")

    @staticmethod
    def prices(_):
        return ()


class Kraken(Book):
    """Cut to the subscribed depth behind each message; the checksum is of the best ten a side."""
    options, depth = "depth = {depth}\n", 10

    @staticmethod
    def prices(frame):
        levels = (each for book in frame.get("data", []) if frame.get("channel") == "book"
                  for side in ("bids", "asks") for each in book[side])
        return (each["price"] for each in levels)

    @staticmethod
    def made_ns(frame):
        data = frame.get("data", [{}])[0]
        time = data.get("timestamp") or frame.get("time_out")
        return ns_of(time) if time else None

    def catalog(self):
        return "", json.dumps({"channel": "instrument", "type": "snapshot", "data": {"assets": [], "pairs": [
            {"symbol": f"{self.base}/{self.quote}", "base": self.base, "quote": self.quote,
             "status": "online", "price_precision": self.px_digits, "qty_precision": 8}]}})

    def checksum(self):
        bids, asks = self.best_first()
        texts = (f"{value:.{digits}f}".replace(".", "").lstrip("0") for side in (asks, bids)
                 for level in side[:10] for value, digits in zip(level, (self.px_digits, 8)))
        return zlib.crc32("".join(texts).encode("ascii"))

    def take(self, _, frame):
        if frame.get("channel") != "book":
            return
        book = frame["data"][0]
        if frame["type"] == "snapshot":
            self.sides, self.is_live = ({}, {}), True
        for side, name in enumerate(("bids", "asks")):
            for level in book[name]:
                self.put(side, Decimal(level["price"]), Decimal(level["qty"]))
        self.sides = tuple(dict(side[:self.depth]) for side in self.best_first())
        self.n_updates += 1
        if self.is_live and self.checksum() != book["checksum"]:
            self.broken(f"a checksum of {book['timestamp']} does not match")


class Coinbase(Book):
    """Each message of the connection has the next number, whatever its channel."""
    options, last = "feed = advanced\nack_timeout = 60s\n", None

    @staticmethod
    def made_ns(frame):
        return ns_of(frame["timestamp"])

    def catalog(self):
        return "https://rest/products", json.dumps([
            {"id": f"{self.base}-{self.quote}", "base_currency": self.base, "quote_currency": self.quote,
             "quote_increment": "0.01", "base_increment": "0.00000001", "status": "online"}])

    def take(self, _, frame):
        if self.last is not None and frame["sequence_num"] != self.last + 1:
            self.broken(f"of the connection's messages {self.last + 1} to {frame['sequence_num'] - 1} are "
                        "not in the recording")
        self.last = frame["sequence_num"]
        for event in frame["events"] if frame["channel"] == "l2_data" else []:
            if event["type"] == "snapshot":
                self.sides, self.is_live = ({}, {}), True
            for each in event["updates"]:
                self.put(int(each["side"] != "bid"), Decimal(each["price_level"]),
                         Decimal(each["new_quantity"]))
            self.n_updates += 1


class Bitstamp(Book):
    """Each message is a whole book."""
    options = "mode = order_book\n"

    @staticmethod
    def made_ns(frame):
        time = frame["data"].get("microtimestamp") if isinstance(frame["data"], dict) else None
        return int(time) * 1000 if time else None

    def catalog(self):
        return "https://rest/api/v2/markets/", json.dumps([
            {"name": f"{self.base}/{self.quote}", "market_symbol": (self.base + self.quote).lower(),
             "base_currency": self.base, "counter_currency": self.quote, "base_decimals": 8,
             "counter_decimals": 2, "trading": "Enabled", "market_type": "SPOT"}])

    def take(self, _, frame):
        if frame["event"] == "data" and frame["channel"].startswith("order_book_"):
            self.sides = tuple({Decimal(price): Decimal(amount) for price, amount in frame["data"][side]}
                               for side in ("bids", "asks"))
            self.is_live, self.n_updates = True, self.n_updates + 1


class Binance(Book):
    """A REST book of at most 1,000 levels a side, and the diffs behind it, linked by U or by pu."""
    options = "snapshot_levels = 1000\nack_timeout = 60s\n"
    rest, limit, contract = "https://rest/api/v3", 1000, {}

    def __init__(self, symbol, frames):
        super().__init__(symbol, frames)
        self.waiting, self.edges, self.last, self.is_first = [], None, None, True
        self.name = self.base + self.quote

    def catalog(self):
        return self.rest + "/exchangeInfo", json.dumps({"symbols": [
            {"symbol": self.name, "status": "TRADING", "baseAsset": self.base, "quoteAsset": self.quote,
             **self.contract}]})

    def seed(self, book):
        self.last = book["lastUpdateId"]
        self.sides = tuple({Decimal(price): Decimal(amount) for price, amount in book[side]}
                           for side in ("bids", "asks"))
        self.edges = [edge(side) if len(side) >= self.limit else None
                      for edge, side in zip((min, max), self.sides)]
        self.is_live = True
        for diff in self.waiting:
            if diff["u"] > self.last:
                self.apply(diff)

    def apply(self, diff):
        begins_in_time = diff["U"] <= self.last + 1 and (self.is_first or "pu" not in diff)
        is_linked = begins_in_time or diff.get("pu") == self.last
        self.last, self.is_first = diff["u"], False
        if not is_linked:
            self.broken(f"a diff before {diff['U']} is missing")
        for side, name in enumerate(("b", "a")):
            edge = self.edges[side]
            for price, amount in ((Decimal(price), Decimal(amount)) for price, amount in diff[name]):
                if edge is None or (price >= edge if side == 0 else price <= edge):
                    self.put(side, price, amount)
        self.n_updates += 1

    def take(self, url, frame):
        diff = frame.get("data", frame)
        if f"/depth?symbol={self.name}" in url and self.last is None:
            self.seed(frame)
        elif diff.get("e") != "depthUpdate" or diff["s"] != self.name:
            return
        elif self.last is None:
            self.waiting.append(diff)
        elif diff["u"] > self.last:
            self.apply(diff)


class Usdm(Binance):
    options = Binance.options + "market = usdm\n"
    rest, contract = "https://rest/fapi/v1", {"contractType": "PERPETUAL"}


KINDS = {each.__name__.lower(): each for each in (Kraken, Coinbase, Bitstamp, Binance, Usdm)}


# -- recordings ---------------------------------------------------------------------------


def timed_lines(path):
    """(ns, url, text) of cryptofeed text; what was opened and sent is left out."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            found = re.match(r"(?:(https://\S+) -> )?(\d+)\.(\d+): ([\[{].*)$", line)
            if found:
                url, whole, fraction, text = found.groups()
                yield int(whole) * 10**9 + int(fraction.ljust(9, "0")[:9]), url or "", text


def bare_lines(kind, path):
    """The same of frames alone; one without a time comes right behind the one before."""
    with open(path, encoding="utf-8") as lines:
        texts = [line.strip() for line in lines if line.strip()]
    made = [kind.made_ns(load(text)) for text in texts]
    now_ns = next(each for each in made if each) + DELAY_NS - 1000
    for text, each in zip(texts, made):
        now_ns = max(now_ns + 1000, (each or 0) + DELAY_NS)
        yield now_ns, "", text


def records_of(kind, path):
    with open(path, encoding="utf-8") as file:
        is_bare = file.read(1) in "{["
    return list(bare_lines(kind, path) if is_bare else timed_lines(path))


class Venue:
    def __init__(self, text, symbol):
        self.name, rest = text.split("=", 1)
        kind, self.plugin, fee, files = rest.split(":", 3)
        self.fee, self.fee_text = Decimal(fee.rstrip("%")) / 100, fee
        self.records = [each for path in files.split(",") for each in records_of(KINDS[kind], path)]
        self.records.sort(key=lambda record: record[0])
        frames = [load(text) for _, _, text in self.records]
        self.book = KINDS[kind](symbol, [each for each in frames if isinstance(each, dict)])
        acks = (each["result"] for each in frames if isinstance(each, dict) and "result" in each)
        self.book.depth = next((each["depth"] for each in acks if each and "depth" in each), 10)

    def write(self, path, start_ns):
        url, catalog = self.book.catalog()
        with open(path, "w", encoding="utf-8") as out:
            for ns, where, text in [(start_ns, url, catalog), *self.records]:
                head = f"{where} -> " if where else ""
                out.write(f"{head}{ns // 10**9}.{ns % 10**9:09d}: {text}\n")


# -- what arbspot says --------------------------------------------------------------------


def ini(venues, symbol, fees):
    rows = ["[host]\npublish_depth = 0\n\n[kafka]\nbrokers = embedded\n"]
    for venue, fee in zip(venues, fees):
        options = venue.book.options.format(depth=venue.book.depth)
        rows.append(f"[exchange:{venue.name}]\nplugin = {os.path.abspath(venue.plugin)}\n"
                    f"symbols = {symbol}\ntaker_fee = {fee * 100:f}%\n{options}")
    rows.append("[strategy:cross_venue]\nmax_age = 0\nupdate_interval = 0\n")
    names = [f"venue_symbol.{each.name} = {each.book.name}\n" for each in venues
             if isinstance(each.book, Usdm)]
    rows.append(f"[instrument:{symbol}]\n{''.join(names)}" if names else "")
    return "\n".join(rows)


def replayed(arbspot, venues, symbol, fees):
    """The messages, and the scale of prices."""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "side_by_side.ini")
        with open(config, "w", encoding="ascii") as out:
            out.write(ini(venues, symbol, fees))
        files = [f"{each.name}={os.path.join(folder, each.name)}.txt" for each in venues]
        start_ns = min(each.records[0][0] for each in venues) - BEFORE_NS
        for venue in venues:
            venue.write(os.path.join(folder, venue.name + ".txt"), start_ns)
        run = subprocess.run([arbspot, "replay", "--config", config, *files], capture_output=True,
                             text=True, check=False)
    if run.returncode not in (0, 1) or "frames=" not in run.stderr:
        sys.exit(f"replay: exit {run.returncode}\n{run.stderr}")
    return [load(line) for line in run.stdout.splitlines()], run.stderr


def opportunity_of(message):
    buy, sell = message["legs"]
    return (message["detect_ns"], message["event"], buy["venue"], sell["venue"],
            Decimal(buy["qty"]), Decimal(buy["limit"]), Decimal(sell["limit"]),
            *(Decimal(message[each]) for each in ("cost", "proceeds", "fees", "gross", "net")))


def opportunities_of(messages):
    """Without updates that differ in nothing but how well the books are proven."""
    last, out = {}, []
    for message in messages:
        row = opportunity_of(message)
        if message["event"] != "update" or row[2:] != last.get(message["id"]):
            out.append(row)
        last[message["id"]] = row[2:]
    return out


class Published:
    """The best prices of each venue as its messages have them, by time."""

    def __init__(self, messages, venues):
        self.messages = [each for each in messages if each["type"] in BOOKS]
        self.books = {each.name: ({}, {}) for each in venues}
        self.states, self.at = {}, 0

    def go_to(self, ns):
        while self.at < len(self.messages) and self.messages[self.at]["pub_ns"] <= ns:
            message = self.messages[self.at]
            self.at += 1
            self.states[message["venue"]] = message["state"]
            for side, name in zip(self.books[message["venue"]], ("bids", "asks")):
                if message["type"] == "snapshot":
                    side.clear()
                side.update((Decimal(price), Decimal(amount)) for price, amount in message.get(name, []))
                for price in [price for price, amount in side.items() if not amount]:
                    del side[price]

    def best(self, name):
        bids, asks = self.books[name]
        return (max(bids, default=None), min(asks, default=None)) if self.states.get(name) == "LIVE" else None


# -- what is right ------------------------------------------------------------------------


def walk(asks, bids, kept, paid):
    """What is worth taking: [(ask, bid, quantity)]."""
    taken, a, b, asks, bids = [], 0, 0, [list(each) for each in asks], [list(each) for each in bids]
    while a < len(asks) and b < len(bids) and bids[b][0] * kept > asks[a][0] * paid:
        qty = min(asks[a][1], bids[b][1])
        taken.append((asks[a][0], bids[b][0], qty))
        for level in (asks[a], bids[b]):
            level[1] -= qty
        a, b = a + (asks[a][1] == 0), b + (bids[b][1] == 0)
    return taken


def terms(buy, sell, fees, unit):
    """(qty, buy_px, sell_px, cost, proceeds, fees, gross, net), or None."""
    taken = walk(buy[1], sell[0], 1 - fees[1], 1 + fees[0])
    if not taken:
        return None
    exact_cost = sum(ask * qty for ask, _, qty in taken)
    exact_proceeds = sum(bid * qty for _, bid, qty in taken)
    cost = exact_cost.quantize(unit, ROUND_CEILING)
    proceeds = exact_proceeds.quantize(unit, ROUND_FLOOR)
    fee = sum((exact * rate).quantize(unit, ROUND_CEILING)
              for exact, rate in ((exact_cost, fees[0]), (exact_proceeds, fees[1])))
    row = (sum(qty for _, _, qty in taken), taken[-1][0], taken[-1][1], cost, proceeds, fee,
           proceeds - cost, proceeds - cost - fee)
    return row if row[-1] > 0 else None


class Expected:
    """What cross_venue has to publish with these fees."""

    def __init__(self, fees, unit):
        self.fees, self.unit, self.open, self.rows = fees, unit, {}, []

    def look(self, ns, pair, buy, sell):
        """`buy` and `sell`: both sides best first, None: not LIVE."""
        before = self.open.pop(pair, None)
        fees = tuple(self.fees[name] for name in pair)
        row = terms(buy, sell, fees, self.unit) if buy and sell else None
        if row:
            self.open[pair] = row
        if before and not row:
            self.rows.append((ns, "close", *pair, *before))
        elif row != before:
            self.rows.append((ns, "update" if before else "open", *pair, *row))

    def end(self, ns):
        self.rows += [(ns, "close", *pair, *row) for pair, row in self.open.items()]


def spread_of(buy, sell):
    """Bid of one less ask of the other; None: one of them has none."""
    return None if not buy or not sell or buy[1] is None or sell[0] is None else sell[0] - buy[1]


class Comparison:
    def __init__(self, venues, published, expected):
        self.venues, self.published, self.expected = venues, published, expected
        self.pairs = list(itertools.permutations([each.name for each in venues], 2))
        self.spreads = {pair: [] for pair in self.pairs}
        self.n_prices, self.n_spreads, self.wrong = 0, 0, []

    def compare(self, ns, bests):
        """What is published at that time is all that is right."""
        self.published.go_to(ns)
        theirs = {name: self.published.best(name) for name in bests}
        for name, best in bests.items():
            self.n_prices += 1
            if theirs[name] != best:
                self.wrong.append(f"{ns}: {name} has {best}, published is {theirs[name]}")
        for pair in self.pairs:
            want = spread_of(*(bests[name] for name in pair))
            if want != spread_of(*(theirs[name] for name in pair)):
                self.wrong.append(f"{ns}: the spread of {pair} is {want}")
            if want is not None:
                self.n_spreads += 1
                self.spreads[pair].append((want, bests[pair[0]][1], bests[pair[1]][0]))

    def run(self):
        rows = sorted(((record[0], i, record) for i, venue in enumerate(self.venues)
                       for record in venue.records), key=lambda row: row[:2])
        views = {each.name: None for each in self.venues}
        for at, (ns, i, (_, url, text)) in enumerate(rows):
            venue = self.venues[i]
            venue.book.take(url, load(text))
            views[venue.name] = venue.book.best_first() if venue.book.is_live else None
            for pair in (pair for pair in self.pairs if venue.name in pair):
                for each in self.expected:
                    each.look(ns, pair, *(views[name] for name in pair))
            if at + 1 == len(rows) or rows[at + 1][0] != ns:
                self.compare(ns, {name: view and tuple(side[0][0] if side else None for side in view)
                                  for name, view in views.items()})
        for each in self.expected:
            each.end(rows[-1][0])


# -- the report ---------------------------------------------------------------------------


def bps(spread, ask):
    return float(spread * 10000 / ask)


def print_pairs(comparison, fees):
    for (buy, sell), rows in comparison.spreads.items():
        if not rows:
            print(f"  buy {buy}, sell {sell}: never both known")
            continue
        sizes = [bps(spread, ask) for spread, ask, _ in rows]
        before = sum(spread > 0 for spread, _, _ in rows)
        after = sum(bid * (1 - fees[sell]) > ask * (1 + fees[buy]) for _, ask, bid in rows)
        print(f"  buy {buy}, sell {sell}: {len(rows)} times, bps min {min(sizes):.3f} median "
              f"{statistics.median(sizes):.3f} max {max(sizes):.3f}; crossed {before}, after fees {after}")


def difference(have, want):
    have, want = sorted(have), sorted(want)
    return next(((h, w) for h, w in itertools.zip_longest(have, want) if h != w), None)


def main():
    arbspot, symbol, *texts = sys.argv[1:]
    venues = [Venue(text, symbol) for text in texts]
    given = {each.name: each.fee for each in venues}
    cases = [("rebate", {name: REBATE for name in given}), ("no fees", {name: Decimal(0) for name in given}),
             ("fees", given)]
    runs = [replayed(arbspot, venues, symbol, fees.values()) for _, fees in cases]
    scale = next(each["scale"][0] for each in runs[0][0] if "scale" in each and each["type"] != "status")
    expected = [Expected(fees, Decimal(1).scaleb(-scale)) for _, fees in cases]
    comparison = Comparison(venues, Published(runs[0][0], venues), expected)
    comparison.run()
    for venue in venues:
        print(f"  {venue.name}: {len(venue.records)} frames, {venue.book.n_updates} updates, "
              f"{venue.book.n_broken} times broken")
    print_pairs(comparison, given)
    wrong = comparison.wrong
    for (name, _), (messages, _), each in zip(cases, runs, expected):
        have = opportunities_of(m for m in messages if m["type"] == "opportunity")
        books = [[m for m in run if m["type"] in BOOKS] for run in (messages, runs[0][0])]
        print(f"  cross_venue, {name}: {len(each.rows)} messages, "
              f"{sum(row[1] == 'open' for row in each.rows)} opened")
        if difference(have, each.rows):
            wrong.append(f"{name}: published and right are {difference(have, each.rows)}")
        if books[0] != books[1]:
            wrong.append(f"{name}: the books are others than with a rebate")
    if wrong or not comparison.n_spreads or not expected[0].rows:
        sys.exit("\n".join([f"{len(wrong)} differences", *wrong[:5], runs[0][1]]))
    print(f"PASS: {comparison.n_prices} best prices, {comparison.n_spreads} spreads, "
          f"{sum(len(each.rows) for each in expected)} messages of opportunities")


if __name__ == "__main__":
    main()

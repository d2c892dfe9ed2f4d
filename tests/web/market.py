"""A scripted market as the dashboard's frames tell it: books that move, crossings that open and close.

The same seed gives the same market. Prices and quantities are integers in units of the last digit
until they are written. Nothing here knows of sockets; frame() is what a client is sent.
"""

import random

PPM = 1_000_000
VENUES = (("binance", 1000), ("bitfinex", 2000), ("bitstamp", 3000), ("bybit", 1000), ("coinbase", 2500),
          ("gemini", 2000), ("kraken", 2600), ("okx", 1000))
BASES = ("BTC ETH SOL XRP ADA DOGE LTC BCH LINK DOT AVAX UNI ATOM XLM ALGO AAVE FIL NEAR APT ARB OP INJ SUI TIA "
         "SEI RUNE MKR SNX CRV COMP GRT SAND MANA AXS CHZ ENJ BAT ZRX KNC STORJ IMX LDO").split()
QUOTES = ("USD", "EUR", "GBP", "USDT")
HOSTILE_SYMBOL = "<img src=x onerror=alert(1)>/USD"
HOSTILE_REASON = "<script>alert('reason')</script>"
HOSTILE_ERROR = "\"'><img src=x onerror=alert('error')> <script>alert('error')</script> &amp; \u202etxt.exe"
SESSION = "0000000000004711"
STEP_MS = 200
LADDER = 25
CLOSED_KEPT = 200
DELAYS_MS = (10, 50, 100, 250, 500, 1000)
LEFT_PPM = (900_000, 680_000, 450_000, 350_000, 320_000, 200_000)
OPEN_PPM, CLOSE_PPM = 300, 100
START_MS = 1_795_847_445_495


def text_of(units, digits):
    """An integer in units of the last digit as the decimal text of the bus: no zeros behind."""
    sign, whole = ("-", -units) if units < 0 else ("", units)
    text = str(whole).rjust(digits + 1, "0")
    head, tail = (text[:-digits], text[-digits:].rstrip("0")) if digits else (text, "")
    return sign + head + ("." + tail if tail else "")


class Instrument:
    def __init__(self, symbol, rng):
        self.symbol = symbol
        self.quote = symbol.split("/")[-1]
        self.digits = rng.choice((2, 3, 4))
        self.mid = rng.randrange(200_000, 9_000_000)  # in units of the last digit
        self.shifted_venue, self.shift_ppm, self.shift_left = None, 0, 0

    def move(self, rng):
        self.mid = max(100_000, self.mid + self.mid * rng.randrange(-60, 61) // PPM)
        if self.shift_left > 0:
            self.shift_left -= 1
            self.shift_ppm = self.shift_ppm if self.shift_left else 0


class Market:
    """The items of the contract by key, each with the version it changed in."""

    def __init__(self, n_books=320, seed=1, is_hostile=True, busy=0.5):
        self.rng = random.Random(seed)
        self.busy, self.is_hostile = busy, is_hostile
        self.version, self.now_ms, self.n_made = 1, START_MS, 0
        self.items, self.versions = {}, {}
        n_symbols = max(1, n_books // len(VENUES))
        names = [f"{base}/{quote}" for quote in QUOTES for base in BASES][:n_symbols]
        if is_hostile:
            names[-1] = HOSTILE_SYMBOL
        self.instruments = {name: Instrument(name, self.rng) for name in names}
        self.fees = dict(VENUES)
        self.open = {}  # symbol -> key of its opportunity
        self.closed = []
        self.samples = {}
        for name in names:
            for venue, _ in VENUES:
                self.make_book(venue, name)
        self.tell_troubles()
        self.tell_all()

    # --- items and frames

    def put(self, key, item):
        if self.items.get(key, False) != item:
            self.items[key], self.versions[key] = item, self.version

    def frame(self, since, wish=None):
        """What is newer than since; the ladder is of the book that this client wishes."""
        items = {key: self.items[key] for key, version in self.versions.items() if version > since
                 and not (since == 0 and self.items[key] is None)}
        if wish is not None:
            items[f"ladder:{wish[0]}:{wish[1]}"] = self.ladder(*wish)
        return {"v": 1, "version": self.version, "at_ms": self.now_ms, "items": items}

    def step(self, passed_ms=STEP_MS):
        self.version += 1
        self.now_ms += passed_ms
        for name, instrument in self.instruments.items():
            instrument.move(self.rng)
            if instrument.shift_left == 0 and self.rng.random() < 0.004:
                self.shift(name, self.rng.choice(VENUES[:5])[0], self.rng.randrange(4_000, 9_000),
                           self.rng.randrange(5, 120))
            for venue, _ in VENUES:
                if self.rng.random() < self.busy:
                    self.make_book(venue, name)
        self.tell_all()

    def shift(self, symbol, venue, ppm, steps):
        """Moves one venue's prices away from all others for so many steps."""
        instrument = self.instruments[symbol]
        instrument.shifted_venue, instrument.shift_ppm, instrument.shift_left = venue, ppm, steps

    # --- books

    def state_of(self, venue, symbol):
        if venue == "bitfinex":
            return "STALE", "disconnected: the peer closed the connection (1006)"
        if self.is_hostile and symbol == HOSTILE_SYMBOL and venue == "bybit":
            return "UNUSABLE", HOSTILE_REASON
        if venue == "gemini" and hash_of(symbol) % 5 == 0:
            return "SYNCING", "waiting for the snapshot"
        return "LIVE", ""

    def make_book(self, venue, symbol):
        state, reason = self.state_of(venue, symbol)
        instrument, rng = self.instruments[symbol], self.rng
        self.n_made += 1
        shift = instrument.shift_ppm if venue == instrument.shifted_venue else 0
        mid = instrument.mid + instrument.mid * (shift + rng.randrange(-150, 151)) // PPM
        half = max(1, mid * rng.randrange(20, 120) // PPM)
        key = f"book:{venue}:{symbol}"
        before = self.items.get(key) or {"updates": 0, "seq": 0}
        is_kraken = venue == "kraken"
        has_prices = state == "LIVE" or (state == "STALE" and before["updates"] > 0)
        verified = "suspect" if state != "LIVE" else "unverifiable" if venue == "bitstamp" else "verified"
        if state == "STALE" and before["updates"] > 0:
            return
        self.put(key, {
            "venue": venue, "symbol": symbol, "state": state, "trading": "open", "verified": verified,
            "verified_levels": 10 if is_kraken else 0 if venue == "bitstamp" else 25,
            "bid": [text_of(mid - half, instrument.digits), self.quantity()] if has_prices or state == "STALE" else None,
            "ask": [text_of(mid + half, instrument.digits), self.quantity()] if has_prices or state == "STALE" else None,
            "n_bids": 25 if is_kraken else rng.randrange(80, 1000), "n_asks": 25 if is_kraken else rng.randrange(80, 1000),
            "changed_ms": self.now_ms, "reason": reason, "session": SESSION,
            "seq": before["seq"] + 1, "updates": before["updates"] + rng.randrange(1, 9)})

    def quantity(self):
        return text_of(self.rng.randrange(1_000, 3_000_000_000), 8)

    def ladder(self, venue, symbol):
        book = self.items.get(f"book:{venue}:{symbol}")
        if book is None:
            return None
        rng, digits = random.Random(book["seq"]), self.instruments[symbol].digits
        sides = {}
        for side, sign in (("bid", -1), ("ask", 1)):
            levels = [book[side]] if book[side] else []
            units = units_of(book[side][0], digits) if levels else 0
            while levels and len(levels) < min(LADDER, book[f"n_{side}s"]):
                units += sign * rng.randrange(1, 1 + max(2, units // 20_000))
                levels.append([text_of(units, digits), text_of(rng.randrange(1_000, 3_000_000_000), 8)])
            sides[side] = levels
        return {"venue": venue, "symbol": symbol, "state": book["state"], "bids": sides["bid"], "asks": sides["ask"],
                "verified_levels": book["verified_levels"]}

    # --- what is told of the books

    def tell_all(self):
        for name in self.instruments:
            self.tell_matrix(name)
        self.tell_venues()
        books = [item for key, item in self.items.items() if key.startswith("book:") and item]
        self.put("host", {
            "name": "demo", "version": "0.9.0", "mode": "host", "started_ms": START_MS - 5_000_000,
            "broker": {"state": "up", "since_ms": START_MS - 4_990_000, "text": "embedded broker"},
            "n_books": len(books), "n_live": sum(book.get("state") == "LIVE" for book in books),
            "events_per_s": 14_000 + self.rng.randrange(2_000), "skipped": 0})

    def tell_venues(self):
        for place, (venue, _) in enumerate(VENUES):
            books = [item for key, item in self.items.items() if key.startswith(f"book:{venue}:")]
            n_live = sum(book["state"] == "LIVE" for book in books)
            state = "silent" if n_live == 0 else "partly" if n_live < len(books) else "live"
            trouble = self.last_trouble(venue)
            self.put(f"venue:{venue}", {
                "name": venue, "state": state, "n_books": len(books), "n_live": n_live,
                "events_per_s": self.rng.randrange(900, 3_000) if n_live else 0,
                "lag_ms": None if venue == "gemini" or not n_live else self.rng.randrange(3 + place * 7, 9 + place * 9),
                "clock_offset_ms": None if venue == "gemini" else (250, -3, -118, 2, 0, 1, 4, -9)[place],
                "clock_error_ms": None if venue == "gemini" else 1 + place % 3,
                "alive_ms": self.now_ms - (40_000 if not n_live else self.rng.randrange(900)),
                "session": SESSION, "last_trouble": trouble, "last_trouble_ms": START_MS - 42_000 if trouble else None})

    def last_trouble(self, venue):
        if venue == "bitfinex":
            return "the peer closed the connection (1006); next attempt in 8 s"
        if venue == "bybit" and self.is_hostile:
            return HOSTILE_ERROR
        if venue == "kraken":
            return "ADA/USD: the venue's checksum does not match; subscribed again"
        return ""

    def tell_troubles(self):
        self.put("trouble:1", {"since_ms": START_MS - 42_000, "severity": "error", "what": "bitfinex",
                               "text": "not connected: the peer closed the connection (1006). None of its books is live."})
        self.put("trouble:2", {"since_ms": START_MS - 9_000, "severity": "warning", "what": "gemini",
                               "text": "8 books wait for their snapshot"})
        if self.is_hostile:
            self.put("trouble:3", {"since_ms": START_MS - 4_000, "severity": "warning", "what": "bybit",
                                   "text": HOSTILE_ERROR})

    def tell_matrix(self, symbol):
        books = [self.items[f"book:{venue}:{symbol}"] for venue, _ in VENUES]
        digits = self.instruments[symbol].digits
        venues = [{"name": book["venue"], "fee_ppm": self.fees[book["venue"]], "state": book["state"],
                   "changed_ms": book["changed_ms"], "bid": book["bid"][0] if is_live(book) else None,
                   "ask": book["ask"][0] if is_live(book) else None} for book in books]
        net = [[self.edge(buy, sell, digits) for sell in venues] for buy in venues]
        self.put(f"matrix:{symbol}", {"symbol": symbol, "quote": self.instruments[symbol].quote, "venues": venues,
                                      "net_ppm": net, "fees_known": True})
        self.follow(symbol, venues, net)

    @staticmethod
    def edge(buy, sell, digits):
        if buy is sell or buy["ask"] is None or sell["bid"] is None:
            return None
        ask, bid = units_of(buy["ask"], digits), units_of(sell["bid"], digits)
        return (bid * (PPM - sell["fee_ppm"]) - ask * (PPM + buy["fee_ppm"])) // ask

    # --- opportunities

    def follow(self, symbol, venues, net):
        """Opens, changes and closes what the matrix of one symbol shows."""
        cells = [(ppm, i, j) for i, row in enumerate(net) for j, ppm in enumerate(row) if ppm is not None]
        best = max(cells, default=None)
        key = self.open.get(symbol)
        if key is None:
            if best is not None and best[0] >= OPEN_PPM:
                self.open_one(symbol, venues[best[1]], venues[best[2]], best[0])
            return
        item = dict(self.items[key])
        names = [venue["name"] for venue in venues]
        ppm = net[names.index(item["legs"][0]["venue"])][names.index(item["legs"][1]["venue"])]
        self.age(item)
        if ppm is None or ppm < CLOSE_PPM:
            self.close_one(symbol, key, item, "gone" if ppm is None or ppm < 0 else "below")
        elif self.rng.random() < 0.3:
            item.update(self.money(item, ppm), event="update", peak_net_ppm=max(ppm, item["peak_net_ppm"]))
        self.put(key, item)

    def age(self, item):
        """What was left of it after the delays that have passed."""
        passed = self.now_ms - item["opened_ms"]
        due = [(delay, left) for delay, left in zip(DELAYS_MS, LEFT_PPM) if delay <= passed]
        if len(due) > len(item["survival"]):
            first = item["survival"]
            more = [{"delay_ms": delay, "net": text_of(self.first_net(item) * left // PPM, 4)}
                    for delay, left in due[len(first):]]
            item["survival"] = first + more
            self.sample(item, due[len(first):])

    def sample(self, item, due):
        pair = (item["legs"][0]["venue"], item["legs"][1]["venue"])
        points = self.samples.setdefault(pair, {delay: [0, 0] for delay in DELAYS_MS})
        for delay, left in due:
            points[delay][0] += 1
            points[delay][1] += left + self.rng.randrange(-60_000, 60_001)
        self.put(f"survival:cross_venue:{pair[0]}:{pair[1]}", {
            "strategy": "cross_venue", "buy": pair[0], "sell": pair[1], "n": points[DELAYS_MS[0]][0],
            "points": [{"delay_ms": delay, "left_ppm": total // n, "n": n}
                       for delay, (n, total) in points.items() if n]})

    @staticmethod
    def first_net(item):
        return units_of(item["curve"][3], 4)

    def money(self, item, net_ppm):
        cost = units_of(item["cost"], 4)
        net = cost * net_ppm // PPM
        gross_ppm = net_ppm + sum(self.fees[leg["venue"]] for leg in item["legs"])
        return {"net": text_of(net, 4), "gross": text_of(cost * gross_ppm // PPM, 4), "net_ppm": net_ppm,
                "gross_ppm": gross_ppm, "proven_net": text_of(net * 7 // 10, 4),
                "curve": [text_of(net * part // 100, 4) for part in (38, 67, 88, 100)]}

    def open_one(self, symbol, buy, sell, net_ppm):
        key = f"opportunity:cross_venue:{SESSION}:{self.version:016d}{len(self.open)}"
        qty, cost = self.quantity(), self.rng.randrange(3_000_000, 900_000_000)
        legs = [{"venue": venue["name"], "symbol": symbol, "side": side, "qty": qty, "limit_px": venue[px]}
                for venue, side, px in ((buy, "buy", "ask"), (sell, "sell", "bid"))]
        item = {"strategy": "cross_venue", "event": "open", "reason": "", "opened_ms": self.now_ms, "closed_ms": None,
                "legs": legs, "cost": text_of(cost, 4), "currency": self.instruments[symbol].quote,
                "peak_net_ppm": net_ppm, "verified": self.weakest(legs),
                "flags": ["absurd"] if net_ppm > 8_000 else [], "lasted_ms": 0, "survival": []}
        item.update(self.money(item, net_ppm))
        self.open[symbol] = key
        self.put(key, item)

    def weakest(self, legs):
        return "unverifiable" if any(leg["venue"] in ("bitstamp", "kraken") for leg in legs) else "verified"

    def close_one(self, symbol, key, item, reason):
        item.update(event="close", reason=reason, closed_ms=self.now_ms, lasted_ms=self.now_ms - item["opened_ms"])
        del self.open[symbol]
        self.closed.append(key)
        if len(self.closed) > CLOSED_KEPT:
            self.put(self.closed.pop(0), None)


def is_live(book):
    return book["state"] == "LIVE" and book["bid"] is not None and book["ask"] is not None


def units_of(text, digits):
    """The integer that a decimal text stands for, in units of the last of so many digits."""
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * int(whole + part[:digits].ljust(digits, "0"))


def hash_of(text):
    """The same in every run, unlike hash()."""
    return sum(text.encode())

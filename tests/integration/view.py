"""What `arbspot view` shows is what the topics say.

Displays show books at the session and sequence they name: the test reads the topics with a client of its own, rebuilds
those books, and computes what each two venues would pay, in exact integers of Python. Opportunities are compared with
their messages, and survival with an average of its own. Then messages come that nobody can read, the venues go away, the
host is killed, the brokers end: each is told in a sentence, and each sentence that is over is taken back.
"""

import json
import os
import subprocess
from collections import defaultdict

import bus as messages
import pipeline
from matrix import edge, fees_of

VENUES = "kraken bitstamp okx binance".split()  # of these, those that are built here
SYMBOLS = ("BTC/USD", "ETH/USD", "XRP/USD")
STRATEGY = "[strategy:cross]\nplugin = cross_venue\nmatrix = 300ms\n"
LADDER = ("kraken", "BTC/USD")
LEVELS = 25
FRAMES = 60  # that are compared
PPM = 1_000_000
EVERY_MS = 200
UNREADABLE = (b'{"v":9,"type":"delta"}', b"\x01<nonsense>")  # what no reader here can make anything of


class Books:
    """The best levels of each book after each of its messages."""

    def __init__(self, bus):
        self.bus = bus
        self.after = {}  # (venue, symbol, session, seq) -> [state, trading, verified, bids, asks, scale]

    def on_opportunity(self, key, value, partition=0):
        if value not in UNREADABLE:
            self.bus.on_opportunity(key, value, partition)

    def on_market_data(self, key, value, partition=0):
        if value in UNREADABLE:
            return
        self.bus.on_market_data(key, value, partition)
        message = json.loads(value)
        book = self.bus.books.get((message.get("venue"), message.get("symbol")))
        if book is not None and message["type"] != "alive":
            n = LEVELS if (message["venue"], message["symbol"]) == LADDER else 1
            bids, asks = (sorted(side.items(), reverse=reverse)[:n] for side, reverse in zip(book.sides, (True, False)))
            self.after[message["venue"], message["symbol"], message["session"], message["seq"]] = [
                message["state"], message["trading"], message["verified"], bids, asks, book.scale,
                sum(map(len, book.sides)), message["recv_ns"]]


class Display:
    """What somebody has who takes every line that a view prints."""

    def __init__(self, program):
        self.program = program
        self.items, self.frames, self.n_bytes = {}, [], 0

    def take(self):
        """Takes the lines that are whole, and gives the frames."""
        with open(self.program.out_path, "rb") as file:
            file.seek(self.n_bytes)
            text = file.read()
        end = text.rfind(b"\n") + 1
        self.n_bytes += end
        return self.put([json.loads(line) for line in text[:end].splitlines()])

    def put(self, frames):
        for frame in frames:
            if frame.get("whole"):
                self.items.clear()
            self.items.update(frame["items"])
            self.items = {key: item for key, item in self.items.items() if item is not None}
            frame["all"] = dict(self.items)
        self.frames += frames
        return frames

    def of(self, kind):
        return {key: item for key, item in self.items.items() if key.split(":")[0] == kind}

    def tells(self, *words):
        self.take()
        return [one for one in self.of("trouble").values() if all(word in one["text"] for word in words)]


def levels_of(pairs, scale):
    return [tuple(messages.scaled(text, scale[i]) for i, text in enumerate(pair)) for pair in pairs]


def expect_book(stage, books, item):
    """True: it was compared."""
    place = item["venue"], item["symbol"], item["session"], item["seq"]
    wanted = books.after.get(place)
    if not stage.expect(wanted, f"{place} is on the topic") or wanted[0] != item["state"]:
        return stage.expect(item["state"] == "STALE", f"{item} and not {wanted}") and False
    state, trading, verified, bids, asks, scale, n_levels, recv_ns = wanted
    stage.expect([trading, recv_ns // 10**6] == [item["trading"], item["changed_ms"]], f"{item} and not {wanted}")
    if state == "LIVE":
        shown = [levels_of([item[name]] if item[name] else [], scale) for name in ("bid", "ask")]
        stage.expect(shown == [bids[:1], asks[:1]], f"{item} and not {bids[:1]}, {asks[:1]}")
        stage.expect(item["verified"] == verified, f"{item} and not {verified}")
        stage.expect(item["n_bids"] + item["n_asks"] == n_levels, f"{item} and not {n_levels} levels")
    else:
        stage.expect(item["bid"] is None and item["ask"] is None, f"{item} has prices")
    return True


def expect_ladder(stage, books, item):
    place = item["venue"], item["symbol"], item["session"], item["seq"]
    wanted = books.after.get(place)
    if stage.expect(wanted, f"{place} is on the topic") and item["state"] == "LIVE":
        shown = [levels_of(item[side], wanted[5]) for side in ("bids", "asks")]
        stage.expect(shown == wanted[3:5], f"{item} and not {wanted}")


def expect_matrix(stage, item, shown, fees):
    """Of the books as they are shown in the same frame."""
    tops = []
    for venue in item["venues"]:
        book = shown[f"book:{venue['name']}:{item['symbol']}"]
        stage.expect([venue[name] for name in ("state", "bid", "ask")] == [book[name] for name in ("state", "bid", "ask")],
                     f"{venue} and not {book}")
        scale = (18, 18)
        bid, ask = ([levels_of([venue[name]], scale)[0] if venue[name] else None][0] for name in ("bid", "ask"))
        tops.append([None, None, None, bid, ask])
    names = [venue["name"] for venue in item["venues"]]
    known = [venue["fee_ppm"] is not None for venue in item["venues"]]
    stage.expect(item["fees_known"] == all(known), f"{item}: fees")
    for i, venue in enumerate(item["venues"]):
        stage.expect(venue["fee_ppm"] in (None, fees[names[i]]), f"{venue}: fee {fees}")
    for i, buy in enumerate(names):
        for j, sell in enumerate(names):
            gross, net = [None, None] if i == j else edge(tops[i], tops[j], (fees[buy], fees[sell]))
            wanted = net if known[i] and known[j] else gross
            stage.expect(item["net_ppm"][i][j] == wanted, f"{buy} to {sell}: not {wanted}: {item}")


def has_ladder_alone(frame):
    return all(key.startswith("ladder:") for key in frame["items"])


def is_compared(books, kind, item, may_lack):
    """What a host shows of its own may be conflated on its way to the topic."""
    place = tuple(item.get(name) for name in ("venue", "symbol", "session", "seq"))
    return kind not in ("book", "ladder") or not may_lack or place in books.after


def expect_frames(stage, books, display, fees, may_lack=False):
    counts = defaultdict(int)
    for frame in display.frames:
        for key, item in frame["items"].items():
            kind = key.split(":")[0]
            if item is None:
                continue
            counts[kind] += 1
            if not is_compared(books, kind, item, may_lack):
                continue
            if kind == "book":
                counts["compared"] += expect_book(stage, books, item)
            elif kind == "ladder":
                expect_ladder(stage, books, item)
            elif kind == "matrix":
                expect_matrix(stage, item, frame["all"], fees)
    gaps = [b["at_ms"] - a["at_ms"] for a, b in zip(display.frames, display.frames[1:])]
    stage.expect(min(gaps) >= EVERY_MS - 5, f"at most five times a second: {sorted(gaps)[:3]}")
    rises = all(a["version"] < b["version"] or has_ladder_alone(b) and a["version"] == b["version"]
                for a, b in zip(display.frames, display.frames[1:]))
    stage.expect(rises, "versions rise, unless only the ladder was asked for")
    stage.expect(counts["compared"] * 10 > counts["book"] * 9, f"most are compared: {dict(counts)}")
    stage.figure("items", " ".join(f"{kind}={n}" for kind, n in sorted(counts.items())))


def in_ppm(bps):
    return messages.scaled(bps.lstrip("-"), 2) * (-1 if bps[0] == "-" else 1)


def expect_opportunities(stage, bus, display):
    """Each as its last message says, in the end of its life."""
    last, peak = {}, {}
    for message in bus.opportunities:
        key = f"opportunity:{message['strategy']}:{message['session']}:{message['id']}"
        last[key] = message
        peak[key] = max(peak.get(key, -PPM), in_ppm(message["net_bps"]))
    shown = display.of("opportunity")
    stage.expect(set(shown) == set(last), f"{len(shown)} shown of {len(last)}")
    for key, message in last.items():
        item = shown.get(key, {})
        for name in ("event", "strategy", "currency", "cost", "gross", "net"):
            stage.expect(item.get(name) == message[name], f"{name}: {item} and not {message}")
        stage.expect(item.get("net_ppm") == in_ppm(message["net_bps"]) and item["peak_net_ppm"] == peak[key],
                     f"net: {item} and not {message}")
        stage.expect(item.get("reason") == message.get("reason"), f"reason: {item} and not {message}")
        stage.expect(item.get("curve") == message.get("curve"), f"curve: {item} and not {message}")
        wanted = [[leg["venue"], leg["symbol"], leg["side"], leg["qty"], leg["limit"]] for leg in message["legs"]]
        legs = [[leg[name] for name in ("venue", "symbol", "side", "qty", "limit_px")] for leg in item.get("legs", [])]
        stage.expect(legs == wanted, f"legs: {item} and not {message}")
        if "duration_ms" in message:
            stage.expect(item["lasted_ms"] == float(message["duration_ms"]), f"lasted: {item} and not {message}")
    stage.figure("opportunities", len(last))


def in_micros(text):
    return messages.scaled(text.lstrip("-"), 18) * (-1 if text[0] == "-" else 1)


def curves_of(bus):
    """(strategy, buy, sell) -> delay in microseconds, or 0 for latencies -> [their delays, shares in ppm]"""
    curves = defaultdict(lambda: defaultdict(lambda: ([], [])))
    for message in bus.survivals:
        pair = message["strategy"], message["legs"][0]["venue"], message["legs"][-1]["venue"]
        share = []
        if message["known"]:
            whole = in_micros(message["of_net"])
            left = max(-whole, min(whole, in_micros(message["net"])))
            ppm = abs(left) * PPM // whole
            share = [-ppm if left < 0 else ppm]
        delay_us = messages.scaled(message["delay_ms"], 3)
        delays, shares = curves[pair][0 if message["latency"] else delay_us]
        delays.append(delay_us)
        shares += share
    return curves


def are_curves_shown(bus, display):
    display.take()
    shown = display.of("survival")
    wanted = bus.snapshot_of(lambda: curves_of(bus))
    if {f"survival:{':'.join(pair)}" for pair in wanted} != set(shown):
        return False
    for pair, curve in wanted.items():
        points = {(point["latency"], point["delay_ms"]): (point["n"], point["left_ppm"])
                  for point in shown[f"survival:{':'.join(pair)}"]["points"]}
        own = {(delay == 0, sum(delays) // len(delays) / 1000):
               (len(shares), int(sum(shares) / len(shares)) if shares else None)
               for delay, (delays, shares) in curve.items()}
        if points != own:
            return False
    return len(wanted) > 0


def produce(stage, brokers, topic, value):
    subprocess.run([stage.options.kcat, "-P", "-b", brokers, "-t", topic, "-k", "BTC/USD"], input=value, check=True,
                   timeout=stage.limit(20))


def try_what_is_wrong(stage, display, brokers, sim):
    """Each has a begin and an end."""
    produce(stage, brokers, "market-data", UNREADABLE[0])
    produce(stage, brokers, "arbitrage-opportunities", UNREADABLE[1])
    for words in ("messages of books that could not be read", "messages of opportunities that could not be read"):
        pipeline.poll(lambda: display.tells(words, "not known here: 1"), stage.limit(10), f"told: {words}")
    stage.expect(display.items["host"]["skipped"] == 2, f"counted: {display.items['host']}")
    sim.stop()
    for venue in VENUES:
        pipeline.poll(lambda: display.tells(f"3 of 3 books of {venue} are not LIVE", "is STALE ("), stage.limit(20),
                      f"told: the books of {venue}")
    stage.expect(all(venue["state"] == "partly" for venue in display.of("venue").values()), f"{display.of('venue')}")


def leave_one_open(stage, bus, brokers):
    """Of a run that nobody hears of. The item's key."""
    message = next(one for one in reversed(bus.opportunities) if one["event"] == "open")
    message = {**message, "session": "00000000000000ff", "id": "00000000000000aa"}
    produce(stage, brokers, "arbitrage-opportunities", json.dumps(message, separators=(",", ":")).encode())
    return f"opportunity:{message['strategy']}:{message['session']}:{message['id']}"


def try_death(stage, bus, display, brokers, broker, host):
    left = leave_one_open(stage, bus, brokers)
    pipeline.poll(lambda: display.take() is not None and left in display.items, stage.limit(5), "what is left open")
    stage.expect(display.items[left]["event"] == "open", f"{display.items[left]}")
    host.process.kill()
    host.process.wait()
    for venue in VENUES:
        pipeline.poll(lambda: display.tells(f"the host that watches {venue} is silent"), stage.limit(6),
                      f"told: {venue} is silent")
    stage.expect(not display.tells("are not LIVE"), f"one sentence of each: {display.of('trouble')}")
    stage.expect(all(book["bid"] is None for book in display.of("book").values()), "no price of what is silent")
    pipeline.poll(lambda: display.take() is not None and display.items[left]["reason"] == "abandoned", stage.limit(15),
                  "that nobody looks after it is seen")
    broker.stop()
    pipeline.poll(lambda: display.tells("no Kafka broker can be reached"), stage.limit(30), "told: no broker")
    pipeline.poll(lambda: not display.tells("is silent"), stage.limit(5), "and that this is why")
    stage.expect(display.items["host"]["broker"]["state"] == "down", f"{display.items['host']}")


def expect_whole(stage, brokers, config):
    """One line has all; with the file its fees are known though no matrix was heard of."""
    whole = stage.call("view", "-b", brokers, "-c", config, "-t", "nothing-comes-here", "--whole", "-d", "4s",
                       LC_ALL="C")
    lines = whole.stdout.splitlines()
    if not stage.expect(whole.returncode == 0 and len(lines) == 1, f"one line: {whole.stderr[-300:]} {len(lines)}"):
        return
    items = json.loads(lines[0])["items"]
    stage.expect({f"book:{venue}:{symbol}" for venue in VENUES for symbol in SYMBOLS} <= set(items), f"{list(items)}")
    stage.expect(all(items[f"matrix:{symbol}"]["fees_known"] for symbol in SYMBOLS), "fees of the file")
    stage.expect([items[key]["text"].split(":")[0] for key in items if key.startswith("trouble")] ==
                 ["opportunities cannot be read"], f"troubles: {[items[key] for key in items if 'trouble' in key]}")


def use_what_is_built(stage):
    """Some builds have two exchanges only."""
    VENUES[:] = [name for name in VENUES if os.path.exists(os.path.join(stage.options.plugins, name + ".so"))]
    stage.expect(len(VENUES) >= 2, f"at least two exchanges are built: {VENUES}")


def suite(stage):
    use_what_is_built(stage)
    sim = stage.simulator("--venues", ",".join(VENUES), "--divergence-every", "700ms")
    brokers = stage.broker()
    broker = stage.programs[-1]
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers).split("[strategy")[0] + STRATEGY
    config = stage.write("view.ini", text)
    bus = messages.Bus()
    books = Books(bus)
    host = stage.host(config)
    stage.read_topic(brokers, "market-data", books.on_market_data)
    stage.read_topic(brokers, "arbitrage-opportunities", books.on_opportunity)
    display = Display(stage.start("view", [stage.options.arbspot, "view", "-b", brokers, "-l", ":".join(LADDER)]))
    pipeline.poll(lambda: display.take() is not None and len(display.frames) >= FRAMES, stage.limit(40), "frames")
    stage.expect(not display.of("trouble"), f"nothing is wrong: {display.of('trouble')}")
    stage.expect(display.items["host"]["n_live"] == len(VENUES) * len(SYMBOLS), f"{display.items['host']}")
    expect_whole(stage, brokers, config)
    display.take()
    seen = len(display.frames)
    pipeline.poll(lambda: display.take() is not None and len(display.frames) > seen + 5, stage.limit(10), "more frames")
    expect_frames(stage, books, display, fees_of(text))
    try_what_is_wrong(stage, display, brokers, sim)
    pipeline.poll(lambda: are_curves_shown(bus, display), stage.limit(10), "survival is the average of its messages")
    expect_opportunities(stage, bus, display)
    try_death(stage, bus, display, brokers, broker, host)
    stage.expect(display.program.stop() == 0, "an interrupted one ends with 0")
    stage.expect("\x1b" not in display.program.out(), "for terminals, too")


if __name__ == "__main__":
    pipeline.main(suite)

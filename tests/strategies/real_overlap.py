#!/usr/bin/env python3
"""A spot pair and its perpetual, recorded at the same time by one clock, seen as two venues of one instrument: every
opportunity that cross_venue opens, updates and closes in `arbspot replay`, and what was left of it later, has to be what
overlap_oracle.py makes of the same frames. Shares no code with arbspot.

    real_overlap.py ARBSPOT PLUGIN SYMBOL SPOT PERPETUAL [--whole]

SPOT and PERPETUAL are recordings of Binance, as cryptofeed text or as hftbacktest's gzip; of these the depth frames and
the REST book of SYMBOL count. With --whole the last level of each side of the REST books is left out, so that they do
not look cut off: levels beyond them are then taken as they come, and the books never run out.

The perpetual costs another price than the pair: what stands here is the basis, and no profit. Steps and minimums are
those that the venue had in August 2024, from memory.

Each setting runs once, and publishes every change; the one with most opens runs four times more: the same again, from
recordings in pieces and with the exchanges in another order, with a clock at half the speed, where all has to take twice
as long, and with the usual interval between updates.
"""
import argparse
import copy
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from decimal import Decimal

from overlap_oracle import NS_PER_MS, PPM, PX_SCALE, QTY_SCALE, Book, Oracle, scaled

LEVELS_MAX = 1000  # of a REST book
DELAYS_MS = (10, 50, 100, 250, 500, 1000)
BEFORE_NS = 10**9  # the catalogs come that long before the first frame
PIECES = 3
US_PER_MS = 1000
INTERVAL_MS = 100  # between updates, as usual
DIFFERENCES_SHOWN = 3


class Exchange:
    """One of the two: what it demands, and its frames as (ns, is it the REST book, text)."""

    def __init__(self, name, symbol, path):
        filters = FILTERS[name][symbol.split("/")[0]]
        self.name, self.symbol, self.spelled = name, symbol, symbol.replace("/", "")
        self.lot, self.min_qty = scaled(filters["step"], QTY_SCALE), scaled(filters["step"], QTY_SCALE)
        self.min_notional = scaled(filters["notional"], PX_SCALE)
        self.filters, self.frames = filters, list(frames_of(path, self.spelled))

    def trim(self):
        """The REST book without the last level of each side."""
        for i, (ns, is_rest, text) in enumerate(self.frames):
            if is_rest:
                rest = json.loads(text)
                rest["bids"].pop()
                rest["asks"].pop()
                self.frames[i] = (ns, True, json.dumps(rest, separators=(",", ":")))

    def rest_url(self):
        return "https://rest/fapi/v1" if self.name == "perpetual" else "https://rest/api/v3"

    def catalog(self):
        base, quote = self.symbol.split("/")
        row = {"symbol": self.spelled, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": self.filters["tick"]},
            {"filterType": "LOT_SIZE", "stepSize": self.filters["step"], "minQty": self.filters["step"]},
            {"filterType": "NOTIONAL", "minNotional": self.filters["notional"]} if self.name == "spot" else
            {"filterType": "MIN_NOTIONAL", "notional": self.filters["notional"]}]}
        return json.dumps({"symbols": [{**row, "contractType": "PERPETUAL"} if self.name == "perpetual" else row]})


FILTERS = {"spot": {"BTC": {"tick": "0.01", "step": "0.00001", "notional": "5"},
                    "ETH": {"tick": "0.01", "step": "0.0001", "notional": "5"}},
           "perpetual": {"BTC": {"tick": "0.1", "step": "0.001", "notional": "100"},
                         "ETH": {"tick": "0.01", "step": "0.001", "notional": "20"}}}


def frames_of(path, spelled):
    """(ns, is it the REST book, text) of either format."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            found = re.match(r"(?:(https://\S+) -> )?(\d+)(?:\.(\d{9}):)? (\{.*)$", line)
            if not found:
                continue
            url, whole, fraction, text = found.groups()
            is_rest = '"lastUpdateId"' in text[:40]
            is_ours = url is None or f"symbol={spelled}" in url
            if is_rest and is_ours or f'"{spelled.lower()}@depth@' in text[:60]:
                yield int(whole + (fraction or "")), is_rest, text


# -- settings ----------------------------------------------------------------------------------------------------------


class Setting:
    """Numbers for the oracle, and their text for the INI."""

    def __init__(self, name, fees=(0, 0), min_net=0, hysteresis=0, max_notional=None, min_notional=None):
        self.name, self.min_net, self.hysteresis = name, min_net, hysteresis
        self.fees = dict(zip(NAMES, fees))
        self.max_notional, self.min_notional = (amount and amount * 10**PX_SCALE for amount in (max_notional, min_notional))
        self.delays_ms, self.interval_ms = DELAYS_MS, 0

    def options(self):
        cap = "" if self.max_notional is None else f"max_notional = {self.max_notional // 10**PX_SCALE}\n"
        return (f"min_net = {bps(self.min_net)}bp\nhysteresis = {bps(self.hysteresis)}bp\n{cap}"
                f"update_interval = {self.interval_ms}ms\nsurvival = {', '.join(f'{each}ms' for each in self.delays_ms)}\n")


NAMES = ("spot", "perpetual")
REAL_FEES = (1000, 500)  # ppm, of each


def settings_for(basis):
    """`basis`, in ppm, is what is earned about half of the time before fees."""
    return [Setting("real fees", REAL_FEES),
            Setting("no fees"),
            Setting("no fees, min_net 0.5 bp", min_net=50),
            Setting("no fees, min_net 1 bp", min_net=100),
            Setting("no fees, min_net at the basis", min_net=basis),
            Setting("the same, hysteresis 0.3 bp", min_net=basis, hysteresis=30),
            Setting("the same, max_notional 25,000", min_net=basis, max_notional=25000),
            Setting("the same, min_notional 20,000", min_net=basis, min_notional=20000),
            Setting("real fees, watched at the basis", REAL_FEES, min_net=basis - sum(REAL_FEES)),
            Setting("the same, hysteresis 0.3 bp", REAL_FEES, min_net=basis - sum(REAL_FEES), hysteresis=30)]


def bps(ppm):
    return f"{Decimal(ppm) / 100:f}"


# -- the host ----------------------------------------------------------------------------------------------------------


def ini(exchanges, plugin, setting):
    symbol = exchanges[0].symbol
    rows = ["[host]\npublish_depth = 0\n\n[kafka]\nbrokers = embedded\n"]
    for each in exchanges:
        market = "usdm" if each.name == "perpetual" else "spot"
        rows.append(f"[exchange:{each.name}]\nplugin = {os.path.abspath(plugin)}\nsymbols = {symbol}\nmarket = {market}\n"
                    f"taker_fee = {bps(setting.fees[each.name])}bp\nsnapshot_levels = {LEVELS_MAX}\nack_timeout = 60s\n"
                    "catalog_age = 1d\n")
    minimums = [f"min_notional.{name} = {setting.min_notional // 10**PX_SCALE}\n" for name in NAMES
                if setting.min_notional]
    rows.append(f"[instrument:{symbol}]\npx_scale = {PX_SCALE}\nqty_scale = {QTY_SCALE}\n"
                f"venue_symbol.perpetual = {symbol.replace('/', '')}\n{''.join(minimums)}")
    rows.append(f"[strategy:cross_venue]\n{setting.options()}")
    return "\n".join(rows)


def write(exchange, folder, start_ns, slowness, n_pieces):
    """The recording, each time as long after the start as it was, times `slowness`; returns the operands."""
    frames = [(start_ns, "catalog", exchange.catalog()), *exchange.frames]
    size, operands = -(-len(frames) // n_pieces), []
    for first in range(0, len(frames), size):
        operands.append(os.path.join(folder, f"{exchange.name}.{first}.txt"))
        with open(operands[-1], "w", encoding="utf-8") as out:
            for ns, kind, text in frames[first:first + size]:
                url = {"catalog": "/exchangeInfo", True: f"/depth?symbol={exchange.spelled}"}.get(kind)
                head = f"{exchange.rest_url()}{url} -> " if url else ""
                at_ns = start_ns + (ns - start_ns) * slowness
                out.write(f"{head}{at_ns // 10**9}.{at_ns % 10**9:09d}: {text}\n")
    return [f"{exchange.name}={path}" for path in reversed(operands)]


def replay(arguments, exchanges, setting, slowness=1, n_pieces=1):
    """Opportunities and survival messages, as text."""
    start_ns = min(each.frames[0][0] for each in exchanges) - BEFORE_NS
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "overlap.ini")
        with open(config, "w", encoding="ascii") as out:
            out.write(ini(exchanges, arguments.plugin, setting))
        operands = [each for exchange in exchanges for each in write(exchange, folder, start_ns, slowness, n_pieces)]
        with open(os.path.join(folder, "errors"), "w+", encoding="utf-8") as errors:
            with subprocess.Popen([arguments.arbspot, "replay", "--config", config, *operands], text=True,
                                  stdout=subprocess.PIPE, stderr=errors) as run:
                said = [line for line in run.stdout if line.startswith(SAID)]
            errors.seek(0)
            told = errors.read()
    if run.returncode not in (0, 1) or "strategy=cross_venue" not in told:
        sys.exit(f"replay: exit {run.returncode}\n{told}")
    return said, told


SAID = ('{"v":2,"type":"opportunity"', '{"v":2,"type":"survival"')


def money(text):
    return scaled(text, PX_SCALE)


def row_of(message, of_id):
    """As the oracle has it."""
    buy, sell = message["legs"]
    what = {"qty": scaled(buy["qty"], QTY_SCALE), "buy_px": money(buy["limit"]), "sell_px": money(sell["limit"]),
            "buy_fee": money(buy["fee"]), "sell_fee": money(sell["fee"]),
            **{name: money(message[name]) for name in ("cost", "proceeds", "gross", "net", "proven_net")},
            "net_ppm": scaled(message["net_bps"], 2), "curve": tuple(money(each) for each in message["curve"]),
            "proven_qty": scaled(message["proven_qty"], QTY_SCALE)}
    if message["event"] == "close":
        what |= {"reason": message["reason"], "duration_us": scaled(message["duration_ms"], 3),
                 "peak_net": money(message["peak_net"]), "mean_qty": scaled(message["mean_qty"], QTY_SCALE)}
    number = of_id.setdefault(message["id"], len(of_id) + 1)
    return (message["detect_ns"], message["event"], number, buy["venue"], sell["venue"], what)


def rest_of(message, of_id):
    known, delay_ms = message["known"], Decimal(message["delay_ms"])
    if message["latency"] or message["waited_ms"] != message["delay_ms"]:
        sys.exit(f"looked at at another time: {message}")
    return (message["detect_ns"], of_id[message["id"]], int(delay_ms), known,
            scaled(message["qty"], QTY_SCALE), money(message["net"]), scaled(message["of_qty"], QTY_SCALE),
            money(message["of_net"]))


def rows_of(said):
    messages, of_id = [json.loads(line) for line in said], {}
    rows = [row_of(each, of_id) for each in messages if each["type"] == "opportunity"]
    return rows, [rest_of(each, of_id) for each in messages if each["type"] == "survival"]


# -- the comparison ----------------------------------------------------------------------------------------------------


def frames_in_order(exchanges):
    rows = sorted(((ns, i, is_rest, text) for i, each in enumerate(exchanges) for ns, is_rest, text in each.frames),
                  key=lambda row: row[:2])
    for ns, i, is_rest, text in rows:
        frame = json.loads(text)
        yield ns, exchanges[i].name, is_rest, frame.get("data", frame)


def compute(exchanges, settings):
    """What has to come of each setting, in one pass through the frames; and the books."""
    books = {each.name: Book(LEVELS_MAX) for each in exchanges}
    oracles, spreads = [Oracle(each, {one.name: one for one in exchanges}) for each in settings], []
    for ns, name, is_rest, frame in frames_in_order(exchanges):
        for oracle in oracles:
            oracle.rest_before(ns, books)
        changed = books[name].seed(frame) or True if is_rest else books[name].take(frame)
        for oracle in oracles if changed and all(book.sides for book in books.values()) else ():
            oracle.look(ns, books)
        spreads += spread_of(books)
    for oracle in oracles:
        oracle.rest_before(ns + 1, books)
        oracle.end(ns)
    return oracles, books, spreads


def spread_of(books):
    """What a unit bought as perpetual earns as spot, before fees, in ppm; nothing while that is not known."""
    if not all(book.is_live for book in books.values()):
        return []
    bid, ask = next(books["spot"].sides[0].levels())[0], next(books["perpetual"].sides[1].levels())[0]
    return [(bid - ask) * PPM // ask]


def differences(name, have, want):
    out = [f"{name}: {len(have)} rows instead of {len(want)}"] if len(have) != len(want) else []
    for one, other in zip(have, want):
        if one != other:
            out.append(f"{name}: published {one}\n    and right is {other}")
    return out


def timeless(rows, rests):
    """Without times, durations and what their rounding decides."""
    bare = [(*row[1:5], {k: v for k, v in row[5].items() if k not in ("duration_us", "mean_qty")}) for row in rows]
    return bare, sorted(each[1:2] + each[3:] for each in rests), [row[5]["duration_us"] for row in rows if row[1] == "close"]


def said_of(rows, number, ns):
    """The last that was said of one by then."""
    return [row for row in rows if row[2] == number and row[0] <= ns][-1]


def check_interval(arguments, exchanges, setting, rows):
    """
    With the usual interval between updates opens and closes are the same, an update tells what is so then and does not
    come too early, and what stays so for the interval is told. Timers go by the millisecond.
    """
    rare = copy.copy(setting)
    rare.interval_ms = INTERVAL_MS
    have = rows_of(replay(arguments, exchanges, rare)[0])[0]
    wrong = differences("rare updates", [row[:5] for row in have if row[1] != "update"],
                        [row[:5] for row in rows if row[1] != "update"])
    for row in (row for row in have if row[1] == "update"):
        before, so = said_of(have, row[2], row[0] - 1), said_of(rows, row[2], row[0])
        if so[5] != row[5] or row[0] - before[0] < INTERVAL_MS * NS_PER_MS:
            wrong.append(f"rare updates: {row} comes behind {before}, and so is {so}")
    for row, later in ((row, row[0] + (INTERVAL_MS + 1) * NS_PER_MS) for row in rows if row[1] != "close"):
        if said_of(rows, row[2], later) == row and later < rows[-1][0] and said_of(have, row[2], later)[5] != row[5]:
            wrong.append(f"rare updates: {row} is not told")
    return wrong


def check_stability(arguments, exchanges, setting, said):
    """The same again; in pieces, in another order; and at half the speed."""
    wrong = [] if replay(arguments, exchanges, setting)[0] == said else ["the same again gives other bytes"]
    rows, rests = rows_of(said)
    pieces = rows_of(replay(arguments, exchanges[::-1], setting, n_pieces=PIECES)[0])
    wrong += differences("in pieces", pieces[0], rows) + differences("in pieces", pieces[1], rests)
    slow = copy.copy(setting)
    slow.delays_ms = [2 * each for each in DELAYS_MS]
    bare, stretched = timeless(rows, rests), timeless(*rows_of(replay(arguments, exchanges, slow, slowness=2)[0]))
    wrong += differences("half speed", stretched[0], bare[0]) + differences("half speed", stretched[1], bare[1])
    return wrong + differences("half speed", [each // 2 for each in stretched[2]], bare[2])


# -- the report --------------------------------------------------------------------------------------------------------


def percent(part, whole):
    return f"{100 * part / whole:5.1f}" if whole else "    -"


def share(net, of_net):
    return min(max(net / of_net, 0), 1) if of_net > 0 else 0


def print_curve(rests):
    for delay_ms in DELAYS_MS:
        known = [each for each in rests if each[2] == delay_ms and each[3]]
        paying, kept = sum(each[5] > 0 for each in known), sum(share(each[5], each[7]) for each in known)
        there = sum(each[4] / each[6] for each in known)
        print(f"      {delay_ms:5} ms: {len(known):5} known, still pays {percent(paying, len(known))} %, of its net "
              f"{percent(kept, len(known))} %, of its size {percent(there, len(known))} %")


def print_setting(setting, rows, rests):
    closes = [row[5] for row in rows if row[1] == "close"]
    ended = sorted(each["duration_us"] / US_PER_MS for each in closes if each["reason"] != "shutdown")
    reasons = {}
    for each in closes:
        reasons[each["reason"]] = reasons.get(each["reason"], 0) + 1
    print(f"  {setting.name}: min_net {bps(setting.min_net)} bp, {len(closes)} opened, {len(rows)} messages; closed "
          f"{', '.join(f'{n} {reason}' for reason, n in sorted(reasons.items())) or 'none'}")
    if ended:
        print(f"      lasted, ms: median {statistics.median(ended):.1f}, p90 {ended[len(ended) * 9 // 10]:.1f}, longest "
              f"{ended[-1]:.1f}")
    if rests:
        print_curve(rests)


def main():
    parser = argparse.ArgumentParser()
    for name in ("arbspot", "plugin", "symbol", "spot", "perpetual"):
        parser.add_argument(name)
    parser.add_argument("--whole", action="store_true")
    arguments = parser.parse_args()
    exchanges = [Exchange(name, arguments.symbol, getattr(arguments, name)) for name in NAMES]
    for each in exchanges if arguments.whole else ():
        each.trim()
    _, books, spreads = compute(exchanges, [])
    basis = int(statistics.median_low(spreads))
    settings = settings_for(basis)
    oracles, books, _ = compute(exchanges, settings)
    for name, book in books.items():
        print(f"  {name}: {book.n_diffs} diffs, {'good at the end' if book.is_live else book.why}")
    wrong, busiest, said = [], None, None
    for oracle in oracles:
        its, told = replay(arguments, exchanges, oracle.setting)
        rows, rests = rows_of(its)
        found = differences(oracle.setting.name, rows, oracle.rows)
        found += differences(oracle.setting.name + ", survival", rests, oracle.rests)
        print_setting(oracle.setting, rows, rests)
        wrong += found
        if busiest is None or oracle.n > busiest.n:
            busiest, said = oracle, its
    wrong += check_stability(arguments, exchanges, busiest.setting, said)
    wrong += check_interval(arguments, exchanges, busiest.setting, busiest.rows)
    if wrong or not busiest.n:
        sys.exit("\n".join([f"{len(wrong)} differences", *wrong[:DIFFERENCES_SHOWN], told]))
    print(f"PASS: {sum(len(each.rows) for each in oracles)} messages of opportunities, "
          f"{sum(len(each.rests) for each in oracles)} of survival, with {len(settings)} settings")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The books that Binance diffs and REST books add up to, by the venue's own rules. Shares no code with
the plugin.

    binance_books.py LEVELS RECORDING...      cryptofeed text; LEVELS a side is the most a REST book shows

Diffs that the REST book contains (u <= lastUpdateId) are left out; the first of the others has to begin
no later than behind it, or to name it in pu; each other one has to follow the one before, by U or by
pu. A side of the REST book with LEVELS levels ends there, and what is beyond is not known. Prints each
book whole: symbol, side, price, amount, best first.
"""
import json
import re
import sys
from decimal import Decimal


def texts(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            yield from (line.rstrip("\n").split(": ", 1) for line in lines if ": {" in line)


def read(paths):
    seeds, diffs = {}, {}
    for head, text in texts(paths):
        found = re.search(r"/depth\?symbol=(\w+)", head)
        if found:
            seeds[found.group(1)] = json.loads(text)
        elif '"depthUpdate"' in text[:100]:
            event = json.loads(text)
            event = event.get("data", event)
            diffs.setdefault(event["s"], []).append(event)
    return seeds, diffs


def behind(seed, diffs):
    """The diffs that act on the seed, all linked."""
    last, acting = seed["lastUpdateId"], [d for d in diffs if d["u"] > seed["lastUpdateId"]]
    for nth, diff in enumerate(acting):
        is_linked = diff["U"] <= last + 1 if nth == 0 or "pu" not in diff else False
        if not is_linked and diff.get("pu") != last:
            sys.exit(f"{diff['s']}: a diff is missing before {diff['U']}")
        last = diff["u"]
    return acting


def side_of(seed, diffs, names, limit):
    shown = {Decimal(price): Decimal(amount) for price, amount in seed[names[0]]}
    is_bids = names[0] == "bids"
    edge = (min if is_bids else max)(shown) if len(shown) >= limit else None
    for price, amount in (level for diff in diffs for level in diff[names[1]]):
        price = Decimal(price)
        if edge is None or (price >= edge if is_bids else price <= edge):
            shown[price] = Decimal(amount)
    return sorted(((p, a) for p, a in shown.items() if a > 0), reverse=is_bids)


def main():
    seeds, diffs = read(sys.argv[2:])
    for symbol in sorted(seeds):
        acting = behind(seeds[symbol], diffs.get(symbol, []))
        for names in (("bids", "b"), ("asks", "a")):
            for price, amount in side_of(seeds[symbol], acting, names, int(sys.argv[1])):
                print(symbol, names[0], price, amount)


if __name__ == "__main__":
    main()

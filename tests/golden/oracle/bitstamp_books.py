#!/usr/bin/env python3
"""The books that Bitstamp messages add up to, by the venue's own rules. Shares no code with the
plugin and keeps whole histories instead of a running state.

    bitstamp_books.py diff   SNAPSHOT STREAM          a REST book (group=1), diff_order_book_ frames
    bitstamp_books.py orders SNAPSHOT STREAM          a REST book (group=2), live_orders_ frames

SNAPSHOT holds one JSON text, STREAM one frame a line. Prints the best 20 levels a side, best first.

diff    A level has the amount that the newest diff with a microtimestamp above the REST book's gives
        it, else the REST book's. An amount of zero, however it is spelled, is no level, and neither
        is a price of zero.
orders  Each event names the one before it in pre_event_id; a stream that does not is refused. An
        order is what its newest event says: deleted, or resting with amount_str. Events carry whole
        milliseconds. When the newest event of all is newer than the REST book, events count whatever
        their time; else the REST book shows the result of those before its millisecond, and of these
        only deletions count. An order without a counting event is what the REST book says.
        price_str of an event with amount_traded is the price of the trade, so a known order keeps its
        own. Subtypes 2 (market), 4 (immediate or cancel) and 6 (fill or kill) never rest, nor do orders
        at price 0, nor those whose order_source is not "orderbook" (they wait for a trigger).
        The REST book may hold orders that are gone: while the book is crossed, of those that no event
        told of and that cross, the oldest goes, on the side where fewer cross, bids if the older one
        is among them and as many cross; only the end is looked at. An order told of in the last 100 ms
        that crosses is being matched, and in no level.
"""
import json
import sys
from collections import defaultdict
from decimal import Decimal

LEVELS = 20
MATCH_US = 100_000


def frames(path):
    with open(path, encoding="ascii") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def book_of_diffs(snapshot, stream):
    made = int(snapshot["microtimestamp"])
    diffs = [f["data"] for f in stream if f["event"] == "data"]
    diffs = sorted((d for d in diffs if int(d["microtimestamp"]) > made),
                   key=lambda d: int(d["microtimestamp"]))
    book = {}
    for side in ("bids", "asks"):
        levels = {}
        for source in [snapshot] + diffs:
            levels.update((Decimal(price), Decimal(amount)) for price, amount in source[side])
        book[side] = {p: a for p, a in levels.items() if p > 0 and a > 0}
    return book


def check_chain(events):
    for before, after in zip(events, events[1:]):
        if after["pre_event_id"] != before["event_id"]:
            sys.exit("an event is missing before " + after["event_id"])
    return events


def orders_of_snapshot(snapshot):
    orders = {}
    for side in ("bids", "asks"):
        for price, amount, order_id in snapshot[side]:
            orders[int(order_id)] = {"side": side, "price": Decimal(price),
                                     "amount": Decimal(amount), "told": None}
    return orders


def counting(events, made):
    """The events that say something the REST book does not, oldest first."""
    if not events:
        return []
    is_all = int(events[-1]["data"]["microtimestamp"]) > made
    return [e for e in events if e.get("order_source", "orderbook") == "orderbook" and
            (is_all or e["event"] == "order_deleted" or
             int(e["data"]["microtimestamp"]) >= made // 1000 * 1000)]


def order_after(event, known):
    data = event["data"]
    price = Decimal(data["price_str"])
    if known is not None and Decimal(data.get("amount_traded", "0")) > 0:
        price = known["price"]
    never_rests = data.get("order_subtype") in (2, 4, 6) or price == 0
    return {"side": "asks" if data["order_type"] else "bids", "price": price,
            "amount": Decimal(0) if never_rests else Decimal(data["amount_str"]),
            "told": int(data["microtimestamp"])}


def crossing(orders):
    """Of each side the ids of the orders that cross the best price of the other."""
    resting = {i: o for i, o in orders.items() if o["amount"] > 0 and o["price"] > 0}
    bids = {i: o["price"] for i, o in resting.items() if o["side"] == "bids"}
    asks = {i: o["price"] for i, o in resting.items() if o["side"] == "asks"}
    if not bids or not asks:
        return [], []
    best_bid, best_ask = max(bids.values()), min(asks.values())
    return ([i for i, p in bids.items() if p >= best_ask],
            [i for i, p in asks.items() if p <= best_bid])


def uncross(orders):
    while True:
        bids, asks = crossing(orders)
        untold = [[i for i in side if orders[i]["told"] is None] for side in (bids, asks)]
        if not untold[0] and not untold[1]:
            return
        if untold[0] and untold[1]:
            first = (len(bids), min(untold[0])) < (len(asks), min(untold[1]))
            gone = min(untold[0] if first else untold[1])
        else:
            gone = min(untold[0] or untold[1])
        del orders[gone]


def book_of_orders(snapshot, stream):
    events = check_chain([f for f in stream if f["event"].startswith("order_")])
    orders = orders_of_snapshot(snapshot)
    for event in counting(events, int(snapshot["microtimestamp"])):
        order_id = int(event["data"]["id_str"])
        known = orders.pop(order_id, None)
        if event["event"] != "order_deleted":
            orders[order_id] = order_after(event, known)
    last = int(events[-1]["data"]["microtimestamp"]) if events else 0
    for order_id in [i for side in crossing(orders) for i in side]:
        told = orders[order_id]["told"]
        if told is not None and last - told < MATCH_US:
            orders[order_id]["amount"] = Decimal(0)
    uncross(orders)
    book = {"bids": defaultdict(Decimal), "asks": defaultdict(Decimal)}
    for order in orders.values():
        if order["amount"] > 0 and order["price"] > 0:
            book[order["side"]][order["price"]] += order["amount"]
    return book


def main():
    mode, snapshot_path, stream_path = sys.argv[1:]
    (snapshot,) = frames(snapshot_path)
    build = {"diff": book_of_diffs, "orders": book_of_orders}[mode]
    book = build(snapshot, frames(stream_path))
    for side, is_reversed in (("bids", True), ("asks", False)):
        for price in sorted(book[side], reverse=is_reversed)[:LEVELS]:
            print(f"{side[:3]} {price:f} {book[side][price]:f}")


if __name__ == "__main__":
    main()

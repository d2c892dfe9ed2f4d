#!/usr/bin/env python3
"""The books that Coinbase messages add up to, by the venue's own rules. Shares no code with the plugin
and keeps whole histories instead of a running state.

    coinbase_books.py RECORDING...      cryptofeed text of one connection

A level has the amount that its newest mention since the last snapshot of its product gives it; of several
in one message the last counts. An amount of zero, however it is spelled, is no level. Messages of Advanced
Trade (`l2_data`) are numbered over all channels: one that is missing is an error. Prints each book whole:
product without its dash, side, price, amount, best first.
"""
import json
import sys
from decimal import Decimal

SIDES = {"bid": "bids", "buy": "bids", "offer": "asks", "sell": "asks"}


def messages(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                head, _, text = line.partition(": ")
                if text.startswith("{") and " " not in head:
                    yield json.loads(text)


def in_order(frames):
    numbers = [frame["sequence_num"] for frame in frames if "sequence_num" in frame]
    if numbers and numbers != list(range(len(numbers))):
        sys.exit("a message is missing")
    return frames


def mentions(frame):
    """(product, does it begin a book, [(side, price, amount)]) of each event in a message."""
    if frame.get("channel") == "l2_data":
        for event in frame["events"]:
            yield (event["product_id"], event["type"] == "snapshot",
                   [(each["side"], each["price_level"], each["new_quantity"])
                    for each in event["updates"]])
    elif frame.get("type") == "snapshot":
        yield (frame["product_id"], True, [("buy", *level) for level in frame["bids"]]
               + [("sell", *level) for level in frame["asks"]])
    elif frame.get("type") == "l2update":
        yield frame["product_id"], False, frame["changes"]


def histories(frames):
    history = {}
    for frame in frames:
        for product, is_first, levels in mentions(frame):
            history[product] = ([] if is_first else history[product]) + [levels]
    return history


def book_of(history, side):
    newest = {}
    for levels in reversed(history):
        for name, price, amount in reversed(levels):
            if SIDES[name] == side:
                newest.setdefault(Decimal(price), Decimal(amount))
    return sorted(((p, a) for p, a in newest.items() if a > 0), reverse=side == "bids")


def main():
    for product, history in sorted(histories(in_order(list(messages(sys.argv[1:])))).items()):
        for side in ("bids", "asks"):
            for price, amount in book_of(history, side):
                print(product.replace("-", ""), side, price, amount)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The books that Gemini's archived feed (v2) adds up to, by the venue's own rules. Shares no code with
the plugin.

    gemini_books.py RECORDING...      cryptofeed text

The first l2_updates of a symbol is its whole book, and the later ones name the levels that changed:
[side, price, amount], where an amount is absolute and one of zero, however it is spelled, is no level.
Whether a message has `trades` is not looked at. Prints each book whole: symbol, side, price, amount, best
first; the last line has how many messages changed books, and how many deletions named no level.
"""
import json
import sys
from decimal import Decimal

SIDES = {"buy": "bids", "sell": "asks"}


def updates(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                head, _, text = line.rstrip("\n").partition(": ")
                if text.startswith("{") and head.replace(".", "").isdigit():
                    message = json.loads(text)
                    if message["type"] == "l2_updates":
                        yield message


def main():
    books, n_updates, n_unknown = {}, 0, 0
    for message in updates(sys.argv[1:]):
        is_first = message["symbol"] not in books
        book = books.setdefault(message["symbol"], {"bids": {}, "asks": {}})
        n_updates += not is_first
        for side, price, amount in message["changes"]:
            levels, price, amount = book[SIDES[side]], Decimal(price), Decimal(amount)
            n_unknown += not is_first and amount == 0 and price not in levels
            levels[price] = amount
            if amount == 0:
                del levels[price]
    for symbol in sorted(books):
        for side in ("bids", "asks"):
            for price in sorted(books[symbol][side], reverse=side == "bids"):
                print(symbol, side, price, books[symbol][side][price])
    print("updates", n_updates, "unknown", n_unknown)


if __name__ == "__main__":
    main()

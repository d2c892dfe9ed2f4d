#!/usr/bin/env python3
"""The book that frames of Bybit's `orderbook.N` add up to, by the venue's own rules. Shares no code with
the plugin.

    bybit_books.py FRAMES      one frame a line, or lines of a recording, which have a time in front

A snapshot replaces the book; an update sets the size of a level, or deletes it with "0", and its `u` is
the last one plus one. Stops where an update is missing, a level that is deleted is not there, a side has
more than N levels, or the book is crossed. Prints each book whole: symbol, side, price, amount, best first,
and first how many updates made it.
"""
import json
import sys
from decimal import Decimal


class Book:
    def __init__(self):
        self.sides, self.last, self.updates = {"b": {}, "a": {}}, None, 0

    def replace(self, data):
        self.last = data["u"]
        for side in self.sides:
            self.sides[side] = {Decimal(price): Decimal(size) for price, size in data[side]}

    def change(self, data):
        if data["u"] != self.last + 1:
            sys.exit(f"{data['s']}: {data['u']} follows {self.last}")
        self.last = data["u"]
        self.updates += 1
        for side, levels in self.sides.items():
            for price, size in ((Decimal(price), Decimal(size)) for price, size in data[side]):
                if size > 0:
                    levels[price] = size
                elif levels.pop(price, None) is None:
                    sys.exit(f"{data['s']}: {price} is deleted and was not there")

    def check(self, name, depth):
        if max(len(levels) for levels in self.sides.values()) > depth:
            sys.exit(f"{name}: more than {depth} levels")
        if max(self.sides["b"]) >= min(self.sides["a"]):
            sys.exit(f"{name}: crossed")


def frames(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if '{"topic":"orderbook.' in line:
                yield json.loads(line[line.index("{"):])


def main():
    books = {}
    for frame in frames(sys.argv[1]):
        _, depth, name = frame["topic"].split(".")
        book = books.setdefault(name, Book())
        (book.replace if frame["type"] == "snapshot" else book.change)(frame["data"])
        book.check(name, int(depth))
    for name, book in sorted(books.items()):
        print(name, "updates", book.updates, book.last)
        for side, levels in book.sides.items():
            for price in sorted(levels, reverse=side == "b"):
                print(name, "bids" if side == "b" else "asks", price, levels[price])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The books that OKX's channel `books` adds up to, by the venue's own rules. Shares no code with the
plugin.

    okx_books.py RECORDING...      cryptofeed text

A snapshot is the whole book; an update names levels, [price, size, "0", orders], where a size is absolute
and one of zero is no level. An update links to the one before by `prevSeqId`, where there are numbers, and
a checksum that is not 0 is the CRC-32, signed, of the best 25 levels as they were written, a bid and an ask
in turn. Prints each book whole: instrument, side, price, size, best first; the last line has how many
updates there were, how many checksums were right and wrong, and how many links broken.
"""
import json
import sys
import zlib
from decimal import Decimal

CHANNEL = "books"
CHECKED = 25  # levels a side


def messages(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                head, _, text = line.rstrip("\n").partition(": ")
                if text.startswith("{") and head.replace(".", "").isdigit():
                    message = json.loads(text)
                    if "data" in message and message["arg"]["channel"] == CHANNEL:
                        yield message


class Book:
    def __init__(self):
        self.bids, self.asks, self.number = {}, {}, None  # price -> (price, size) as written

    def apply(self, data):
        for levels, side in ((self.bids, "bids"), (self.asks, "asks")):
            for price, size, *_ in data[side]:
                levels[Decimal(price)] = price, size
                if Decimal(size) == 0:
                    del levels[Decimal(price)]
        self.number = data.get("seqId")

    def best(self, side):
        levels = getattr(self, side)
        return [levels[price] for price in sorted(levels, reverse=side == "bids")]

    def checksum(self):
        sides = [self.best(side)[:CHECKED] for side in ("bids", "asks")]
        texts = [text for rank in range(CHECKED) for side in sides for level in side[rank:rank + 1]
                 for text in level]
        crc = zlib.crc32(":".join(texts).encode())
        return crc - (1 << 32) if crc >> 31 else crc


def main():
    books, n_updates, n_right, n_wrong, n_broken = {}, 0, 0, 0, 0
    for message in messages(sys.argv[1:]):
        name, (data,) = message["arg"]["instId"], message["data"]
        if message["action"] == "snapshot":
            books[name] = Book()
        else:
            n_updates += 1
            n_broken += "prevSeqId" in data and data["prevSeqId"] != books[name].number
        books[name].apply(data)
        if data.get("checksum"):
            is_right = books[name].checksum() == data["checksum"]
            n_right, n_wrong = n_right + is_right, n_wrong + (not is_right)
    for name in sorted(books):
        for side in ("bids", "asks"):
            for price, size in books[name].best(side):
                print(name, side, price, size)
    print("updates", n_updates, "right", n_right, "wrong", n_wrong, "broken", n_broken)


if __name__ == "__main__":
    main()

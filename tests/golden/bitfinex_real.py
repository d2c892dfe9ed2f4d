#!/usr/bin/env python3
"""Real frames of Bitfinex through `arbspot replay`: the books that its messages add up to have to be
those that this file computes from the same frames, level by level. Shares no code with the plugin.

    bitfinex_real.py plain|checksums ARBSPOT PLUGIN SYMBOLS RECORDING

The recordings are of before checksums were asked for. With `checksums` the recording gets them, after
every 20th change of each book: CRC-32 over the best 25 levels, with the numbers' texts as the venue
sent them, and all numbers of the connection are given out anew. That proves how numbers are spelled, and
nothing about the venue's own sums.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib
from decimal import Decimal

from replayed import expect_equal, rebuilt

EVERY = 20  # changes of a book
BEST = 25   # levels a side in a checksum


class Text(str):
    """A number, as it was sent."""


def frame_of(line):
    """(head, text, frame), or None when the line is no message."""
    found = re.match(r"^([0-9.]+: )([\[{].*)$", line)
    if found is None:
        return None
    return found.group(1), found.group(2), json.loads(found.group(2), parse_int=Text, parse_float=Text)


class Books:
    """Two sides for each symbol: {price: (text of the price, text of the amount)}."""

    def __init__(self):
        self.symbols, self.sides, self.changes, self.last = {}, {}, {}, 0

    def event(self, frame):
        if frame["event"] == "subscribed" and frame["channel"] == "book":
            self.symbols[frame["chanId"]] = frame["symbol"]

    def array(self, frame):
        """The symbol whose book it changes; None for a whole book and all else."""
        if int(frame[-1]) != self.last + 1:
            sys.exit(f"message {self.last + 1} is missing")
        self.last += 1
        symbol = self.symbols.get(frame[0])
        if symbol is None or not isinstance(frame[1], list):
            return None
        is_whole = not frame[1] or isinstance(frame[1][0], list)
        if is_whole:
            self.sides[symbol], self.changes[symbol] = ({}, {}), 0
        else:
            self.changes[symbol] += 1
        for price, count, amount in frame[1] if is_whole else [frame[1]]:
            side = self.sides[symbol][amount.startswith("-")]
            if int(count) > 0:
                side[Decimal(price)] = (price, amount)
            elif side.pop(Decimal(price), None) is None:
                sys.exit(f"{symbol}: a level is deleted that is not there")
        return None if is_whole else symbol

    def checksum(self, symbol):
        bids, asks = self.sides[symbol]
        best = [[bids[p] for p in sorted(bids, reverse=True)[:BEST]],
                [asks[p] for p in sorted(asks)[:BEST]]]
        texts = [":".join(side[rank]) for rank in range(BEST) for side in best if rank < len(side)]
        value = zlib.crc32(":".join(texts).encode("ascii"))
        return value - (value >> 31 << 32)

    def levels(self):
        return {(symbol, side, price, abs(Decimal(amount)))
                for symbol, sides in self.sides.items()
                for side, levels in zip(("bids", "asks"), sides)
                for price, (_, amount) in levels.items()}


def numbered(text, number):
    return re.sub(r",\d+\]$", f",{number}]", text)


def computed(lines, with_checksums):
    """The books, the recording's lines, and how many checksums were put in."""
    books, out, number, n_sums = Books(), [], 0, 0
    for line in lines:
        record = frame_of(line)
        if record is None or isinstance(record[2], dict):
            out.append(line)
            if record is not None:
                books.event(record[2])
            continue
        head, text, frame = record
        symbol = books.array(frame)
        number += 1
        out.append(head + numbered(text, number))
        if with_checksums and symbol is not None and books.changes[symbol] % EVERY == 0:
            number, n_sums = number + 1, n_sums + 1
            out.append(f'{head}[{frame[0]},"cs",{books.checksum(symbol)},{number}]')
    return books, out, n_sums


def venue_name(symbol):
    base, quote = (name.replace("USDT", "UST") for name in symbol.split("/"))
    return "t" + base + ("" if len(base) == len(quote) == 3 else ":") + quote


def main():
    case, arbspot, plugin, symbols, path = sys.argv[1:]
    with open(path, encoding="ascii") as recording:
        books, lines, n_sums = computed(recording.read().splitlines(), case == "checksums")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "frames.txt")
        with open(copy, "w", encoding="ascii") as recording:
            recording.write("\n".join(lines) + "\n")
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", symbols, copy],
                             capture_output=True, text=True, check=False)
    states, have = rebuilt((json.loads(line) for line in run.stdout.splitlines()), venue_name)
    names = {venue_name(symbol) for symbol in symbols.split(",")}
    want = {level for level in books.levels() if level[0] in names}
    n_updates = sum(n for symbol, n in books.changes.items() if symbol in names)
    n_own = sum(n // EVERY for symbol, n in books.changes.items() if symbol in names)
    counts = {"mismatched": 0, "resyncs": 0, "crossed": 0, "unknown_deletes": 0,
              "updates": n_updates + (n_own if case == "checksums" else 0),
              "verified": n_own if case == "checksums" else 0}
    if run.returncode != 0 or set(states.values()) != {"LIVE"} or len(states) != len(names):
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    for name, count in counts.items():
        if f" {name}={count} " not in run.stderr:
            sys.exit(f"{name} is not {count}\n{run.stderr}")
    expect_equal(have, want)
    print(f"PASS: {len(want)} levels of {len(states)} books, {n_updates} updates, "
          f"{counts['verified']} checksums of {n_sums} put in")


if __name__ == "__main__":
    main()

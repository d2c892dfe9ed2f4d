"""What `arbspot replay` prints against what an oracle computes: for the scripts that compare the two.

No oracle imports this: it knows nothing of a venue's messages.
"""
import os
import subprocess
import sys
from decimal import Decimal


def joined(symbol):
    return symbol.replace("/", "").removesuffix("-PERP")


def rebuilt(messages, spell=joined):
    """The states at the end, and the levels under the names that oracles print."""
    states, books = {}, {}
    for message in messages:
        states[message["symbol"]] = message["state"]
        for side in ("bids", "asks"):
            levels = books.setdefault((spell(message["symbol"]), side), {})
            if message["type"] == "snapshot":
                levels.clear()
            levels.update((Decimal(price), Decimal(amount)) for price, amount in message.get(side, []))
    return states, {(name, side, price, amount) for (name, side), levels in books.items()
                    for price, amount in levels.items() if amount > 0}


def oracle(name, *arguments):
    """The lines that oracle/NAME_books.py prints."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle", f"{name}_books.py")
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def levels_of(lines):
    return {(name, side, Decimal(price), Decimal(amount))
            for name, side, price, amount in (line.split() for line in lines)}


def expect_equal(have, want):
    if have != want or not want:
        sys.exit(f"{len(have - want)} levels are wrong, {len(want - have)} are missing, such as "
                 f"{sorted(have ^ want)[:3]}")

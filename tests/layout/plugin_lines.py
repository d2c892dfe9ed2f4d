#!/usr/bin/env python3
"""Fails when a plugin needs more lines for a protocol than it may have.

What counts is every line that is not blank, comments too, but for the three tables that say what
the plugin is: its options, its callbacks, its descriptor. Usage: plugin_lines.py ROOT
"""
import re
import sys
from pathlib import Path

USUAL = 250

# Of each protocol: its files, and how many lines they may have together. Where a second protocol of
# a plugin has a file of its own, what both need is in the files of the first one.
PROTOCOLS = {
    "binance": (("binance.c",), 300),  # three markets, and books by HTTP
    "bitfinex": (("bitfinex.c",), 400),  # channels that may change hands, currencies by other names
    "bitstamp": (("bitstamp.c", "bitstamp.h"), USUAL),
    "bitstamp, mode = orders": (("bitstamp_orders.c",), USUAL),
    "bybit": (("bybit.c",), USUAL),
    "coinbase": (("coinbase.c",), 300),  # two feeds
    "gemini": (("gemini.c",), USUAL),
    "kraken": (("kraken.c", "kraken.h"), 310),  # its catalog is a channel, its pings are dated
    "kraken, protocol = v1": (("kraken_v1.c",), USUAL),
    "okx": (("okx.c",), USUAL),
}
NO_EXCHANGE = {"cross_venue", "strategy_kit", "triangular"}
TABLE = re.compile(
    r"^(static const struct arb_option \w+\[\]|static const struct arb_exchange_ops \w+"
    r"|ARB_PLUGIN_EXPORT) = \{$"
)


def count(text):
    n, is_in_table = 0, False
    for line in text.splitlines():
        is_in_table = is_in_table or TABLE.match(line) is not None
        n += not is_in_table and line.strip() != ""
        is_in_table = is_in_table and line != "};"
    return n


def main():
    plugins = Path(sys.argv[1]).resolve() / "plugins"
    folders = {path.name for path in plugins.iterdir() if path.is_dir()} - NO_EXCHANGE
    counted, faults = set(), []
    for protocol, (names, most) in PROTOCOLS.items():
        files = [plugins / protocol.split(",")[0] / name for name in names]
        counted.update(files)
        n = sum(count(file.read_text(encoding="utf-8")) for file in files)
        print(f"{protocol}: {n} lines of {most}")
        if n > most:
            faults.append(
                f"{protocol} has {n - most} lines too many: what another plugin writes, too,"
                " belongs into the SDK"
            )
    for folder in sorted(folders):
        for other in sorted(set((plugins / folder).glob("*.[ch]")) - counted):
            faults.append(f"{other.relative_to(plugins)} is of no protocol in the table")
    for fault in faults:
        print(f"FAIL: {fault}")
    if faults:
        sys.exit(1)
    print(f"PASS: {len(PROTOCOLS)} protocols")


if __name__ == "__main__":
    main()

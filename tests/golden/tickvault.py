#!/usr/bin/env python3
"""Real frames of Bitstamp through `arbspot replay`: the books that its messages add up to have to be
those that oracle/bitstamp_books.py computes from the same frames.

    tickvault.py diff|orders ARBSPOT PLUGIN DATA

DATA is tests/data/tickvault. Its frames have no receive times: each is taken to have arrived 80 ms
after it was made. The REST book arrives once before and once behind the next frame.
"""
import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal

LEVELS = 20
FRAME_DELAY_US = 80_000
REST = "https://www.bitstamp.net/api/v2/"
CATALOG = [{"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "base_decimals": 8,
            "counter_currency": "USD", "counter_decimals": 2, "trading": "Enabled",
            "market_type": "SPOT"}]
MODES = {
    "diff": {"stream": "bitstamp_diff.jsonl", "seed": "bitstamp_snapshot.json", "group": 1,
             "delays_us": (200_000, 445_000), "unknown_deletes": 2},
    "orders": {"stream": "bitstamp_live_orders.jsonl", "seed": "bitstamp_snapshot_l3.json",
               "group": 2, "delays_us": (70_000, 2_560_000), "unknown_deletes": 0},
}


def made_us(frame):
    return int(frame["data"]["microtimestamp"])


def records(stream, seed, group, delay_us):
    """(microseconds, what stands before them in the recording, text)"""
    frames = [(json.loads(line), line.strip()) for line in stream if line.strip()]
    opened_us = made_us(frames[1][0]) - 100_000
    yield opened_us, "wss://ws.bitstamp.net <-> ", None
    yield opened_us, REST + "markets/ -> ", json.dumps(CATALOG)
    yield opened_us + 50_000, "", frames[0][1]  # the acknowledgement
    for frame, text in frames[1:]:
        yield made_us(frame) + FRAME_DELAY_US, "", text
    yield (int(json.loads(seed)["microtimestamp"]) + delay_us,
           f"{REST}order_book/btcusd/?group={group} -> ", seed.strip())


def write_recording(path, rows):
    with open(path, "w", encoding="ascii") as recording:
        for us, head, text in sorted(rows, key=lambda row: row[0]):
            recording.write(f"{head}{us // 1_000_000}.{us % 1_000_000:06d}")
            recording.write("\n" if text is None else f": {text}\n")


def replayed(arbspot, plugin, mode, recording):
    run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", "BTC/USD", "--set",
                          "mode=" + mode, recording], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"replay: exit {run.returncode}\n{run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def rebuilt(messages):
    """The state at the end, and of each side the levels."""
    state, sides = None, {"bids": {}, "asks": {}}
    for message in messages:
        state = message["state"]
        for side, levels in sides.items():
            if message["type"] == "snapshot":
                levels.clear()
            for price, amount in message.get(side, []):
                levels[Decimal(price)] = Decimal(amount)
                if Decimal(amount) == 0:
                    del levels[Decimal(price)]
    return state, sides


def best(sides):
    return [(side[:3], price, sides[side][price]) for side in ("bids", "asks")
            for price in sorted(sides[side], reverse=side == "bids")[:LEVELS]]


def oracle(mode, seed, stream):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle", "bitstamp_books.py")
    text = subprocess.run([sys.executable, script, mode, seed, stream], capture_output=True,
                          text=True, check=True).stdout
    return [(side, Decimal(price), Decimal(amount))
            for side, price, amount in (line.split() for line in text.splitlines())]


def main():
    mode, arbspot, plugin, data = sys.argv[1:]
    case = MODES[mode]
    stream_path, seed_path = (os.path.join(data, case[name]) for name in ("stream", "seed"))
    with open(stream_path, encoding="ascii") as stream, open(seed_path, encoding="ascii") as seed:
        lines, book = stream.readlines(), seed.read()
    expected = oracle(mode, seed_path, stream_path)
    if len(expected) != 2 * LEVELS:
        sys.exit("the oracle has fewer levels than are compared")
    with tempfile.TemporaryDirectory() as folder:
        recording = os.path.join(folder, "recording.txt")
        for delay_us in case["delays_us"]:
            write_recording(recording, records(lines, book, case["group"], delay_us))
            messages, summary = replayed(arbspot, plugin, mode, recording)
            state, sides = rebuilt(messages)
            if state != "LIVE" or "STALE" in (message["state"] for message in messages):
                sys.exit(f"the book is {state}, or was STALE in between\n{summary}")
            if f" unknown_deletes={case['unknown_deletes']} " not in summary:
                sys.exit("not as many unknown deletions as the frames hold\n" + summary)
            for ours, theirs in zip(best(sides), expected):
                if ours != theirs:
                    sys.exit(f"{ours} is published, {theirs} is right")
            if len(best(sides)) != len(expected):
                sys.exit("levels are missing")
    print(f"PASS: {len(expected)} levels, the REST book after "
          + " and ".join(f"{us // 1000} ms" for us in case["delays_us"]))


if __name__ == "__main__":
    main()

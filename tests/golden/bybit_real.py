#!/usr/bin/env python3
"""Real frames of Bybit through `arbspot replay`: the books that its messages add up to have to be those
that oracle/bybit_books.py computes from the same frames, level by level, every update proven.

    bybit_real.py ARBSPOT PLUGIN RECORDING BASE/QUOTE[,...]

RECORDING is cryptofeed text, or frames alone, one a line: each is then taken to have arrived 50 ms after
it was sent.
"""
import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal


def timed(path, folder):
    """The recording itself, or one of its frames with times in front."""
    with open(path, encoding="utf-8") as lines:
        frames = [line.strip() for line in lines if line.strip()]
    if not frames[0].startswith("{"):
        return path
    now_ms = next(json.loads(frame)["ts"] for frame in frames if '"topic"' in frame[:20])
    rows = [f"wss://stream <-> {(now_ms - 200) / 1000:.3f}"]
    for frame in frames:
        now_ms = json.loads(frame).get("ts", now_ms - 100)
        rows.append(f"{(now_ms + 50) / 1000:.3f}: {frame}")
    copy = os.path.join(folder, "recording.txt")
    with open(copy, "w", encoding="utf-8") as recording:
        recording.write("\n".join(rows) + "\n")
    return copy


def rebuilt(messages):
    """States, proofs, and the levels as the oracle prints them."""
    states, books = {}, {}
    for message in messages:
        states[message["symbol"]] = message["state"]
        if message["type"] in ("snapshot", "delta") and message["verified"] != "verified":
            sys.exit(f"message {message['seq']} of {message['symbol']} is {message['verified']}")
        for side in ("bids", "asks"):
            levels = books.setdefault((message["symbol"].replace("/", ""), side), {})
            if message["type"] == "snapshot":
                levels.clear()
            levels.update((Decimal(price), Decimal(size)) for price, size in message.get(side, []))
    return states, {(name, side, price, size) for (name, side), levels in books.items()
                    for price, size in levels.items() if size > 0}


def oracle(path):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle", "bybit_books.py")
    text = subprocess.run([sys.executable, script, path], capture_output=True, text=True,
                          check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return (sum(int(row[2]) for row in rows if row[1] == "updates"),
            {(name, side, Decimal(price), Decimal(size)) for name, side, price, size in rows
             if side != "updates"})


def main():
    arbspot, plugin, path, symbols = sys.argv[1:]
    updates, want = oracle(path)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", symbols,
                              timed(path, folder)], capture_output=True, text=True, check=False)
    states, have = rebuilt(json.loads(line) for line in run.stdout.splitlines())
    if run.returncode != 0 or set(states.values()) != {"LIVE"}:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    for figure in (f" updates={updates} ", " resyncs=0 ", " crossed=0 ", " unknown_deletes=0 "):
        if figure not in run.stderr:
            sys.exit(f"not{figure}\n{run.stderr}")
    if have != want or not want:
        sys.exit(f"{len(have - want)} levels are wrong, {len(want - have)} are missing, such as "
                 f"{sorted(have ^ want)[:3]}")
    print(f"PASS: {len(want)} levels of {len(states)} books after {updates} updates")


if __name__ == "__main__":
    main()

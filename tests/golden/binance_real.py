#!/usr/bin/env python3
"""Real frames of Binance through `arbspot replay`: the books that its messages add up to have to be
those that oracle/binance_books.py computes from the same frames, level by level.

    binance_real.py CASE ARBSPOT PLUGIN DATA

DATA is tests/data. Of the recordings only those of 2021 have the venue's catalog; the others get one
with nothing but the names. The frames of Binance.US have no receive times: each is taken to have
arrived 80 ms after it was made, and the REST book behind the frame that it ends with.
"""
import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal

CASES = {
    "us": {"symbols": "BTC/USDT", "levels": 500, "rest": "https://api.binance.us/api/v3",
           "set": ["region=us"], "frames": "tickvault/binance_us_depth.jsonl",
           "seed": "tickvault/binance_us_snapshot.json", "updates": 16},
    "spot_2021": {"symbols": "BLZ/ETH,LRC/BTC,NKN/USDT,RUNE/EUR", "levels": 1000, "set": [],
                  "files": ["cryptofeed/binance_2021-10-12." + part + ".txt"
                            for part in ("catalog", "http", "ws")], "updates": 172},
    "spot_2024": {"symbols": "BTC/USDT,ETH/USDT", "levels": 1000, "set": [],
                  "rest": "https://api.binance.com/api/v3",
                  "files": ["hftbacktest/binance_spot_2024-08-08.txt"], "updates": 76},
    "usdm_2024": {"symbols": "BTC/USDT-PERP,ETH/USDT-PERP", "levels": 1000, "set": ["market=usdm"],
                  "rest": "https://fapi.binance.com/fapi/v1",
                  "files": ["hftbacktest/binance_usdm_2024-08-08.txt"], "updates": 70},
}


def catalog(symbols):
    rows = []
    for symbol in symbols.split(","):
        base, quote = symbol.split("/")
        row = {"symbol": base + quote.removesuffix("-PERP"), "status": "TRADING", "baseAsset": base,
               "quoteAsset": quote.removesuffix("-PERP")}
        if quote.endswith("-PERP"):
            row["contractType"] = "PERPETUAL"
        rows.append(row)
    return json.dumps({"symbols": rows})


def seconds(line):
    return line.split(" <-> ")[1] if " <-> " in line else line.split(": ", 1)[0]


def write_frames(case, data, path):
    """Binance.US: one frame a line, and the REST book made during them."""
    with open(os.path.join(data, case["frames"]), encoding="ascii") as frames, \
            open(os.path.join(data, case["seed"]), encoding="ascii") as seed, \
            open(path, "w", encoding="ascii") as recording:
        book, lines = seed.read().strip(), [line.strip() for line in frames if line.strip()]
        recording.write(f"wss://stream <-> {json.loads(lines[0])['E'] / 1000 - 1:.3f}\n")
        for line in lines:
            frame = json.loads(line)
            recording.write(f"{(frame['E'] + 80) / 1000:.3f}: {line}\n")
            if frame["u"] == json.loads(book)["lastUpdateId"]:
                recording.write(f"{case['rest']}/depth?symbol=BTCUSDT -> "
                                f"{(frame['E'] + 81) / 1000:.3f}: {book}\n")


def inputs(case, data, folder):
    files = [os.path.join(data, name) for name in case.get("files", [])]
    if "frames" in case:
        files = [os.path.join(folder, "frames.txt")]
        write_frames(case, data, files[0])
    if "rest" in case:
        with open(files[0], encoding="ascii") as first:
            start = seconds(first.readline().strip())
        files.append(os.path.join(folder, "catalog.txt"))
        with open(files[-1], "w", encoding="ascii") as text:
            text.write(f"{case['rest']}/exchangeInfo -> {start}: {catalog(case['symbols'])}\n")
    return files


def rebuilt(messages):
    """The states at the end, and the levels as the oracle prints them."""
    states, books = {}, {}
    for message in messages:
        states[message["symbol"]] = message["state"]
        for side in ("bids", "asks"):
            levels = books.setdefault((message["symbol"], side), {})
            if message["type"] == "snapshot":
                levels.clear()
            levels.update((Decimal(price), Decimal(amount)) for price, amount in message.get(side, []))
    lines = set()
    for (symbol, side), levels in books.items():
        name = symbol.replace("/", "").removesuffix("-PERP")
        lines.update((name, side, price, amount) for price, amount in levels.items() if amount > 0)
    return states, lines


def main():
    case, arbspot, plugin, data = CASES[sys.argv[1]], *sys.argv[2:]
    oracle = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle", "binance_books.py")
    with tempfile.TemporaryDirectory() as folder:
        files = inputs(case, data, folder)
        wanted = subprocess.run([sys.executable, oracle, str(case["levels"]), *files],
                                capture_output=True, text=True, check=True).stdout
        sets = [f"--set={each}" for each in
                case["set"] + ["ack_timeout=60s", f"snapshot_levels={case['levels']}"]]
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", case["symbols"],
                              *sets, *files], capture_output=True, text=True, check=False)
    states, lines = rebuilt(json.loads(line) for line in run.stdout.splitlines())
    want = {(name, side, Decimal(price), Decimal(amount))
            for name, side, price, amount in (line.split() for line in wanted.splitlines())}
    if run.returncode != 0 or set(states.values()) != {"LIVE"} or " crossed=0 " not in run.stderr:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    if f" updates={case['updates']} " not in run.stderr or " resyncs=0 " not in run.stderr:
        sys.exit("other diffs were applied than the frames hold\n" + run.stderr)
    if lines != want or not want:
        sys.exit(f"{len(lines - want)} levels are wrong, {len(want - lines)} are missing, such as "
                 f"{sorted(lines ^ want)[:3]}")
    print(f"PASS: {len(want)} levels of {len(states)} books")


if __name__ == "__main__":
    main()

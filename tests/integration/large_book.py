"""A book of 50,000 levels reaches Kafka, and every copy of it is right at every step.

The exchange is the fixture `deep`, whose generator is repeated here: the whole book after each of
its steps is known. One section publishes the best 500 levels a side, the other one all, which is
more than a message holds. After each message the copy is exactly the window of the whole book; where
no message comes for a step, that step changed nothing in the window; and no message is larger than
brokers accept by default.
"""

import json
import os
import signal
import threading
import time

import pipeline
from bus import checksum, scaled

LEVELS, CHANGES, NEAR, DEEP, REMOVED_OF_100 = 25000, 6, 900, 5000, 40  # as in deep.c
BEST_BID = 10_000_000
FIRST_NS, STEP_NS = 1_700_000_000_000_000_000, 50_000_000
MASK = 2**64 - 1
PX_SCALE, QTY_SCALE = 2, 8
DEPTH = 500  # the default
MESSAGE_MAX = 1_000_000
STEPS_A_SECOND = 20
SECONDS = 20
SYMBOL = "BTC/USD"


class Truth:
    """The whole book after each step; a side is a list of quantities, best level first."""

    def __init__(self):
        self.state = 0
        self.step = 0
        self.sides = [0] * LEVELS, [0] * LEVELS
        for i in range(LEVELS):
            for side in self.sides:
                side[i] = self.draw_qty()

    def draw(self, limit):
        self.state = (self.state + 0x9e3779b97f4a7c15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & MASK
        z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
        return (z ^ z >> 31) % limit

    def draw_qty(self):
        return 1_000_000_000 + self.draw(1_000_000_000)

    def draw_change(self):
        is_near = self.draw(2) == 0
        away = (DEEP + self.draw(LEVELS - DEEP) if self.step % 4 == 0
                else self.draw(NEAR if is_near else LEVELS))
        return away, 0 if self.draw(100) < REMOVED_OF_100 else self.draw_qty()

    def advance(self):
        self.step += 1
        for _ in range(CHANGES):
            for side in self.sides:
                away, qty = self.draw_change()
                side[away] = qty

    def window(self, depth):
        """Both sides as price -> quantity."""
        window = {}, {}
        for number, (side, best) in enumerate(zip(self.sides, window)):
            for i, qty in enumerate(side):
                if len(best) == depth:
                    break
                if qty > 0:
                    best[BEST_BID - i if number == 0 else BEST_BID + 1 + i] = qty
        return window


class Copy:
    """What one consumer has, compared with the truth at each message."""

    def __init__(self, stage, name, depth):
        self.stage, self.name = stage, name
        self.depth = depth  # None: what the first snapshot has
        self.truth = Truth()
        self.sides = {}, {}
        self.seq = None
        self.n_deltas = self.n_snapshots = self.n_untold = self.largest = 0

    def expect(self, condition, what):
        self.stage.expect(condition, f"{self.name}, step {self.truth.step}: {what}")

    def set_levels(self, message):
        for side, name in zip(self.sides, ("bids", "asks")):
            if message["type"] == "snapshot":
                side.clear()
            for px, qty in message[name]:
                price, quantity = scaled(px, PX_SCALE), scaled(qty, QTY_SCALE)
                if quantity == 0:
                    side.pop(price, None)
                else:
                    side[price] = quantity

    def top(self):
        bids, asks = self.sides
        return sorted(bids.items(), reverse=True)[:10], sorted(asks.items())[:10]

    def follow(self, step):
        """Steps that no message told changed nothing."""
        while self.truth.step + 1 < step:
            self.truth.advance()
            self.n_untold += 1
            self.expect(self.truth.window(self.depth) == self.sides, "it changed and was not told")
        if self.truth.step < step:
            self.truth.advance()

    def take(self, message, length):
        self.largest = max(self.largest, length)
        if message["type"] == "status":
            self.expect(message["state"] != "STALE" or message["reason"] == "the host stops",
                        f"STALE: {message['reason']}")
            return
        is_snapshot = message["type"] == "snapshot"
        self.expect(self.seq is None or message["prev"] == self.seq, "the chain has a hole")
        self.seq = message["seq"]
        self.n_snapshots += is_snapshot
        self.n_deltas += not is_snapshot
        if self.depth is None:
            self.depth = len(message["bids"])
        step = (message["venue_ns"] - FIRST_NS) // STEP_NS
        if not self.sides[0]:
            while self.truth.step < step:
                self.truth.advance()
        self.follow(step)
        self.set_levels(message)
        self.expect(self.truth.window(self.depth) == self.sides, "it is not the window")
        self.expect(checksum(self.top()) == message["crc"], "the checksum")


class Reader:
    """Gives messages to the copies; the thread that reads the topic calls it."""

    def __init__(self, copies):
        self.copies = copies
        self.lock = threading.Lock()
        self.largest = 0

    def on_message(self, _key, value, _partition):
        message = json.loads(value)
        with self.lock:
            self.largest = max(self.largest, len(value))
            if message["type"] != "alive":
                self.copies[message["venue"]].take(message, len(value))

    def is_beyond(self, n):
        with self.lock:
            return all(copy.truth.step >= n for copy in self.copies.values())


def configure(stage):
    plugin = os.path.join(stage.options.fixtures, "deep.so")
    port = stage.ports()["kraken"]
    section = (f"plugin = {plugin}\nsymbols = {SYMBOL}\ntaker_fee = 0\nmax_lag = 0\n"
               f"url = wss://localhost:{port}/v2\n")
    return stage.write("deep.ini", f"[host]\nca_file = {stage.path('ca.pem')}\n"
                       f"snapshot_interval = 5s\npx_scale = {PX_SCALE}\nqty_scale = {QTY_SCALE}\n"
                       "[kafka]\nbrokers = embedded\nrdkafka.fetch.wait.max.ms = 1\n"
                       f"[exchange:window]\n{section}[exchange:all]\n{section}publish_depth = 0\n")


def suite(stage):
    stage.simulator("--venue", "kraken", "--instruments", SYMBOL, "--ca-out", "ca.pem")
    host = stage.host(configure(stage))
    copies = {"window": Copy(stage, "window", DEPTH), "all": Copy(stage, "all", None)}
    reader = Reader(copies)
    stage.read_topic(stage.embedded_brokers(host), "market-data", reader.on_message)
    begun = time.monotonic()
    pipeline.poll(lambda: reader.is_beyond(SECONDS * STEPS_A_SECOND), stage.limit(SECONDS + 15),
                  f"{SECONDS * STEPS_A_SECOND} steps of both books are on the bus")
    stage.figure("seconds", f"{time.monotonic() - begun:.1f}")
    with reader.lock:
        for name, copy in copies.items():
            stage.figure(f"{name}.levels.snapshots.deltas.untold.largest",
                         f"{copy.depth} {copy.n_snapshots} {copy.n_deltas} {copy.n_untold} "
                         f"{copy.largest}")
        stage.expect(copies["window"].n_untold > SECONDS, "no step was below the window")
        stage.expect(DEPTH < copies["all"].depth < LEVELS, "not all levels go into a message")
        stage.expect(reader.largest <= MESSAGE_MAX, f"a message of {reader.largest} bytes")
        stage.expect(copies["all"].largest > MESSAGE_MAX * 9 // 10, "a message has room for more")
    stage.expect(len(host.lines(r"the book of BTC/USD has 25000 bids and 25000 asks")) == 1,
                 "one line names the book that is cut")
    stage.expect(not host.lines("was refused"), "a message was refused")
    stage.expect(host.stop(signal.SIGINT) == 0, "the host ends well")


if __name__ == "__main__":
    pipeline.main(suite)

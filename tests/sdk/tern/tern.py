#!/usr/bin/env python3
"""Tern, the exchange of the plugin author's guide, on localhost. Usage: tern.py PORT

Its market begins when the first book is joined and changes forty times in four seconds; from then on
each message says the last size once more. Two things go wrong on the way: change 10 of btc-usd is never
sent, and change 20 of eth-usd arrives with a wrong digit. Writes tern.pem, which a client has to trust (`ca_file` in the INI).
"""

import asyncio
import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import zlib
from decimal import Decimal

CHANGES, EVERY_S = 40, 0.1
LOST, WRONG = ("btc-usd", 10), ("eth-usd", 20)
REQUESTS_PER_S = 5
BOOKS_PER_REQUEST = 10
MARKETS = [
    {"name": "btc-usd", "base": "BTC", "quote": "USD", "tick": "0.01", "lot": "0.0001", "status": "open"},
    {"name": "eth-usd", "base": "ETH", "quote": "USD", "tick": "0.01", "lot": "0.001", "status": "open"},
    {"name": "old-usd", "base": "OLD", "quote": "USD", "tick": "0.01", "lot": "0.001", "status": "closed"},
]


class Book:
    def __init__(self, name):
        self.name, self.seq = name, 100
        self.bids = {"100.5": "2", "100.4": "1", "100.3": "1.5", "100.2": "7"}
        self.asks = {"100.6": "1", "100.7": "3", "100.8": "2", "100.9": "5"}

    def levels(self):
        """Both sides, best first."""
        return (sorted(self.bids.items(), key=lambda level: -Decimal(level[0])),
                sorted(self.asks.items(), key=lambda level: Decimal(level[0])))

    def crc(self):
        words = [":".join(side[i]) for i in range(3) for side in self.levels() if i < len(side)]
        return zlib.crc32(":".join(words).encode())

    def change(self, k):
        """What change k does: a level comes, another changes, it goes, and both sides change."""
        bids, asks = [({"100.45": str(k)}, {}), ({}, {"100.6": f"{k}.25"}), ({"100.45": "0"}, {}),
                      ({"100.5": f"{k}.5"}, {"100.75": str(k)})][(k - 1) % 4]
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            side.update(levels)
            for px in [px for px, size in side.items() if size == "0"]:
                del side[px]
        self.seq += 1
        return list(bids.items()), list(asks.items())

    def message(self, is_whole, bids, asks):
        now = time.time()
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        return {"book": self.name, "all": is_whole, "seq": self.seq, "time": date,
                "bids": bids, "asks": asks, "crc": self.crc()}


class Exchange:
    def __init__(self):
        self.books = {row["name"]: Book(row["name"]) for row in MARKETS if row["status"] == "open"}
        self.clients = []
        self.market = None

    async def play(self):
        k = 0
        while True:
            await asyncio.sleep(EVERY_S)
            k = min(k + 1, CHANGES)
            for book in self.books.values():
                self.publish(book, k)

    def publish(self, book, k):
        bids, asks = book.change(k)
        message = book.message(False, bids, asks)
        if (book.name, k) == WRONG:
            message["bids"] = [["100.5", "9"]]
        for client in self.clients:
            if book.name in client.joined and (book.name, k) != LOST:
                client.say(message)


class Client:
    def __init__(self, exchange, reader, writer):
        self.exchange, self.reader, self.writer = exchange, reader, writer
        self.joined, self.asked = set(), []

    def send(self, opcode, data):
        n = len(data)
        size = bytes([n]) if n < 126 else bytes([126]) + n.to_bytes(2, "big")
        self.writer.write(bytes([0x80 | opcode]) + size + data)

    def say(self, message):
        self.send(1, json.dumps(message, separators=(",", ":")).encode())

    async def frame(self):
        """The next frame of the client; none of them is long."""
        opcode, size = await self.reader.readexactly(2)
        n = size & 127
        if n == 126:
            n = int.from_bytes(await self.reader.readexactly(2), "big")
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(n)
        return opcode & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    def hear(self, request):
        names = request.get("books", [])
        if request.get("op") == "ping":
            self.say({"pong": True})
        elif request.get("op") not in ("join", "leave") or not 1 <= len(names) <= BOOKS_PER_REQUEST:
            self.say({"error": "bad_request"})
        elif self.is_too_fast():
            self.say({"error": "slow_down"})
        else:
            for name in names:
                self.join(name) if request["op"] == "join" else self.leave(name)

    def is_too_fast(self):
        now = time.monotonic()
        self.asked = [at for at in self.asked if now - at < 1] + [now]
        return len(self.asked) > REQUESTS_PER_S

    def join(self, name):
        book = self.exchange.books.get(name)
        if book is None or name in self.joined:
            self.say({"error": "no_such_market" if book is None else "joined_already", "market": name})
            return
        self.joined.add(name)
        self.say({"joined": name})
        self.say(book.message(True, *book.levels()))
        if self.exchange.market is None:
            self.exchange.market = asyncio.ensure_future(self.exchange.play())

    def leave(self, name):
        self.joined.discard(name)
        self.say({"left": name})

    async def serve(self, key):
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
        self.exchange.clients.append(self)
        opcode = 0
        while opcode != 8:
            opcode, data = await self.frame()
            if opcode == 9:
                self.send(10, data)
            elif opcode == 1:
                self.hear(json.loads(data))
        self.send(8, data)


async def serve(exchange, reader, writer):
    client = Client(exchange, reader, writer)
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        if first.split()[1] == "/stream" and "sec-websocket-key" in headers:
            await client.serve(headers["sec-websocket-key"])
        else:
            is_known = first.split()[1] == "/markets"
            body = json.dumps(MARKETS if is_known else []).encode()
            writer.write(b"HTTP/1.1 " + (b"200 OK" if is_known else b"404 Not Found") +
                         b"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                         + str(len(body)).encode() + b"\r\n\r\n" + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass  # the client is gone
    finally:
        if client in exchange.clients:
            exchange.clients.remove(client)
        writer.close()


def tls():
    """A certificate for localhost that signs itself: in tern.pem, its key nowhere for long."""
    with tempfile.TemporaryDirectory() as directory:
        key = os.path.join(directory, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", "tern.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("tern.pem", key)
        return context


async def main(port):
    exchange = Exchange()
    server = await asyncio.start_server(lambda reader, writer: serve(exchange, reader, writer),
                                        "localhost", port, ssl=tls())
    print(f"tern listens on {port}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1])))
    except KeyboardInterrupt:
        pass

#!/usr/bin/env python3
"""Serves the dashboard with a scripted market, to work on the page without exchanges.

    tests/web/fake_live.py [--port 8080] [--books 320] [--calm]

The files are read anew at each request, so a reload shows what was edited. The answers have the
headers of the real server, and `/live` speaks the frames of the contract: at most five a second
and client, a slow client gets fewer of them.
"""

import argparse
import base64
import hashlib
import json
import os
import socket
import socketserver
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from market import STEP_MS, Market  # noqa: E402

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "core", "web", "page")
FILES = {"/": ("index.html", "text/html; charset=utf-8"), "/page.css": ("page.css", "text/css; charset=utf-8"),
         "/page.js": ("page.js", "text/javascript; charset=utf-8")}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
       "frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
HEADERS = (("Content-Security-Policy", CSP), ("X-Content-Type-Options", "nosniff"),
           ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"))
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
REQUEST_MAX, MESSAGE_MAX, MESSAGES_PER_S = 16_384, 512, 10
FRAME_S = STEP_MS / 1000
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Violation(Exception):
    """The client said what the contract does not allow."""


def read_exactly(stream, n):
    data = stream.read(n)
    if len(data) != n:
        raise ConnectionError("the client has gone")
    return data


def read_frame(stream):
    """(opcode, payload) of one masked frame of a client."""
    first, second = read_exactly(stream, 2)
    n = second & 127
    if n >= 126:
        n = struct.unpack(">H" if n == 126 else ">Q", read_exactly(stream, 2 if n == 126 else 8))[0]
    if n > MESSAGE_MAX or not second & 128 or not first & 128:
        raise Violation(f"a frame of {n} bytes, or not masked, or in pieces")
    mask = read_exactly(stream, 4)
    return first & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(read_exactly(stream, n)))


def write_frame(opcode, payload):
    n = len(payload)
    if n < 126:
        return struct.pack(">BB", 128 | opcode, n) + payload
    if n < 65_536:
        return struct.pack(">BBH", 128 | opcode, 126, n) + payload
    return struct.pack(">BBQ", 128 | opcode, 127, n) + payload


def wish_of(payload):
    """The book whose ladder a message asks for, or None for none."""
    try:
        message = json.loads(payload)
        wish = message["ladder"]
        if set(message) != {"ladder"} or (wish is not None and set(wish) != {"venue", "symbol"}):
            raise Violation(f"unknown members: {payload!r}")
        return None if wish is None else (str(wish["venue"]), str(wish["symbol"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Violation(f"not understood: {payload!r}") from error


class Client(socketserver.StreamRequestHandler):
    """One connection: a file, or a socket with a thread that writes and this one, which reads."""

    disable_nagle_algorithm = True

    def handle(self):
        try:
            line, headers = self.read_request()
            path = line.split(" ")[1].split("?")[0] if line.count(" ") == 2 else ""
            if path == "/live" and headers.get("upgrade", "").lower() == "websocket":
                self.serve_live(headers)
            else:
                self.serve_file(line, path)
        except (ConnectionError, TimeoutError):
            pass

    def read_request(self):
        lines = []
        while not lines or lines[-1]:
            lines.append(self.rfile.readline(REQUEST_MAX).decode("latin-1").rstrip("\r\n"))
        pairs = (line.partition(":") for line in lines[1:-1])
        return lines[0], {name.strip().lower(): value.strip() for name, _, value in pairs}

    def answer(self, status, headers, body=b""):
        lines = [f"HTTP/1.1 {status}"] + [f"{name}: {value}" for name, value in headers]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def serve_file(self, line, path):
        if path not in FILES or not line.startswith("GET "):
            self.server.missed.append(line)
            self.answer("404 Not Found", (*HEADERS, ("Content-Length", 0), ("Connection", "close")))
            return
        name, kind = FILES[path]
        with open(os.path.join(PAGE, name), "rb") as file:
            body = file.read()
        self.answer("200 OK", (*HEADERS, ("Content-Type", kind), ("Content-Length", len(body)),
                               ("Connection", "close")), body)

    def serve_live(self, headers):
        if headers.get("origin") != "http://" + headers.get("host", ""):
            self.answer("403 Forbidden", (("Content-Length", 0), ("Connection", "close")))
            return
        key = hashlib.sha1((headers["sec-websocket-key"] + WEBSOCKET_GUID).encode()).digest()
        self.answer("101 Switching Protocols", (("Upgrade", "websocket"), ("Connection", "Upgrade"),
                                                ("Sec-WebSocket-Accept", base64.b64encode(key).decode())))
        self.wish, self.is_gone = None, threading.Event()
        self.server.clients.add(self)
        writer = threading.Thread(target=self.write_frames, daemon=True)
        writer.start()
        try:
            self.read_messages()
        except Violation as error:
            self.server.violations.append(str(error))
        finally:
            self.is_gone.set()
            self.server.clients.discard(self)
            writer.join()

    def read_messages(self):
        taken = []
        while True:
            opcode, payload = read_frame(self.rfile)
            if opcode == CLOSE:
                return
            if opcode != TEXT:
                continue
            taken = [at for at in taken if at > time.monotonic() - 1] + [time.monotonic()]
            if len(taken) > MESSAGES_PER_S:
                raise Violation("more than ten messages a second")
            self.wish = wish_of(payload)
            self.server.wishes.append(self.wish)

    def write_frames(self):
        """Each frame holds what changed since the last one that this client took."""
        since, shown = 0, None
        try:
            while not self.is_gone.is_set():
                frame, wish = self.server.frame(since, self.wish)
                if frame is not None:
                    if shown is not None and shown != wish:
                        frame["items"][f"ladder:{shown[0]}:{shown[1]}"] = None
                    since, shown = frame["version"], wish
                    self.wfile.write(write_frame(TEXT, json.dumps(frame).encode()))
                self.is_gone.wait(FRAME_S)
        except OSError:
            pass

    def drop(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class FakeLive(socketserver.ThreadingTCPServer):
    """The market and who watches it. A test may hold either: the market, or what is sent."""

    allow_reuse_address, daemon_threads, request_queue_size = True, True, 64

    def __init__(self, market, port=0):
        super().__init__(("127.0.0.1", port), Client)
        self.market, self.lock = market, threading.Lock()
        self.clients, self.wishes, self.violations, self.missed = set(), [], [], []
        self.is_held = False  # prices stand, frames go on
        self.is_stalled = False  # connections stand, nothing is sent
        self.is_ended = threading.Event()
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self.serve, self.run)]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def serve(self):
        self.serve_forever(poll_interval=0.05)

    def run(self):
        began, past_ms = time.monotonic(), 0
        while not self.is_ended.wait(FRAME_S):
            now_ms = int((time.monotonic() - began) * 1000)
            with self.lock:
                if self.is_held:
                    self.market.now_ms += now_ms - past_ms
                else:
                    self.market.step(now_ms - past_ms)
            past_ms = now_ms

    def frame(self, since, wish):
        with self.lock:
            return (None if self.is_stalled else self.market.frame(since, wish)), wish

    def change(self, key, item):
        """Puts one item of a test's own, or takes one away."""
        with self.lock:
            self.market.version += 1
            self.market.put(key, item)

    def drop_clients(self):
        for client in list(self.clients):
            client.drop()

    def stop(self):
        self.is_ended.set()
        self.shutdown()
        self.drop_clients()
        self.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--books", type=int, default=320, help="1000: all of them change in nearly every frame")
    parser.add_argument("--calm", action="store_true", help="no hostile texts")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    busy = 0.5 if given.books < 1000 else 0.95
    server = FakeLive(Market(given.books, given.seed, not given.calm, busy), given.port).start()
    print(server.url, flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()

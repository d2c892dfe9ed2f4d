#!/usr/bin/env python3
"""Records a feed before there is a plugin for it, in the text that arbspot-harness and arbspot-sim read.

Usage: record.py [--ca-file PEM] [--messages N] URL [MESSAGE...] > FILE

Connects to URL (wss://...), says each MESSAGE, and writes every text message that comes, with the time
it came, until the connection ends, N have come, or it is interrupted. Pings are answered.
"""

import argparse
import base64
import os
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit


def frame(opcode, data):
    """What a client says is masked; with a mask of zeros that changes nothing."""
    n = len(data)
    size = bytes([0x80 | n]) if n < 126 else bytes([0x80 | 126]) + n.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + size + bytes(4) + data


def connect(url, ca_file):
    place = urlsplit(url)
    plain = socket.create_connection((place.hostname, place.port or 443), timeout=60)
    context = ssl.create_default_context(cafile=ca_file)
    stream = context.wrap_socket(plain, server_hostname=place.hostname).makefile("rwb")
    path = (place.path or "/") + ("?" + place.query if place.query else "")
    key = base64.b64encode(os.urandom(16)).decode()
    stream.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
                 f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                 "Sec-WebSocket-Version: 13\r\n\r\n".encode())
    stream.flush()
    answer = stream.readline().decode().strip()
    while stream.readline().strip():
        pass
    if " 101 " not in answer + " ":
        sys.exit(f"{url}: {answer or 'no answer'}")
    return stream


def read_frame(stream):
    """(is last, opcode, data); a connection that ends is a close."""
    head = stream.read(2)
    if len(head) < 2:
        return True, 8, b""
    n = head[1] & 127
    if n > 125:
        n = int.from_bytes(stream.read(2 if n == 126 else 8), "big")
    return head[0] & 0x80 != 0, head[0] & 15, stream.read(n)


def messages(stream):
    parts = []
    while True:
        is_last, opcode, data = read_frame(stream)
        if opcode == 8:
            return
        if opcode == 9:
            stream.write(frame(10, data))
            stream.flush()
        elif opcode < 3:
            parts.append(data)
            if is_last:
                yield b"".join(parts).decode()
                parts = []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ca-file", help="whom to trust besides those that everybody trusts")
    parser.add_argument("--messages", type=int, default=0, help="end after so many (0: do not)")
    parser.add_argument("url")
    parser.add_argument("says", nargs="*", help="messages to send")
    options = parser.parse_args()
    stream = connect(options.url, options.ca_file)
    print(f"{options.url} <-> {time.time():.6f}")
    for text in options.says:
        stream.write(frame(1, text.encode()))
    stream.flush()
    for n, text in enumerate(messages(stream), 1):
        print(f"{time.time():.6f}: {text}", flush=True)
        if n == options.messages:
            break


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass

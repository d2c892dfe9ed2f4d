"""Clients of the web listener that do as they are told: requests as bytes, WebSockets frame by frame."""

import base64
import json
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def connect(port, limit_s=20):
    return socket.create_connection(("127.0.0.1", port), timeout=limit_s)


def read_all(sock):
    """What comes until the connection ends, however it ends."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionError:
        pass
    return data


class Answer:
    """One answer of HTTP; status 0: there was none."""

    def __init__(self, data):
        self.data = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()


def send(port, data, limit_s=20):
    """Sends bytes and reads to the end of the connection."""
    with connect(port, limit_s) as sock:
        try:
            sock.sendall(data)
        except ConnectionError:
            pass  # what came back before that counts
        return read_all(sock)


def request(method, path, host, *headers, version="1.1"):
    lines = [f"{method} {path} HTTP/{version}"] + ([f"Host: {host}"] if host is not None else [])
    return "\r\n".join(lines + list(headers) + ["Connection: close", "", ""]).encode("latin-1")


def ask(port, path, *headers, method="GET", host="localhost", version="1.1"):
    return Answer(send(port, request(method, path, host, *headers, version=version)))


def stats(port, *headers):
    return json.loads(ask(port, "/stats", *headers).body)


class WebSocket:
    """Frames in and out; pings are answered only when asked to."""

    def __init__(self, port, origin="http://localhost", host="localhost", path="/live", headers=(),
                 limit_s=20, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(limit_s)
        self.sock.connect(("127.0.0.1", port))
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += [f"Origin: {origin}"] if origin is not None else []
        self.sock.sendall("\r\n".join(lines + list(headers) + ["", ""]).encode())
        self.data = b""
        self.is_open = self.read_head()

    def read_head(self):
        while b"\r\n\r\n" not in self.data:
            piece = self.sock.recv(65536)
            if not piece:
                break
            self.data += piece
        self.answer = Answer(self.data)
        _, _, self.data = self.data.partition(b"\r\n\r\n")
        return self.answer.status == 101

    def need(self, n):
        while len(self.data) < n:
            piece = self.sock.recv(1 << 20)
            if not piece:
                raise ConnectionResetError("the server closed")
            self.data += piece

    def read_frame(self):
        """(opcode, payload); ConnectionError when the connection has ended."""
        self.need(2)
        opcode, len_ = self.data[0] & 15, self.data[1]
        start = 2 + {126: 2, 127: 8}.get(len_, 0)
        self.need(start)
        if start > 2:
            len_ = int.from_bytes(self.data[2:start], "big")
        self.need(start + len_)
        payload, self.data = self.data[start:start + len_], self.data[start + len_:]
        return opcode, payload

    def read_text(self, answers=True):
        """The next frame of the view; pings on the way are answered."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING and answers:
                self.send_frame(PONG, payload)
            if opcode == CLOSE:
                raise ConnectionResetError(f"closed with {payload!r}")
            if opcode == TEXT:
                return json.loads(payload)

    def send_frame(self, opcode, payload, is_final=True, claimed=None):
        len_ = len(payload) if claimed is None else claimed
        head = bytes([opcode | (128 if is_final else 0)])
        if len_ < 126:
            head += bytes([128 | len_])
        elif len_ < 1 << 16:
            head += struct.pack(">BH", 128 | 126, len_)
        else:
            head += struct.pack(">BQ", 128 | 127, len_)
        key = os.urandom(4)
        mask = (key * (len(payload) // 4 + 1))[:len(payload)]
        masked = bytes(a ^ b for a, b in zip(payload, mask))
        self.sock.sendall(head + key + masked)

    def say(self, value):
        self.send_frame(TEXT, json.dumps(value).encode())

    def close_code(self):
        """Reads to the end; the code of the server's close frame, or None."""
        code = None
        try:
            while True:
                opcode, payload = self.read_frame()
                if opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 0
                    self.send_frame(CLOSE, payload)
        except (ConnectionError, TimeoutError):
            pass
        self.close()
        return code

    def close(self):
        self.sock.close()

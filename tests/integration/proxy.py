"""Stands between the host and the simulator as a venue that may misbehave.

Bytes pass unchanged in both directions until a suite sends something of its own to the host: then
it goes out between two frames, as if the venue had sent it. What the venue says may be delayed. TLS ends here and begins anew. All
proxies run in one event loop, on a thread of their own.
"""

import asyncio
import re
import ssl
import struct
import subprocess
import threading
import time

TEXT, FINAL = 0x1, 0x80
SUBSCRIBED = re.compile(rb'"symbol":\["([^"]+)"|"channel":"(?:diff_)?order_book_([a-z0-9]+)"')
UPGRADED = b"HTTP/1.1 101"
CHUNK = 65536
WAIT_S = 10
DELAY_LOOK_S = 0.02  # how soon a new delay holds


def make_certificate(stage):
    """A certificate for localhost that vouches for itself; returns certificate and key."""
    certificate, key = stage.path("proxy.pem"), stage.path("proxy.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True, timeout=20)
    return certificate, key


def frame(payload, opcode=TEXT, final=True, length=None):
    """A WebSocket frame of a server; `length` lies about the payload's."""
    n = len(payload) if length is None else length
    head = bytes([opcode | (FINAL if final else 0)])
    if n < 126:
        head += bytes([n])
    elif n < 1 << 16:
        head += struct.pack(">BH", 126, n)
    else:
        head += struct.pack(">BQ", 127, n)
    return head + payload


def frame_end(data, at):
    """The offsets of payload and end of the frame at this place, or None when it is not whole."""
    if len(data) < at + 2:
        return None
    length, is_masked = data[at + 1] & 0x7f, data[at + 1] & 0x80
    start = at + 2
    if length >= 126:
        wide = 2 if length == 126 else 8
        length = int.from_bytes(data[start:start + wide], "big")
        start += wide
    start += 4 if is_masked else 0
    return (start, start + length) if len(data) >= start + length else None


def find_subject(data):
    """The symbol in the masked subscriptions that a client sent after its request, or None."""
    _, _, data = data.partition(b"\r\n\r\n")
    at = 0
    while (place := frame_end(data, at)) is not None:
        start, at = place
        mask = data[start - 4:start]
        text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data[start:at]))
        found = SUBSCRIBED.search(text)
        if found:
            return (found.group(1) or found.group(2)).decode()
    return None


class Link:
    """One connection of the host, and its twin to the simulator."""

    def __init__(self, host, venue, proxy):
        self.host_reader, self.host = host
        self.venue_reader, self.venue = venue
        self.proxy = proxy  # whose delay holds
        self.under_way = asyncio.Queue()  # (when it came, data) of what the venue said
        self.subject = None  # the first symbol subscribed
        self.is_up = True

    async def run(self):
        take = asyncio.create_task(self.take())
        talks = [asyncio.create_task(self.listen()), asyncio.create_task(self.talk())]
        await asyncio.wait(talks, return_when=asyncio.FIRST_COMPLETED)
        talks.append(take)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)  # either side may have hung up
        self.close()

    def close(self):
        self.is_up = False
        self.host.transport.abort()
        self.venue.transport.abort()

    async def listen(self):
        """Passes on what the host says and remembers what it subscribes."""
        heard = b""
        while data := await self.host_reader.read(CHUNK):
            self.venue.write(data)
            await self.venue.drain()
            if self.subject is None:
                heard += data
                self.subject = find_subject(heard)

    async def talk(self):
        """Passes on what the simulator says, once it is a WebSocket frame by frame."""
        pending = b""
        while data := await self.read_venue():
            pending += data
            if pending.startswith(UPGRADED):
                if b"\r\n\r\n" not in pending:
                    continue
                head, _, pending = pending.partition(b"\r\n\r\n")
                self.host.write(head + b"\r\n\r\n")
                await self.pass_frames(pending)
                return
            self.host.write(pending)
            pending = b""
            await self.host.drain()

    async def pass_frames(self, pending):
        while True:
            at = 0
            while (place := frame_end(pending, at)) is not None:
                self.host.write(pending[at:place[1]])
                at = place[1]
            await self.host.drain()
            data = await self.read_venue()
            if not data:
                return
            pending = pending[at:] + data

    async def take(self):
        """Reads what the venue says as soon as it says it."""
        while data := await self.venue_reader.read(CHUNK):
            self.under_way.put_nowait((time.monotonic(), data))
        self.under_way.put_nowait((time.monotonic(), b""))

    async def read_venue(self):
        """What the venue said `delay` seconds ago; nothing is lost and the order is kept."""
        came, data = await self.under_way.get()
        while (left := came + self.proxy.delay - time.monotonic()) > 0:
            await asyncio.sleep(min(left, DELAY_LOOK_S))
        return data


class Proxy:
    """Listens on a port of its own and leads to the simulator's."""

    def __init__(self, loop, certificate, port, ca_file):
        self.loop = loop
        self.target = int(port)
        self.to_host = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.to_host.load_cert_chain(*certificate)
        self.to_venue = ssl.create_default_context(cafile=ca_file)
        self.links = []
        self.delay = 0.0  # of what the venue says, in seconds; may be set from any thread
        self.port = asyncio.run_coroutine_threadsafe(self.start(), loop).result(WAIT_S)

    async def start(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.to_host)
        return server.sockets[0].getsockname()[1]

    async def serve(self, *host):
        try:
            venue = await asyncio.open_connection("127.0.0.1", self.target, ssl=self.to_venue,
                                                  server_hostname="localhost")
        except OSError:
            host[1].transport.abort()
            return
        link = Link(host, venue, self)
        self.links.append(link)
        await link.run()

    def connections(self):
        """The connection that is up for each symbol."""
        return {link.subject: link for link in list(self.links) if link.subject and link.is_up}

    def send(self, link, data):
        """To the host, between two frames of the venue."""
        self.loop.call_soon_threadsafe(link.host.write, data)

    def hang_up(self):
        """Drops every connection, as a venue does that restarts."""
        for link in list(self.links):
            self.loop.call_soon_threadsafe(link.close)


def start_loop():
    """The event loop of all proxies; it ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop

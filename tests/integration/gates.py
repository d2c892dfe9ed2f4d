"""Addresses of this machine that lead to a simulator or nowhere, and an HTTP proxy.

127.0.0.2 and its like are addresses of every Linux machine's loopback device, so a venue that listens on
127.0.0.1 can have neighbours on the same port that behave in other ways. All run in one event loop.
"""

import asyncio
import base64
import os
import socket
import ssl

import pipeline

CHUNK = 65536
WAIT_S = 10


def start_host(stage, name, config, answer, *environment, waits=True):
    """A host for which localhost is what the file NAME.addresses says; see localhost_is.c."""
    set_answer(stage, name, answer)
    # AddressSanitizer wants to be the first library, but the shim it would miss allocates nothing.
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    host = stage.start(name, [
        "env", "-u", "https_proxy", "-u", "HTTPS_PROXY", "-u", "all_proxy", "-u", "ALL_PROXY",
        "-u", "no_proxy", "-u", "NO_PROXY", f"LD_PRELOAD={stage.options.shim}",
        f"LOCALHOST_IS={stage.path(name + '.addresses')}", f"ASAN_OPTIONS={sanitizer}",
        *environment, stage.options.arbspot, "run", "-c", stage.write(name + ".ini", config)])
    if waits:
        host.wait_for(r'msg="running', stage.limit(10))
    return host


def set_answer(stage, name, answer):
    path = stage.write(name + ".next", answer + "\n")
    os.replace(path, stage.path(name + ".addresses"))  # at once, whoever reads


async def pump(reader, writer):
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


async def join(one, other):
    """Passes on what either says until one of them ends."""
    pumps = [asyncio.create_task(pump(one[0], other[1])),
             asyncio.create_task(pump(other[0], one[1]))]
    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    for task in pumps:
        task.cancel()
    await asyncio.gather(*pumps, return_exceptions=True)
    for _, writer in (one, other):
        writer.transport.abort()


class Gate:
    """Listens on an address; `does` is pass or silent.

    With a certificate, TLS is shaken hands on before that.
    """

    def __init__(self, loop, address, port, does, certificate=None):
        self.loop, self.target, self.does = loop, port, does
        self.accepted = 0
        self.writers = []
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.port = asyncio.run_coroutine_threadsafe(self.start(address, port),
                                                     loop).result(WAIT_S)

    async def start(self, address, port):
        server = await asyncio.start_server(self.serve, address, port, ssl=self.tls)
        return server.sockets[0].getsockname()[1]

    async def serve(self, *host):
        self.accepted += 1
        self.writers.append(host[1])
        try:
            await self.act(host)
        except OSError:
            pass
        host[1].transport.abort()

    async def act(self, host):
        if self.does == "silent":
            await asyncio.sleep(600)
        elif self.does == "pass":
            await join(host, await asyncio.open_connection("127.0.0.1", self.target))

    def hang_up(self):
        for writer in list(self.writers):
            self.loop.call_soon_threadsafe(writer.transport.abort)


class BlackHole:
    """An address whose connections are never accepted: its queue is full, and the kernel is silent."""

    def __init__(self, address, port):
        self.listener = socket.create_server((address, port), backlog=0)
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((address, port))
            self.fillers.append(filler)


class Proxy:
    """An HTTP proxy that knows CONNECT only. `does` may be open, silent, hang up, or a status line."""

    def __init__(self, loop, does="open", user=None, leads_to=None):
        self.does, self.user, self.leads_to = does, user, leads_to
        self.asked = []  # the targets it was asked for
        self.port = asyncio.run_coroutine_threadsafe(self.start(), loop).result(WAIT_S)

    async def start(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    def is_welcome(self, head):
        if self.user is None:
            return True
        word = base64.b64encode(self.user.encode()).decode()
        return f"\r\nProxy-Authorization: Basic {word}\r\n" in head

    async def serve(self, *host):
        try:
            await self.act(host)
        except (OSError, asyncio.IncompleteReadError):
            pass
        host[1].transport.abort()

    async def act(self, host):
        head = (await host[0].readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        self.asked.append(target)
        if self.does == "silent":
            await asyncio.sleep(600)
        elif not self.is_welcome(head):
            await self.say(host, "HTTP/1.1 407 Proxy Authentication Required")
        elif method != "CONNECT" or self.does not in ("open", "hang up"):
            await self.say(host, self.does)
        elif self.does == "open":
            venue = await asyncio.open_connection(
                "127.0.0.1", self.leads_to or int(target.rsplit(":", 1)[1]))
            await self.say(host, "HTTP/1.1 200 Connection established")
            await join(host, venue)

    @staticmethod
    async def say(host, status):
        """In pieces, as networks deliver what is sent."""
        for piece in (status[:5], status[5:], "\r\nVia: 1.1 gates\r", "\n\r", "\n"):
            host[1].write(piece.encode())
            await host[1].drain()
            await asyncio.sleep(0.02)


def settings(text, **keys):
    """Every exchange gets these keys too."""
    lines = "".join(f"\n{key} = {value}" for key, value in keys.items())
    return pipeline.changed(text, (r"^taker_fee = .*(?:\n[ \t].*)*$", rf"\g<0>{lines}"))

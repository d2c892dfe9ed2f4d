"""Drives Chromium without a window through its DevTools protocol. The standard library is enough.

    with Chromium(chromium_path()) as browser:
        tab = browser.open_tab(width=1440, height=900)
        tab.go("http://127.0.0.1:8080/")
        tab.wait("document.title === 'arbspot'", 5)
"""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_LIMIT_S, ANSWER_LIMIT_S, STOP_LIMIT_S, POLL_S = 60, 60, 10, 0.02
FLAGS = ("--headless=new", "--no-sandbox", "--remote-debugging-port=0", "--disable-gpu", "--no-first-run",
         "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--mute-audio")
KEY_CODES = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
             "Home": 36, "End": 35, "PageUp": 33, "PageDown": 34}

# Where the middle of an element is, once it is in sight and the page does not scroll any more.
STANDS_STILL = """(async () => {
    const element = %s, frame = () => new Promise(requestAnimationFrame);
    const place = () => { const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
    element.scrollIntoView({block: 'center', behavior: 'instant'});
    for (let still = 0, before = ''; still < 3;) {
        await frame();
        still = before === String(place()) ? still + 1 : 0;
        before = String(place());
    }
    return place();
})()"""


class Failure(Exception):
    """The browser did not do what it was asked to."""


def chromium_path():
    """The browser to use, or None where there is none."""
    named = os.environ.get("ARBSPOT_CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


class Socket:
    """A WebSocket to the browser. Frames of ours are masked with zeros."""

    def __init__(self, address, limit_s):
        parts = urllib.parse.urlsplit(address)
        self.socket = socket.create_connection((parts.hostname, parts.port), limit_s)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        if b" 101 " not in self.stream.readline():
            raise Failure("the browser refused the connection")
        while self.stream.readline().strip():
            pass

    def send(self, text):
        data = text.encode()
        head = (struct.pack(">BB", 129, 128 | len(data)) if len(data) < 126
                else struct.pack(">BBH", 129, 254, len(data)) if len(data) < 65_536
                else struct.pack(">BBQ", 129, 255, len(data)))
        self.socket.sendall(head + bytes(4) + data)

    def receive(self, limit_s):
        """The next message; TimeoutError when none comes."""
        self.socket.settimeout(limit_s)
        parts = []
        while True:
            first, n = self.stream.read(2)
            if n >= 126:
                n = struct.unpack(">H" if n == 126 else ">Q", self.stream.read(2 if n == 126 else 8))[0]
            payload = self.stream.read(n)
            if first & 15 in (0, 1):
                parts.append(payload)
                if first & 128:
                    return b"".join(parts).decode()

    def close(self):
        self.stream.close()
        self.socket.close()


class Tab:
    """One page. What it writes to the console, throws, or asks in a dialog is kept."""

    def __init__(self, address):
        self.socket, self.last_id = Socket(address, ANSWER_LIMIT_S), 0
        self.console, self.dialogs = [], []
        for domain in ("Page", "Runtime", "Log", "Performance"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.last_id += 1
        self.socket.send(json.dumps({"id": self.last_id, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.receive(ANSWER_LIMIT_S))
            if message.get("id") == self.last_id:
                if "error" in message:
                    raise Failure(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.console.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.console.append(f"console: {params['args']}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(f"log: {params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])
            self.last_id += 1
            self.socket.send(json.dumps({"id": self.last_id, "method": "Page.handleJavaScriptDialog",
                                         "params": {"accept": True}}))

    def evaluate(self, expression):
        """The value of an expression in the page, which may be a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failure(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def wait(self, expression, limit_s):
        """Waits until an expression is true in the page and returns its value."""
        deadline = time.monotonic() + limit_s
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failure(f"not within {limit_s:g} s: {expression}")
            time.sleep(POLL_S)

    def resize(self, width, height, is_phone=False, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=is_phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=is_phone)

    def prefer(self, **features):
        """Media features: prefer(color_scheme="dark", reduced_motion="reduce")."""
        named = [{"name": "prefers-" + name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def go(self, url):
        self.call("Page.navigate", url=url)

    def press(self, key):
        """One key, by its name or its character."""
        known = {"key": key, "windowsVirtualKeyCode": KEY_CODES.get(key, ord(key[0].upper()))}
        text = "\r" if key == "Enter" else key if len(key) == 1 else None
        self.call("Input.dispatchKeyEvent", type="keyDown", **known, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def type(self, text):
        for character in text:
            self.press(character)

    def click(self, selector):
        """A press of the mouse in the middle of the first element of a selector, where it is in sight."""
        self.click_at(f"document.querySelector({json.dumps(selector)})")

    def click_at(self, element):
        place = self.evaluate(STANDS_STILL % element)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                      buttons=1 if kind == "mousePressed" else 0, clickCount=1)

    def move_mouse(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def figures(self):
        """The browser's own counters of this page: seconds of scripts, of layout and the like."""
        return {metric["name"]: metric["value"] for metric in self.call("Performance.getMetrics")["metrics"]}

    def screenshot(self, path, is_whole=False):
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def close(self):
        self.socket.close()


class Chromium:
    """A browser with a home of its own, which goes when the browser does."""

    def __init__(self, path):
        self.home = tempfile.mkdtemp(prefix="arbspot-chromium-")
        self.tabs = []
        self.process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self.home}", "about:blank"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.home})

    def __enter__(self):
        try:
            self.port = self.find_port()
        except Failure:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def find_port(self):
        """The browser writes into its home where it listens."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with open(os.path.join(self.home, "DevToolsActivePort"), encoding="ascii") as file:
                    return int(file.readline())
            except (OSError, ValueError):
                time.sleep(POLL_S)
        raise Failure(f"the browser does not start (status {self.process.poll()})")

    def open_tab(self, width=1440, height=900, is_phone=False, scale=1):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
            tab = Tab(json.load(answer)["webSocketDebuggerUrl"])
        tab.resize(width, height, is_phone, scale)
        self.tabs.append(tab)
        return tab

    def stop(self):
        for tab in self.tabs:
            tab.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

"""The dashboard's frames say what the topics say, from a host that runs and from one that reads Kafka.

The host serves it from rings of its own, `arbspot web` from Kafka. A client that takes every frame gets books at the session
and sequence they name, matrices, ladders and opportunities, which are compared with the topics as `arbspot view` is
(view.py). Then the brokers go away, and the host: what is shown says so, and /readyz does.
"""

import threading

import bus as messages
import pipeline
import view
import web_client
from matrix import fees_of

FRAMES = 40  # of each, that are compared
URL = r"the dashboard is at http://127\.0\.0\.1:(\d+)/"


class Browser(view.Display):
    """What a page has that takes every frame."""

    def __init__(self, port):
        self.port = port
        self.items, self.frames = {}, []
        self.new, self.lock, self.is_over = [], threading.Lock(), False
        self.socket = web_client.WebSocket(port, origin=f"http://localhost:{port}", host=f"localhost:{port}")
        self.socket.say({"ladder": dict(zip(("venue", "symbol"), view.LADDER))})
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while True:
                frame = self.socket.read_text()
                with self.lock:
                    self.new.append(frame)
        except (OSError, ValueError):
            self.is_over = True

    def take(self):
        with self.lock:
            frames, self.new = self.new, []
        return self.put(frames)

    def answer(self, path):
        return web_client.ask(self.port, path, host=f"localhost:{self.port}")


def open_page(stage, program):
    port = int(program.wait_for(URL, stage.limit(20)).group(1))
    page = web_client.ask(port, "/", host=f"localhost:{port}")
    stage.expect(page.status == 200 and b"page.js" in page.body, f"the page: {page.data[:300]}")
    return Browser(port)


def expect_ready(stage, browser):
    pipeline.poll(lambda: browser.answer("/readyz").body == b"ready\n", stage.limit(10), "ready")
    stage.expect(browser.answer("/healthz").body == b"ok\n", "healthy")


def compare(stage, books, browser, fees, name):
    pipeline.poll(lambda: browser.take() is not None and len(browser.frames) >= FRAMES, stage.limit(40), f"frames of {name}")
    pipeline.poll(lambda: browser.take() is not None and browser.items["host"]["n_live"] == len(view.VENUES) * len(view.SYMBOLS),
                  stage.limit(20), f"{name} has all books LIVE")
    stage.expect(not browser.of("trouble"), f"{name}: nothing is wrong: {browser.of('trouble')}")
    mode = {"host": "host", "web": "kafka"}[name]
    stage.expect(browser.items["host"]["mode"] == mode, f"{name}: {browser.items['host']}")
    view.expect_frames(stage, books, browser, fees, may_lack=name == "host")
    ladders = [frame["items"][key] for frame in browser.frames for key in frame["items"] if key.startswith("ladder")]
    stage.expect(len(ladders) > FRAMES // 4, f"{name}: {len(ladders)} ladders in {len(browser.frames)} frames")
    expect_ready(stage, browser)


def try_ends(stage, browsers, broker, host):
    """What is shown is nothing old: of a host without brokers, of brokers without a host."""
    broker.stop()
    for name, browser in browsers.items():
        pipeline.poll(lambda: browser.tells("no Kafka broker can be reached"), stage.limit(30), f"{name} tells of the brokers")
        unready = browser.answer("/readyz")
        stage.expect(unready.status == 503 and b"no Kafka broker" in unready.body, f"{name}: {unready.body}")
    shown = browsers["host"].items
    stage.expect(all(book["state"] == "LIVE" for key, book in shown.items() if key.startswith("book")),
                 "the host goes on to show its own books")
    stage.expect(host.stop() == 1, "the host ends, whoever looks, and says what was not delivered")
    pipeline.poll(lambda: browsers["host"].is_over, stage.limit(10), "and closes its connections")


def suite(stage):
    view.use_what_is_built(stage)
    stage.simulator("--venues", ",".join(view.VENUES), "--divergence-every", "700ms")
    brokers = stage.broker()
    broker = stage.programs[-1]
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers).split("[strategy")[0] + view.STRATEGY
    config = stage.write("dashboard.ini", text + "[web]\nlisten = 127.0.0.1:0\n")
    bus = messages.Bus()
    books = view.Books(bus)
    host = stage.host(config)
    stage.read_topic(brokers, "market-data", books.on_market_data)
    stage.read_topic(brokers, "arbitrage-opportunities", books.on_opportunity)
    web = stage.start("web", [stage.options.arbspot, "web", "-c", config, "--listen", "127.0.0.1:0"])
    browsers = {name: open_page(stage, program) for name, program in (("host", host), ("web", web))}
    for name, browser in browsers.items():
        compare(stage, books, browser, fees_of(text), name)
    try_ends(stage, browsers, broker, host)
    stage.expect(web.stop() == 0, "an interrupted one ends with 0")


if __name__ == "__main__":
    pipeline.main(suite)

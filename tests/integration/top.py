"""What `arbspot top` shows on a terminal is what `arbspot view` says at that moment.

It runs in tmux, which is a terminal of its own: what is on it can be read, and keys be pressed. The market is held still,
and each price on the screen is compared with the view's. Then it is made larger and smaller, a symbol is opened, it is
paused; the host is killed, and within seconds it says over everything that nothing is heard. However it ends, by a key, by
a signal or by a crash, the terminal is as it was. Skipped where there is no tmux.
"""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time

import pipeline
from view import STRATEGY, VENUES, Display

SKIP = 77
BOOKS = 12
PAUSED = re.compile(r"^ PAUSED at (\d\d:\d\d:\d\d) UTC, (\d+)\.?\d*s ago: nothing here is live")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[1-7]m")
SILENT = "NOTHING HEARD"
SAID_WITHIN_S = 4  # two until it counts, one between two looks at the clock, and the test's own time


class Terminal:
    """A terminal of tmux that runs one command and says how it ended."""

    def __init__(self, stage, name, arguments, environment=""):
        self.stage, self.name = stage, name
        self.socket = stage.path(name + ".tmux")
        script = stage.write(name + ".sh", f"stty -g >{name}.before\n"
                             f"{environment} {stage.options.arbspot} top {arguments} & \n"
                             f"echo $! >{name}.pid; fg >/dev/null; echo ended=$?\n"
                             f"stty -g >{name}.after\nexec sleep 1000\n")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", stage.directory,
                  f"exec bash -m {script}")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], check=True, capture_output=True, text=True,
                              timeout=20).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def lines(self):
        return self.screen().splitlines()

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def wait_for(self, words, limit_s=10):
        def is_there():
            text = self.screen()
            return text if re.search(words, text) else None
        try:
            return pipeline.poll(is_there, self.stage.limit(limit_s), f"{self.name} shows {words}")
        except pipeline.Miss:
            print(self.screen())
            raise

    def send(self, number):
        with open(self.stage.path(self.name + ".pid"), encoding="ascii") as file:
            os.kill(int(file.read()), number)

    def expect_given_back(self, status):
        self.wait_for(r"ended=\d+", 15)
        self.stage.expect(f"ended={status}" in self.screen(), f"{self.name}: ended with {status}: {self.screen()}")
        after = self.stage.path(self.name + ".after")
        pipeline.poll(lambda: os.path.exists(after) and os.path.getsize(after), self.stage.limit(5), "its settings")
        self.stage.expect(self.stage.read(self.name + ".before") == self.stage.read(self.name + ".after"),
                          f"{self.name}: the terminal is set as it was")
        self.stage.expect(self.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}") == "0 1\n",
                          f"{self.name}: the first screen and the cursor are back")

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True, timeout=20)


class View(Display):
    """What `arbspot view` says at present."""

    def books(self):
        self.take()
        return {tuple(key.split(":")[1:]): item for key, item in self.of("book").items()}


def shown_books(lines):
    """(venue, symbol) -> [state, bid, ask] of the books on a screen."""
    begin = next((i for i, line in enumerate(lines) if line.startswith("BOOK ")), len(lines))
    rows = [line.split() for line in lines[begin + 1:]]
    return {(row[0], row[1]): row[2:5] for row in rows if len(row) > 5 and row[0] in VENUES}


def wanted(item):
    """Without zeros at the end, as people read numbers."""
    def number(level):
        text = level[0] if level else "-"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return [item["state"], number(item["bid"]), number(item["ask"])]


def expect_equal(stage, terminal, view, n_least):
    """Every price that is shown is the view's. True when that has been so."""
    def is_equal():
        shown, books = shown_books(terminal.lines()), view.books()
        live = [place for place in shown if shown[place][0] == "LIVE"]
        return len(live) >= n_least and all(shown[place] == wanted(books[place]) for place in shown)
    pipeline.poll(is_equal, stage.limit(8), f"{n_least} books as the view has them: {shown_books(terminal.lines())}")
    stage.figure("books compared", len(shown_books(terminal.lines())))


def try_prices(stage, terminal, view, sim):
    sim.send(signal.SIGSTOP)
    expect_equal(stage, terminal, view, 5)
    terminal.resize(200, 60)
    terminal.wait_for("BID QTY")
    expect_equal(stage, terminal, view, BOOKS)
    stage.expect(len(terminal.lines()) == 60 and max(map(len, terminal.lines())) <= 200, "it fills 200x60")
    sim.send(signal.SIGCONT)


def try_symbol(stage, terminal):
    terminal.press("/")
    terminal.press("kraken:btc", "Enter")
    terminal.wait_for("only: kraken:btc ")
    pipeline.poll(lambda: set(shown_books(terminal.lines())) == {("kraken", "BTC/USD")}, stage.limit(5), "one book")
    terminal.press("Enter")
    terminal.wait_for(r"buy binance +\S+ +[-.\d]+")
    text = terminal.wait_for("(LIVE, verified, .*){4}")  # ladders side by side; none is late any more
    for words in (r"NET BP, SELL AT: +AGE +kraken +bitstamp +okx +binance", r"kraken LIVE, verified, ", r"SURVIVAL +N ",
                  r"^kraken +BTC/USD +LIVE"):
        stage.expect(re.search(words, text, re.MULTILINE), f"{words} in {text}")
    terminal.press("j", "Tab", "Tab", "j")
    terminal.wait_for(r"(?m)^okx LIVE, verified, ")
    terminal.press("q", "Escape")
    pipeline.poll(lambda: len(shown_books(terminal.lines())) == BOOKS, stage.limit(5), "all books again")
    terminal.resize(80, 24)
    terminal.wait_for(r"(?m)^\?help Tab:pane")
    pipeline.poll(lambda: len(terminal.lines()) == 24 and max(map(len, terminal.lines())) <= 80, stage.limit(5), "80x24")


def try_pause(stage, terminal):
    terminal.press("p")
    first = PAUSED.search(terminal.wait_for("PAUSED"))

    def has_passed(seconds):
        now = PAUSED.search(terminal.screen())
        return now and now.group(1) == first.group(1) and int(now.group(2)) >= int(first.group(2)) + seconds
    pipeline.poll(lambda: has_passed(1), stage.limit(8), "the page is drawn to its end")
    books = shown_books(terminal.lines())
    pipeline.poll(lambda: has_passed(3), stage.limit(8), "the pause becomes older")
    stage.expect(books == shown_books(terminal.lines()), "and nothing else changes")
    terminal.press("p")
    pipeline.poll(lambda: "PAUSED" not in terminal.screen() and shown_books(terminal.lines()) != books, stage.limit(5),
                  "it goes on")
    terminal.press("?")
    terminal.wait_for("Tab, Shift-Tab")
    terminal.press("q")
    terminal.wait_for("VENUE ")


def try_death(stage, terminal, host, broker):
    stage.expect(SILENT not in terminal.screen(), "it is heard")
    killed = time.monotonic()
    host.process.kill()
    host.process.wait()
    terminal.wait_for(SILENT + r" FOR \d", SAID_WITHIN_S)
    stage.figure("silence.said_s", f"{time.monotonic() - killed:.2f}")
    terminal.wait_for("is silent: none of its prices")
    pipeline.poll(lambda: all(row[0] != "LIVE" for row in shown_books(terminal.lines()).values()), stage.limit(10),
                  "nothing is LIVE")
    broker.process.kill()
    broker.process.wait()
    text = terminal.wait_for(r"level=\w+ kafka=view", 40)
    stage.expect(re.search(r"^\?help", text.splitlines()[-1]), f"the log has its place: {text}")
    terminal.wait_for(r"(?m) {5}no Kafka broker can be reached( {5}|$)", 30)
    terminal.press("q")
    terminal.expect_given_back(0)


def try_endings(stage, brokers):
    for number, status, environment in ((signal.SIGTERM, 0, "NO_COLOR=1"), (signal.SIGINT, 0, "NO_COLOR="),
                                        (signal.SIGHUP, 0, "TERM=vt100"),
                                        (signal.SIGABRT, 128 + signal.SIGABRT, "TERM=xterm-256color")):
        terminal = Terminal(stage, number.name, f"-b {brokers}", environment)
        try:
            terminal.wait_for(r"12/12 books LIVE")
            terminal.wait_for(r"(?m)^(open|closed) ", 20)
            if number != signal.SIGHUP:
                stage.expect(bool(COLOUR.search(terminal.screen("-e"))) == (number != signal.SIGTERM),
                             f"{environment}: colours")
            terminal.send(number)
            terminal.expect_given_back(status)
            stage.expect(("SIGABRT, it gave up" in terminal.screen().replace("\n", "")) == (number == signal.SIGABRT),
                         f"a crash is told on the terminal: {terminal.screen()}")
        finally:
            terminal.close()


def try_stalled(stage, brokers):
    """Ctrl-S holds back all that is written, the last words too: it ends all the same, and the terminal goes on."""
    terminal = Terminal(stage, "stalled", f"-b {brokers}")
    try:
        terminal.wait_for(r"12/12 books LIVE")
        terminal.press("C-s")
        terminal.send(signal.SIGTERM)
        terminal.expect_given_back(1)
    finally:
        terminal.close()


def on_a_terminal(stage, kind, *arguments):
    """Runs it on a pseudo terminal of that kind: its exit status, and what it says."""
    master, slave = pty.openpty()
    with subprocess.Popen([stage.options.arbspot, "top", *arguments], stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                          env={**os.environ, "TERM": kind}, text=True) as process:
        os.close(slave)
        err = process.communicate(timeout=stage.limit(20))[1]
    os.close(master)
    return process.returncode, err


def try_no_terminal(stage):
    result = stage.call("top", "-b", "127.0.0.1:1")
    said = [(result.returncode, result.stderr.decode())]
    said += [on_a_terminal(stage, kind, "-b", "127.0.0.1:1") for kind in ("dumb", "no-such-kind", "")]
    for status, err in said:
        stage.expect(status == 1 and "`arbspot view`" in err and err.count("\n") == 1, f"{status}: {err}")


def suite(stage):
    try_no_terminal(stage)
    sim = stage.simulator("--venues", ",".join(VENUES), "--divergence-every", "700ms")
    brokers = stage.broker()
    broker = stage.programs[-1]
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers).split("[strategy")[0] + STRATEGY
    host = stage.host(stage.write("top.ini", text))
    view = View(stage.start("view", [stage.options.arbspot, "view", "-b", brokers]))
    try_endings(stage, brokers)
    try_stalled(stage, brokers)
    terminal = Terminal(stage, "top", f"-b {brokers} -c top.ini")
    try:
        text = terminal.wait_for("12/12 books LIVE")
        stage.expect("nothing is known to be wrong" in text and "the log is empty" in text, f"all is well: {text}")
        try_prices(stage, terminal, view, sim)
        terminal.wait_for("nothing is known to be wrong", 30)
        try_symbol(stage, terminal)
        try_pause(stage, terminal)
        try_death(stage, terminal, host, broker)
    finally:
        sim.send(signal.SIGCONT)
        terminal.close()


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        print("skipped: tmux is not installed")
        sys.exit(SKIP)
    pipeline.main(suite)

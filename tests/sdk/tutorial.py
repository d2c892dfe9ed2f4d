#!/usr/bin/env python3
"""Takes the way of the plugin author's guide, word by word: from `arbspot new` to LIVE books in Kafka.

arbspot is installed into an empty home, and from there on a shell has nothing but that: it runs every
command of the guide as it is installed, in a folder outside the repository. In the guide's fences stand

    sh             commands; each has to end with 0
    text           what they say: these lines in this order, `...` standing for anything
    text FILE      the same of a file that a program in the background writes, which is waited for
    c, ini, golden a piece of tern.c, tern.ini or tern.golden, as it stands there
    json           frames of Tern, each in tern.script or tern.golden
    sh clone       how arbspot is built, which is not done once more

and nothing else does. The chapter of strategies is another test's (strategy.py). While the host runs, an independent reader of its topic (bus.py) rebuilds the
books, which have to be LIVE, verified in every message, and those that Tern has in the end.
"""

import argparse
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import bus as messages  # noqa: E402
import pipeline  # noqa: E402

PORT = "8443"  # of Tern in the guide; here it is any free one
COMMAND_S, LOG_S = 240, 60
LISTINGS = {"c": "tern.c", "ini": "tern.ini", "golden": "tern.golden"}
FENCES = {"sh", "text", "json", "sh clone"} | set(LISTINGS)
SECTION_OF_OTHERS = re.compile("mistake", re.IGNORECASE)  # blocks there are another test's
CHAPTER_OF_STRATEGIES = "\n## Strategies\n"  # likewise; the last one

# What Tern does to both books in forty changes, done by hand: of each kind the last one stays. The
# best ten levels, which is all of them.
FINAL_BOOK = ([("100.5", "40.5"), ("100.4", "1"), ("100.3", "1.5"), ("100.2", "7")],
              [("100.6", "38.25"), ("100.7", "3"), ("100.75", "40"), ("100.8", "2"), ("100.9", "5")])
DAMAGE = {"BTC/USD": "an event was lost: 110 expected, 111 came",
          "ETH/USD": "the venue's checksum does not match"}


def fences(text):
    """(kind, lines) of each fenced block; an indented one would be run by nobody."""
    kind, lines, section = None, [], ""
    for line in text.splitlines():
        if line.startswith("```"):
            if kind is not None:
                yield kind, lines
            kind, lines = (line[3:] or "no kind", []) if kind is None else (None, [])
        elif kind is not None:
            lines.append(line)
        elif line.startswith("## "):
            section = line
        elif line.startswith("    ") and not SECTION_OF_OTHERS.search(section):
            raise pipeline.Miss(f"the guide has a block that nothing runs: {line}")
    if kind is not None:
        raise pipeline.Miss(f"the guide ends in a block: {lines[:2]}")


class Shell:
    """One shell for all commands, as an author has; what it starts are jobs of their own."""

    MARK = "-- done with"

    def __init__(self, stage, home, path):
        self.stage = stage
        self.process = subprocess.Popen(
            ["bash", "--norc", "-m"], cwd=home, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"HOME": home, "PATH": path, "LANG": "C.UTF-8"})
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        # The jobs that are left end with the shell, whatever happened.
        self.run("trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT")

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def run(self, command):
        """What it says, as lines."""
        self.process.stdin.write(f"{command}\nprintf '\\n%s %d\\n' '{self.MARK}' $?\n")
        self.process.stdin.flush()
        said, until = [], time.monotonic() + self.stage.limit(COMMAND_S)
        while not said or not said[-1].startswith(self.MARK):
            try:
                line = self.lines.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                raise pipeline.Miss(f"still running: {command}; it said {said[-20:]}") from None
            if line is None:
                raise pipeline.Miss(f"the shell ended: {command}; it said {said[-20:]}")
            said.append(line)
        if said.pop() != f"{self.MARK} 0":
            raise pipeline.Miss(f"failed: {command}\n" + "\n".join(said[-20:]))
        return said

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def close(self):
        """Ends whatever it still does, each by its id, and then the shell."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.children() if self.process.poll() is None else []:
                os.kill(pid, number)
            try:
                self.process.stdin.close()
                self.process.wait(pipeline.STOP_LIMIT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self.thread.join(pipeline.STOP_LIMIT_S)


def pattern_of(line):
    return re.compile(r".*?".join(re.escape(part) for part in line.split("...")))


def find_lines(wanted, said):
    """(how far one has to read for all of them, None), or None and the first that is not there."""
    at = 0
    for line in wanted:
        pattern = pattern_of(line.replace("…", "..."))
        while at < len(said) and not pattern.search(said[at]):
            at += 1
        if at == len(said):
            return None, line
        at += 1
    return at, None


class Author:
    """Does what the guide says; `name` is the plugin, its folder, and that of its files beside the guide."""

    def __init__(self, stage, shell, home, name="tern", listings=LISTINGS):
        self.stage, self.shell = stage, shell
        self.name, self.listings = name, listings
        self.folder = os.path.join(home, name)
        self.doc = os.path.join(home, "arbspot", "share", "arbspot", "doc")
        self.port = free_port()
        self.said, self.counts = [], {}

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def original(self, name):
        return self.read(os.path.join(self.doc, self.name, name))

    def take(self, kind, lines):
        """One block of the guide."""
        name, _, file = kind.partition(" ")
        self.stage.expect(name in FENCES and (kind in FENCES or name == "text"),
                          f"a block that nothing runs: {kind}: {lines[:1]}")
        self.counts[name] = self.counts.get(name, 0) + 1
        if kind == "sh":
            self.do(lines)
        elif kind == "text":
            _, missing = find_lines(lines, self.said)
            self.stage.expect(missing is None, f"not said: {missing}; but\n" + "\n".join(self.said[-30:]))
        elif name == "text":
            self.wait_for(file, lines)
        elif name in self.listings:
            self.stage.expect("\n".join(lines) + "\n" in self.original(self.listings[name]),
                              f"{self.listings[name]} has no such piece: {lines[:2]}")
        elif name == "json":
            self.compare_frames(lines)

    def do(self, lines):
        self.said = []
        for command in lines:
            command = command.replace(PORT, self.port)
            if command.startswith("kcat "):
                self.look_independently()
            self.said += self.shell.run(command)
            if command.startswith("cp ") and command.endswith(" ."):
                self.move_tern()

    def move_tern(self):
        """Tern listens elsewhere than in the guide, so that two tests may run at once."""
        path = os.path.join(self.folder, "tern.ini")
        text = self.read(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(f":{PORT}", f":{self.port}"))

    def wait_for(self, file, lines):
        path = os.path.join(self.folder, file)
        lines = [line.replace(PORT, self.port) for line in lines]

        def reached():
            said = self.read(path).splitlines() if os.path.exists(path) else []
            return find_lines(lines, said)[0]
        pipeline.poll(reached, self.stage.limit(LOG_S), f"{file} says {lines}")

    def compare_frames(self, lines):
        known = self.original("tern.golden") + self.original("tern.script")
        for line in lines:
            json.loads(line)
            self.stage.expect(re.search(re.escape(line) + "$", known, re.MULTILINE) is not None,
                              f"no such frame was ever seen: {line}")

    def look_independently(self):
        """While the host runs: the books as another program has them."""
        broker = [line for line in self.shell.run('echo "$broker"') if line][0]
        bus, doubts = messages.Bus(), []

        def on_message(key, value, partition):
            message = json.loads(value)
            if message["type"] in ("snapshot", "delta") and message["verified"] != "verified":
                doubts.append(message)
            bus.on_market_data(key, value, partition)
        self.stage.read_topic(broker, "market-data", on_message)
        places = [("tern", symbol) for symbol in DAMAGE]
        try:
            pipeline.poll(lambda: all(is_final(bus, place) for place in places),
                          self.stage.limit(LOG_S), "the books are LIVE and as Tern has them")
        except pipeline.Miss as miss:
            raise pipeline.Miss(f"{miss}; they are {[levels_of(bus, place) for place in places]}") from None
        bus.snapshot_of(lambda: self.expect_healed(bus))
        self.stage.expect(not doubts, f"{len(doubts)} messages are not verified: {doubts[:1]}")
        messages.expect_sound(self.stage, bus)

    def expect_healed(self, bus):
        for symbol, reason in DAMAGE.items():
            stale = [why for state, why, _ in bus.books["tern", symbol].states if state == "STALE"]
            self.stage.expect(reason in stale, f"{symbol} was STALE for {stale}")


def levels_of(bus, place):
    with bus.lock:
        return bus.books[place].top() if place in bus.books else None


def is_final(bus, place):
    if levels_of(bus, place) is None or not bus.is_live(*place):
        return False
    px_scale, qty_scale = bus.books[place].scale
    wanted = tuple([(messages.scaled(px, px_scale), messages.scaled(qty, qty_scale))
                    for px, qty in side] for side in FINAL_BOOK)
    return levels_of(bus, place) == wanted


def free_port():
    with socket.socket() as any_free:
        any_free.bind(("localhost", 0))
        return str(any_free.getsockname()[1])


def expect_independence(stage, folder):
    """Nothing in the author's folder, be it a list of headers, knows where arbspot comes from."""
    places = ["-e", stage.options.repository + "/", "-e", os.path.abspath(stage.options.build) + "/"]
    found = subprocess.run(["grep", "-rlF", *places, folder], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False).stdout
    stage.expect(found == "", f"files that name the repository: {found.split()}")


def settle(stage):
    """Installs arbspot into an empty home; where that is, and a shell there."""
    options = stage.options
    home = stage.path("home")
    os.mkdir(home)
    prefix = os.path.join(home, "arbspot")
    subprocess.run([options.cmake, "--install", options.build, "--prefix", prefix], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=stage.limit(COMMAND_S))
    tools = [os.path.dirname(path) for path in (options.cmake, options.kcat, sys.executable)]
    return home, Shell(stage, home, ":".join(tools + ["/usr/local/bin", "/usr/bin", "/bin"]))


def parts(author):
    """The guide without its chapter of strategies, and that."""
    guide = author.read(os.path.join(author.doc, "README.md"))
    before, heading, chapter = guide.partition(CHAPTER_OF_STRATEGIES)
    author.stage.expect(heading != "" and "\n## " not in chapter, "strategies are the guide's last chapter")
    return before, chapter


def follow(author, text, kinds, logs):
    """Takes each block of the text, among which there are some of these kinds."""
    try:
        for kind, lines in fences(text):
            author.take(kind, lines)
        for kind in kinds:
            author.stage.expect(author.counts.get(kind, 0) > 0, f"the guide has no {kind}")
        expect_independence(author.stage, author.folder)
        author.stage.figure("blocks", sum(author.counts.values()))
    finally:
        author.shell.close()
        for name in logs:
            path = os.path.join(author.folder, name)
            if author.stage.misses and os.path.exists(path):
                print(f"--- {name}\n" + author.read(path)[-4000:])


def suite(stage):
    home, shell = settle(stage)
    author = Author(stage, shell, home)
    follow(author, parts(author)[0], ("sh", "text", "json", "c", "ini", "golden"),
           ("run.log", "tern.log", "again.log"))


def main(suite=suite):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="what is installed")
    parser.add_argument("--repository", required=True, help="what the author must not need")
    parser.add_argument("--cmake", default=shutil.which("cmake"))
    parser.add_argument("--kcat", default=shutil.which("kcat"))
    parser.add_argument("--slow", type=float, default=1, help="stretches every time limit")
    with pipeline.Stage(parser.parse_args()) as stage:
        suite(stage)
    if stage.misses:
        print(f"FAILED: {len(stage.misses)} misses")
        sys.exit(1)
    print("OK")


if __name__ == "__main__":
    main()

"""Runs the real programs on loopback and watches what they do.

A suite is a function that takes a Stage. The stage gives it a temporary directory, starts programs
in it, collects figures and misses, and ends what is left by process id. Every wait has a limit;
limits are for an optimised build and are stretched by --slow for sanitizers.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SANITIZER_REPORT = re.compile(
    r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:")
LOG_TAIL = 40  # lines of each program that a failed suite shows
MISSES_SHOWN, MISS_LEN = 20, 600  # the rest is only counted
STOP_LIMIT_S = 15
POLL_S = 0.02


class Miss(Exception):
    """What the suite waited for did not come, so it cannot go on."""


def poll(ready, limit_s, what):
    """Returns the first true value of ready(), or gives up after limit_s."""
    deadline = time.monotonic() + limit_s
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Miss(f"not within {limit_s:g} s: {what}")
        time.sleep(POLL_S)


class Program:
    """One process, its output in files."""

    def __init__(self, name, argv, directory):
        self.name = name
        self.out_path = os.path.join(directory, name + ".out")
        self.err_path = os.path.join(directory, name + ".err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)

    def out(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def err(self):
        with open(self.err_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, pattern):
        return [line for line in self.err().splitlines() if re.search(pattern, line)]

    def wait_for(self, pattern, limit_s, count=1):
        """Waits for the count-th match in the log and returns it."""
        def found():
            matches = list(re.finditer(pattern, self.err()))
            if len(matches) >= count:
                return matches[count - 1]
            if self.process.poll() is not None:
                raise Miss(f"{self.name} ended with {self.process.returncode} before: {pattern}")
            return None
        return poll(found, limit_s, f"{self.name} logs {pattern}")

    def is_running(self):
        return self.process.poll() is None

    def send(self, number):
        if self.is_running():
            self.process.send_signal(number)

    def wait(self, limit_s):
        """The exit status; a signal that ended it is negative."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Miss(f"{self.name} still runs after {limit_s:g} s") from None

    def stop(self, number=signal.SIGINT, limit_s=STOP_LIMIT_S):
        self.send(number)
        return self.wait(limit_s)

    def end(self):
        """Whatever it is doing: leaves it the time for a sanitizer's closing report."""
        self.send(signal.SIGINT)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def memory_mib(self):
        """Resident memory now and at its highest."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            status = file.read()
        kib = {key: int(re.search(key + r":\s+(\d+) kB", status).group(1))
               for key in ("VmRSS", "VmHWM")}
        return kib["VmRSS"] / 1024, kib["VmHWM"] / 1024


class Topic:
    """Reads one topic from its beginning, as any stock client would, into a callback."""

    def __init__(self, stage, brokers, name, on_message):
        self.count = 0
        self.name = name
        self.on_message = on_message
        self.failure = None
        argv = [stage.options.kcat, "-C", "-q", "-u", "-b", brokers, "-t", name, "-o", "beginning",
                # The embedded broker holds each fetch for the whole time.
                "-X", "fetch.wait.max.ms=5", "-f", "%p\\t%o\\t%k\\t%s\\n"]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        ends = {}  # partition -> the offset that comes next
        for line in self.process.stdout:
            partition, offset, key, value = line.rstrip(b"\n").split(b"\t", 3)
            # librdkafka begins again where it began when a leader is lost before its first answer.
            if int(offset) < ends.get(partition, 0):
                continue
            ends[partition] = int(offset) + 1
            try:
                self.on_message(key.decode(), value, int(partition))
            except Exception as error:  # shown by the suite, not lost with the thread
                self.failure = f"{self.name}: {error!r} in {value[:200]!r}"
                return
            self.count += 1

    def close(self):
        self.process.terminate()
        self.process.wait(STOP_LIMIT_S)
        self.thread.join(STOP_LIMIT_S)
        self.process.stdout.close()


class Stage:
    """What one suite needs; use it as a context manager."""

    def __init__(self, options):
        self.options = options
        self.slow = options.slow
        self.misses = []
        self.programs = []
        self.topics = []

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="arbspot-integration-")
        return self

    def __exit__(self, kind, error, trace):
        for topic in self.topics:
            topic.close()
            self.expect(topic.failure is None, topic.failure)
        for program in reversed(self.programs):
            program.end()
            report = SANITIZER_REPORT.search(program.err())
            self.expect(report is None, f"{program.name}: sanitizer report")
        if isinstance(error, Miss):
            self.expect(False, str(error))
        if self.misses or error is not None:
            self.show_logs()
        shutil.rmtree(self.directory, ignore_errors=True)
        return isinstance(error, Miss)

    def show_logs(self):
        for program in self.programs:
            err = program.err().splitlines()
            reports = [i for i, line in enumerate(err) if SANITIZER_REPORT.search(line)]
            shown = err[reports[0]:reports[0] + 3 * LOG_TAIL] if reports else err[-LOG_TAIL:]
            print(f"--- {program.name} (exit {program.process.returncode})")
            print("\n".join(line[:400] for line in shown))

    def expect(self, condition, what):
        """Notes a miss; the suite goes on, so that all of them are shown."""
        if not condition:
            self.misses.append(what)
            if len(self.misses) <= MISSES_SHOWN:
                print(f"MISS {what[:MISS_LEN]}", flush=True)
        return condition

    @staticmethod
    def figure(name, value):
        print(f"{name} {value}", flush=True)

    def limit(self, seconds):
        return seconds * self.slow

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def start(self, name, argv):
        program = Program(name, argv, self.directory)
        self.programs.append(program)
        return program

    def call(self, *arguments, limit_s=20, **environment):
        """Runs `arbspot ARGUMENTS` to its end."""
        return subprocess.run([self.options.arbspot, *arguments], cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              env={**os.environ, **environment}, timeout=self.limit(limit_s))

    def simulator(self, *arguments, name="sim"):
        """Starts arbspot-sim and waits until it serves; it writes NAME.ini and ports.txt."""
        ports = self.path("ports.txt")
        if os.path.exists(ports):
            os.remove(ports)
        sim = self.start(name, [self.options.sim, "--state-dir", self.directory,
                                "--endpoints", ports, "--write-config", name + ".ini", *arguments])
        def is_ready():
            if not sim.is_running():
                raise Miss(f"the simulator ended with {sim.process.returncode}")
            return os.path.exists(ports)
        poll(is_ready, self.limit(10), "the simulator listens")
        return sim

    def ports(self):
        return dict(line.split("=") for line in self.read("ports.txt").split())

    def host(self, config, name="host"):
        host = self.start(name, [self.options.arbspot, "run", "-c", config])
        host.wait_for(r'msg="running', self.limit(10))
        return host

    def embedded_brokers(self, host):
        return host.wait_for(r"broker in this process at (\S+);", self.limit(10)).group(1)

    def broker(self):
        """A broker that outlives the host under test: a host without exchanges. Its address."""
        config = self.write("broker.ini",
                            "[kafka]\nbrokers = embedded\n[strategy:idle]\nplugin = cross_venue\n")
        return self.embedded_brokers(self.host(config, name="broker"))

    def read_topic(self, brokers, name, on_message):
        topic = Topic(self, brokers, name, on_message)
        self.topics.append(topic)
        return topic

    def expect_end(self, host, what, status, limit_s):
        """Asks the host to end, and wants it to do so with that status in that time."""
        started = time.monotonic()
        got = host.stop(signal.SIGTERM, self.limit(STOP_LIMIT_S))
        took = time.monotonic() - started
        self.figure(f"{what}.end_seconds", f"{took:.2f}")
        self.expect(got == status, f"{what}: exit status {got} instead of {status}")
        self.expect(took < self.limit(limit_s), f"{what}: took {took:.1f} s to end")

    def wait_until_live(self, host, limit_s, **venues):
        """Waits for the host to say that all books of each venue are live."""
        for venue, n in venues.items():
            host.wait_for(rf'venue={venue} msg="{n} of {n} books are live', limit_s)


def changed(text, *replacements):
    """Replaces each pattern, which must occur, in a configuration's text."""
    for pattern, replacement in replacements:
        text, n = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert n > 0, pattern
    return text


def use_brokers(text, brokers):
    """The configuration with a broker outside the process instead of its own."""
    return changed(text, (r"^brokers = .*$",
                          f"brokers = {brokers}\nrdkafka.fetch.wait.max.ms = 1"))


def main(suite, **defaults):
    """Parses the command line of a suite and runs it."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--arbspot", required=True)
    parser.add_argument("--sim", required=True)
    parser.add_argument("--plugins", required=True, help="directory of the plugins")
    parser.add_argument("--fixtures", required=True, help="directory of the broken plugins")
    parser.add_argument("--kcat", default="kcat")
    parser.add_argument("--slow", type=float, default=1, help="stretches every time limit")
    for name, value in defaults.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    options = parser.parse_args()
    with Stage(options) as stage:
        suite(stage)
    if stage.misses:
        print(f"FAILED: {len(stage.misses)} misses")
        sys.exit(1)
    print("OK")

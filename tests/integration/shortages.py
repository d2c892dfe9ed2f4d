"""A machine without enough descriptors or threads: the host says so, in a line that helps, and ends.

Without them librdkafka ends the process by an assertion, and a resolver says that there is no such
name.
"""

import os
import resource
import subprocess

import pipeline

CONFIG = """
[kafka]
brokers = embedded
[exchange:kraken]
symbols = BTC/USD
taker_fee = 0.4%
url = wss://localhost:1/v2
[strategy:cross_venue]
source = kafka
"""
FILES = (6, 8, 12, 16, 24)
THREADS = (0, 1, 2, 5, 13, 16)
OUT_OF = {"files": "this process is out of file descriptors: raise its limit (ulimit -n)",
          "threads": "the system gives no more threads: raise the limit of processes (ulimit -u"}


def start(stage, config, **how):
    answer = subprocess.run([stage.options.arbspot, "run", "-c", config], capture_output=True,
                            check=False, stdin=subprocess.DEVNULL, timeout=stage.limit(30), **how)
    return answer.returncode, answer.stderr.decode()


def expect_named(stage, what, kind, answer):
    status, said = answer
    errors = [line for line in said.splitlines() if "level=error" in line]
    stage.expect(status == 1 and len(errors) == 1 and OUT_OF[kind] in errors[0] and
                 "cannot start" in errors[0], f"{what}: {status}: {said}")


def suite(stage):
    config = stage.write("host.ini", CONFIG)
    for n in FILES:
        answer = start(stage, config, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                            (n, n)))
        expect_named(stage, f"{n} files", "files", answer)
    for n in THREADS:
        environment = os.environ | {"LD_PRELOAD": stage.options.shim, "FEW_THREADS": str(n)}
        expect_named(stage, f"{n} threads", "threads", start(stage, config, env=environment))


if __name__ == "__main__":
    pipeline.main(suite, shim="")

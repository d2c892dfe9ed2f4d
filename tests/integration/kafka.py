"""One Apache Kafka for a suite; kafka_broker.sh does it."""

import os
import subprocess
import sys

import pipeline

SKIP = 77


class Broker:
    """Runs until the `with` block ends. `lines` are added to its properties."""

    def __init__(self, stage, *lines):
        self.stage = stage
        self.script, self.directory = stage.options.broker_script, stage.path("kafka")
        self.address = self.call("start", *lines)

    def call(self, command, *arguments):
        answer = subprocess.run([self.script, command, self.directory, *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                check=False)
        if answer.returncode == SKIP:
            suite = os.path.splitext(os.path.basename(sys.argv[0]))[0]
            print(f"SKIP: {suite}: no Apache Kafka can be had here; set KAFKA_HOME")
            sys.exit(SKIP)
        if answer.returncode != 0:
            raise pipeline.Miss(f"kafka_broker.sh {command}: exit status {answer.returncode}")
        return answer.stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("stop")

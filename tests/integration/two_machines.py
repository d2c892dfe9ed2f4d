"""Feeds here, strategies there: the files of etc/two-machines on an Apache Kafka with TLS, passwords and rights.

prepare.sh makes the certificates and the password, the broker runs with the lines of server.properties, the
rights are those that feeds.yml grants, and the hosts run with feeds.ini and strategies.ini. The strategies find
opportunities, and nobody comes in with another password or without TLS.
"""

import os
import re
import subprocess

import kafka
import pipeline

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../etc/two-machines")
USER = "User:strategies"
SAID_S = 20
# What the broker script says itself.
OWN_LINES = ("process.roles", "node.id", "controller.", "log.dirs", "inter.broker.listener.name",
             "offsets.topic", "transaction.", "group.initial")


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def prepare(stage):
    secrets = stage.path("secrets")
    answer = subprocess.run([os.path.join(FOLDER, "prepare.sh"), "localhost", secrets], check=False,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if answer.returncode != 0:
        raise pipeline.Miss(f"prepare.sh: {answer.stderr}")
    return secrets


def broker_lines(secrets):
    """server.properties on loopback; INSIDE is what the broker script calls PLAINTEXT."""
    with open(os.path.join(secrets, "kafka/server.properties"), encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines()
                 if line and not line.startswith(("#",) + OWN_LINES)]
    places = ((r"INSIDE://kafka:9092|INSIDE://:9092", "PLAINTEXT://127.0.0.1:@PORT@"),
              (r"CONTROLLER://:9093", "CONTROLLER://127.0.0.1:@CONTROLLER@"),
              (r"OUTSIDE://localhost:9094", "OUTSIDE://localhost:@PORT2@"),
              (r"OUTSIDE://:9094", "OUTSIDE://127.0.0.1:@PORT2@"),
              (r"INSIDE:PLAINTEXT", "PLAINTEXT:PLAINTEXT"),
              (r"/mnt/shared/config", os.path.join(secrets, "kafka")))
    for pattern, place in places:
        lines = [re.sub(pattern, place, line) for line in lines]
    return lines


def granted():
    """The rights that feeds.yml grants: (topic or group:NAME, operations)."""
    rights = re.findall(r"allow ((?:--operation \w+ )+)--(topic|group) (\S+)", read("feeds.yml"))
    return [(name if kind == "topic" else "group:" + name, operations.lower().split()[1::2])
            for operations, kind, name in rights]


class World:
    def __init__(self, stage, broker, secrets):
        self.stage, self.broker, self.secrets = stage, broker, secrets
        with open(os.path.join(broker.directory, "server.properties"), encoding="ascii") as file:
            self.outside = re.findall(r"OUTSIDE://(localhost:\d+)", file.read())[-1]

    def admin(self, *arguments):
        answer = subprocess.run([self.stage.options.admin, self.broker.address, *arguments], check=False,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if answer.returncode != 0:
            raise pipeline.Miss(f"kafka_admin {' '.join(arguments)}: {answer.stderr}")

    def feeds(self):
        """feeds.ini, its venues being the simulator's."""
        simulated = re.findall(r"^\[exchange:(\w+)\]\n(.*?)(?=^\[|\Z)", self.stage.read("sim.ini"),
                               re.MULTILINE | re.DOTALL)
        text = pipeline.changed(read("feeds.ini"), (r"kafka:9092", self.broker.address),
                                (r"^symbols = .*$", "symbols = BTC/USD, ETH/USD"))
        for name, keys in simulated:
            urls = "".join(line + "\n" for line in keys.splitlines() if re.match(r"\w*url = ", line))
            text = text.replace(f"[exchange:{name}]\n", f"[exchange:{name}]\n{urls}")
        ca_file = re.search(r"^ca_file = .*$", self.stage.read("sim.ini"), re.MULTILINE).group()
        return self.stage.write("feeds.ini", f"[host]\n{ca_file}\n{text}")

    def strategies(self, name, *replacements):
        return self.stage.write(name + ".ini", pipeline.changed(
            read("strategies.ini"), (r"FEEDS:9094", self.outside),
            (r"^taker_fee = .*$", "taker_fee = 0"), *replacements))


def refuse(world, name, line, *replacements):
    program = world.stage.host(world.strategies(name, *replacements), name=name)
    program.wait_for(line, world.stage.limit(SAID_S))
    program.stop()


def play(stage, broker, secrets):
    world = World(stage, broker, secrets)
    for topic in ("market-data", "arbitrage-opportunities"):
        world.admin("create", topic, "8")
    rights = granted()
    stage.expect(len(rights) == 3, f"feeds.yml grants {rights}")
    for name, operations in rights:
        world.admin("allow", USER, name, *operations)
    stage.simulator("--divergence-every", "1s")
    feeds = stage.host(world.feeds(), name="feeds")
    strategies = stage.host(world.strategies("strategies"), name="strategies")
    strategies.wait_for("4 of 4 books are live", stage.limit(SAID_S))
    log = stage.start("log", [stage.options.arbspot, "log", "-b", broker.address, "--json"])
    pipeline.poll(lambda: '"event":"open"' in log.out(), stage.limit(SAID_S), "an opportunity")
    refuse(world, "password", "Authentication failed",
           (r"^(rdkafka.sasl.password) = .*$", r"\1 = guessed"))
    refuse(world, "plain", r"security\.protocol",
           (r"^rdkafka.*$", ""))
    stage.expect_end(strategies, "strategies", 0, 10)
    stage.expect_end(feeds, "feeds", 0, 10)
    log.stop()


def suite(stage):
    secrets = prepare(stage)
    with kafka.Broker(stage, *broker_lines(secrets)) as broker:
        play(stage, broker, secrets)


if __name__ == "__main__":
    pipeline.main(suite, broker_script=os.path.join(os.path.dirname(__file__), "kafka_broker.sh"),
                  admin="")

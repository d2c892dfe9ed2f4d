#!/usr/bin/env python3
"""Presses Tab in a real bash and a real zsh, and compares what is offered with what the program says.

Usage: completion.py --root DIR --build DIR [--zsh COMMAND]
"""
import argparse
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from facts import Checks, Program

LIMIT_S = 120  # of one shell: for what hangs
INI = """[kafka]
brokers = embedded
[exchange:kraken]
symbols = BTC/USD, ETH/USD,
    XRP/EUR
taker_fee = 0.4%
; [exchange:none]
[exchange:second]
plugin = bitstamp
symbols = BTC/USD
taker_fee = 0.4%
[strategy:cross_venue]
"""
# What is typed, and what is offered for its last word, among others: where ALONE, no others.
ALONE = True
TYPED = (
    ("ver", ["verify"], ALONE),
    ("run -c ", ["my.ini", "folder"], ALONE),
    ("run --config=my", ["my.ini"], ALONE),
    ("run -c my.ini --only ", ["exchange:kraken", "exchange:second", "strategy:cross_venue"], ALONE),
    ("run -c my.ini --only exchange:s", ["exchange:second"], ALONE),
    ("run -c my.ini --only=strategy:", ["strategy:cross_venue"], ALONE),
    ("run --config=my.ini -o exchange:k", ["exchange:kraken"], ALONE),
    ("run -b emb", ["embedded"], ALONE),
    ("why -c my.ini ", ["BTC/USD", "ETH/USD", "XRP/EUR"], ALONE),
    ("why -c my.ini BTC/USD -s ", ["cross_venue"], ALONE),
    ("why -d 3", ["30s"], ALONE),
    ("inspect bitf", ["bitfinex"], ALONE),
    ("inspect ", ["kraken", "cross_venue"], not ALONE),
    ("inspect ./", ["./folder", "./one.so"], not ALONE),
    ("venues ", ["folder"], ALONE),
    ("new mine --into fol", ["folder"], ALONE),
    ("replay --plugin kraken --set dep", ["depth="], ALONE),
    ("replay --config my.ini sec", ["second="], ALONE),
    ("replay --config my.ini kraken=fol", ["kraken=folder"], ALONE),
    ("check -c my.ini --he", ["--help"], ALONE),
    ("nonsense ", [], ALONE),
)

# Writes what is offered for each line of `typed` as one line of `offered`: bash cuts words at ':'
# and '=', and so does this.
BASH = r"""
source "$1"
while IFS= read -r line; do
    COMP_LINE="arbspot $line" COMP_POINT=${#COMP_LINE} COMP_WORDS=()
    spaced=${COMP_LINE//=/ = } spaced=${spaced//:/ : }
    read -ra COMP_WORDS <<<"$spaced"
    [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
    [[ $COMP_LINE == *[:=] ]] && COMP_WORDS+=('')
    if [[ ${COMP_WORDS[-1]} == '' && $COMP_LINE == *[:=] ]]; then unset 'COMP_WORDS[-1]'; fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _arbspot
    (IFS=$'\t'; printf '%s\n' "${COMPREPLY[*]}")
done <typed >offered
"""

# Tab is pressed by the program; what the completion system adds is written down. The lists end with
# a line of their own once all functions are done.
ZSH = r"""
PROMPT= RPROMPT=
zmodload zsh/complist 2>/dev/null
fpath=(%s $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {
    if [[ " $* " == *' -'[A-Za-z0-9]#[OAD]' '* ]]; then builtin compadd "$@"; return; fi
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- $IPREFIX$^hits >>found
    builtin compadd "$@"
}
written() { : }
setopt extended_glob
tell() {
    : >|found
    zle list-choices
    print -r -- "${(pj:\t:)${(fu)"$(<found)"}}" >>offered
    BUFFER=
}
"""


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, folder, path):
        env = {"PATH": path, "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        for name in ("FPATH", "MODULE_PATH"):
            if name in os.environ:
                env[name] = os.environ[name]
        main, side = pty.openpty()
        self.main = main
        self.said = b""
        self.process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, cwd=folder, env=env,
                                        start_new_session=True)
        os.close(side)

    def write(self, text):
        os.write(self.main, text.encode())

    def read_until(self, is_done):
        """Reads what it says, until something is so; False: it has not come to that."""
        end = time.monotonic() + LIMIT_S
        while not is_done() and time.monotonic() < end:
            if select.select([self.main], [], [], 0.02)[0]:
                try:
                    self.said += os.read(self.main, 65536)
                except OSError:
                    return is_done()
        return is_done()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.main)


def cases(program):
    """Of each command every option, as the program lists them, and what is in TYPED."""
    found = [("", program.commands() + ["--help", "--version"], ALONE)]
    for command in program.commands():
        spellings = [spelling for options, _ in program.options(command) for spelling in options]
        found.append((f"{command} -", spellings, ALONE))
    return found + list(TYPED)

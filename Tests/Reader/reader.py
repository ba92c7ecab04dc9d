#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts a virtual card into a virtual reader of the PC/SC system and reads it with programs that
know nothing of OPAL: OpenSC, scriptor, and a terminal of our own over pyscard. Ends with 1 if
anything was not as it should be.

    reader.py --opal .build/debug/opal
"""
import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pcsc

ANSWER_TO_RESET = "3b8d0180318073800140654f50414c3149"
APPLICATION = "f04f50414c31"
# What `opal found` puts on a card.
VALUE = 2500
WAIT_SECONDS_MAX = 60
TERMINAL = Path(__file__).resolve().parent / "terminal.py"


class Attached:
    """`opal reader attach`, until it is taken out."""

    def __init__(self, program: Path, *options: str):
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [program, "reader", "attach", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, text: str, count: int = 1):
        def is_said() -> bool:
            if sum(text in line for line in self.lines) >= count:
                return True
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended with {self._process.returncode}: {self.lines}")
            return False
        pcsc.wait(f"it did not say “{text}”: {self.lines}", is_said, WAIT_SECONDS_MAX)

    def stop(self, how: signal.Signals) -> int:
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            status = self._process.wait(WAIT_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._thread.join(5)
        return status


class ReaderTest:
    def __init__(self, program: Path, data: Path):
        self.program = program
        self.data = data
        self.port, self.reader, self.number = pcsc.free_slot()

    @property
    def steps(self):
        return [
            self.makes_cards, self.says_that_nothing_listens, self.is_in_the_reader,
            self.opensc_reads_it, self.scriptor_reads_it, self.a_terminal_reads_it,
            self.opal_reads_it, self.a_change_elsewhere_is_seen, self.is_taken_out, self.comes_by_its_holder,
            self.audit_is_clean,
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *arguments, "--data", self.data], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)

    def attach(self, *options: str) -> Attached:
        attached = Attached(
            self.program, *options, "--port", str(self.port), "--data", str(self.data))
        try:
            attached.wait_for("is in the reader")
        except RuntimeError:
            attached.stop(signal.SIGKILL)
            raise
        return attached

    def has_card(self) -> bool:
        return pcsc.readers()[self.reader][1]

    # Steps

    def makes_cards(self):
        made = self.run("found", "--users", "2", "--value", str(VALUE))
        assert made.returncode == 0, made.stderr
        self.cards = json.loads(self.run("card", "list", "--whole", "--json").stdout)
        self.card = self.cards[0]["card"]

    def says_that_nothing_listens(self):
        ended = self.run("reader", "attach", "--card", self.card, "--port", "1")
        assert ended.returncode == 1, f"it ended with {ended.returncode}"
        assert "Nothing answers at 127.0.0.1:1" in ended.stderr, ended.stderr
        ended = self.run("reader", "attach", "--card", "0" * 16, "--port", str(self.port))
        assert ended.returncode == 1, f"it ended with {ended.returncode}"
        assert "There is no such card" in ended.stderr, ended.stderr
        ended = self.run("reader", "attach", "--port", str(self.port))
        assert ended.returncode == 64, f"it ended with {ended.returncode}"

    def is_in_the_reader(self):
        self.attached = self.attach("--card", self.card)
        pcsc.wait("there is no card in the reader", self.has_card)

    def opensc_reads_it(self):
        said = subprocess.run(
            ["opensc-tool", "--reader", str(self.number), "--atr"],
            capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)
        assert said.stdout.strip().replace(":", "") == ANSWER_TO_RESET, said
        # It looks for all the cards that it knows; this one is none of them, and stays.
        subprocess.run(
            ["opensc-tool", "--reader", str(self.number), "--name"],
            capture_output=True, timeout=WAIT_SECONDS_MAX)
        assert self.has_card(), "the card went away"

    def scriptor_reads_it(self):
        commands = {
            f"00A40400 06 {APPLICATION} 00": r"6f[0-9a-f]+9000",
            "805C0000 00": rf"097802{VALUE:016x}[0-9a-f]{{16}}9000",
            "80500100 0C 02 0978 02 0000000000000023 00":
                rf"{self.card}[0-9a-f]{{12}}097802{VALUE:016x}[0-9a-f]{{24}}9000",
            "80500100 0C 02 0978 02 0000000100000000 00": "9401",
            "00A40400 07 A0000000031010 00": "6a82",
            "00B00000 00": "6d00",
            "A0A40000 02 3F00": "6e00",
        }
        said = subprocess.run(
            ["scriptor", "-r", self.reader], text=True, capture_output=True,
            input="".join(re.sub(r"(\w\w)(?=\w)", r"\1 ", line) + "\n" for line in commands),
            timeout=WAIT_SECONDS_MAX)
        answers = re.findall(r"^< ([0-9A-F \n]+) :", said.stdout, re.MULTILINE)
        answers = ["".join(answer.split()).lower() for answer in answers]
        assert len(answers) == len(commands), said
        for (command, pattern), answer in zip(commands.items(), answers):
            assert re.fullmatch(pattern, answer), f"{command}: {answer}"

    def a_terminal_reads_it(self):
        read = self.read()
        assert read["atr"] == ANSWER_TO_RESET, read["atr"]
        assert read["application"] == APPLICATION, read["application"]
        select = read["select"]
        assert set(select) == {"c1", "c2", "c3", "c4", "c5", "c6"}, select
        assert (select["c1"], select["c2"], select["c4"]) == ("01", self.card, "11"), select
        balance = read["balance"]
        assert (balance["CURR"], balance["CEXP"]) == ("0978", "02"), balance
        assert int(balance["BAL"], 16) == VALUE <= int(balance["BALMAX"], 16), balance
        first, second = read["initialize"]
        for answer in (first, second):
            assert answer["BIN"] + answer["IEP"] == self.card, answer
            assert answer["DEXP"] == select["c3"], answer
            assert (answer["ALG"], answer["VKP"], answer["AM"]) == ("11", select["c5"], "00")
            assert (answer["CURR"], answer["CEXP"]) == ("0978", "02"), answer
            assert answer["BAL"] == balance["BAL"], answer
        # A number is used up by a debit alone; a random number is used once.
        assert first["NT"] == second["NT"], "Initialize used up a number"
        assert first["R"] != second["R"], "R is the same twice"
        assert read["refused"] == {
            "another application": "6a82", "unknown instruction": "6d00", "unknown class": "6e00",
            "more than there is": "9401", "no such currency": "6a88",
        }, read["refused"]

    def read(self) -> dict:
        ended = subprocess.run(
            ["/usr/bin/python3", TERMINAL, self.reader], capture_output=True, text=True,
            timeout=WAIT_SECONDS_MAX)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def opal_reads_it(self):
        said = self.shown("--json", "--reader", self.reader)
        assert said.returncode == 0, said.stderr
        shown = json.loads(said.stdout)
        (listed,) = [card for card in self.cards if card["card"] == self.card]
        assert shown == {
            "reader": self.reader, "answerToReset": ANSWER_TO_RESET.upper(),
            "issuer": self.card[:6], "card": f"•••• •••• •••• {self.card[-4:]}",
            "expiry": listed["expiry"], "balance": VALUE, "currency": "0978", "exponent": 2,
        }, shown
        table = self.shown()
        assert table.returncode == 0 and self.card not in table.stdout, table
        said = self.shown("--reader", "No such reader")
        assert said.returncode == 1 and "no such reader" in said.stderr, said

    def shown(self, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, "reader", "show", *(options or ("--reader", self.reader))],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)

    def a_change_elsewhere_is_seen(self):
        assert self.run("card", "block", self.card).returncode == 0
        ended = subprocess.run(
            ["/usr/bin/python3", TERMINAL, self.reader], capture_output=True, text=True,
            timeout=WAIT_SECONDS_MAX)
        assert ended.returncode != 0 and "80500100: 6985" in ended.stderr, ended
        assert self.run("card", "unblock", self.card).returncode == 0
        assert self.read()["atr"] == ANSWER_TO_RESET

    def is_taken_out(self):
        status = self.attached.stop(signal.SIGTERM)
        assert status == 0, f"it ended with {status}"
        pcsc.wait("the card is still in the reader", lambda: not self.has_card())
        lines = self.attached.lines
        assert f"Card •••• •••• •••• {self.card[-4:]} is taken out." in lines, lines
        said = self.shown()
        assert said.returncode == 1 and "no card" in said.stderr, said
        assert not any(self.card in line for line in lines), "it prints the card number"

    def comes_by_its_holder(self):
        attached = self.attach("--user", "user2")
        pcsc.wait("there is no card in the reader", self.has_card)
        cards = {card["card"] for card in self.cards}
        answer = self.read()["initialize"][0]
        assert answer["BIN"] + answer["IEP"] in cards
        status = attached.stop(signal.SIGINT)
        assert status == 0, f"it ended with {status}"
        ended = self.run("reader", "attach", "--user", "user3", "--port", str(self.port))
        assert "There is no such user" in ended.stderr, ended.stderr

    def audit_is_clean(self):
        ended = self.run("audit")
        assert ended.returncode == 0, ended.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opal", type=Path, required=True)
    options = parser.parse_args()
    if absent := pcsc.missing():
        print(f"FAILED  not installed: {', '.join(absent)}; scripts/setup --tests installs it")
        return 1
    with pcsc.lock(), tempfile.TemporaryDirectory() as folder:
        with pcsc.daemon(Path(folder) / "pcscd.log"):
            test = ReaderTest(options.opal.resolve(), Path(folder) / "data")
            try:
                for step in test.steps:
                    began = time.monotonic()
                    step()
                    name = step.__name__.replace("_", " ")
                    print(f"ok      {name}, {time.monotonic() - began:.1f} s", flush=True)
            except (AssertionError, RuntimeError) as error:
                print(f"FAILED  {step.__name__.replace('_', ' ')}: {error}", flush=True)
                return 1
            finally:
                if hasattr(test, "attached"):
                    test.attached.stop(signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())

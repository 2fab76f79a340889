#!/usr/bin/env python3
"""Runs a program on a pseudo-terminal, reads its screen, and measures it; for
benches/monitor.sh. Linux only.

usage: screen.py first [--until exact] [--forget FILE]... [--show] -- COMMAND...
       screen.py follow --to FILE --from FILE --rate N --seconds N [--idle N]
                        [--show] -- COMMAND...
       screen.py append --to FILE --from FILE --rate N --seconds N

first   milliseconds until the first whole frame, and until the total is exact;
        peak memory at both
follow  CPU while nothing is written and while lines come at a steady rate; the
        total when all are there
append  writes lines of one trail at the end of another file, with the time of
        now, at a steady rate

Results are lines of `name value`.
"""
import argparse
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata

COLUMNS, ROWS = 120, 40
TICK = os.sysconf("SC_CLK_TCK")
TOKEN = re.compile(
    r"\x1b\[(?P<mark>[<=>?]?)(?P<numbers>[0-9;:]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"
    r"|\x1b[()*+#%].|\x1b[^\[\]PX^_()*+#%]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
# The Go original says "Messages reçus" and counts nothing in the background.
TOTAL = re.compile(r"(?:Received|Messages reçus)[^0-9≥–]*(?P<least>≥ ?)?(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)")


class Screen:
    """What stands on a terminal: as much of one as full-screen programs use."""

    def __init__(self):
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.frames = 0
        self.is_drawing = False
        self.rest = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        at = 0
        while at < len(text):
            token = TOKEN.match(text, at)
            if token is None:
                break
            at = token.end()
            if token["text"]:
                self.put(token["text"])
            elif token["final"]:
                self.obey(token["mark"], token["numbers"], token["final"])
            elif token["control"]:
                self.control(token["control"])
        self.rest = text[at:]

    def put(self, text):
        for letter in text:
            if unicodedata.combining(letter) or letter in "\u200d\ufe0e\ufe0f":
                continue
            width = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
            if self.column + width <= COLUMNS:
                self.rows[self.row][self.column] = letter
                if width == 2:
                    self.rows[self.row][self.column + 1] = ""
            self.column += width

    def control(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.row = min(self.row + 1, ROWS - 1)
        elif letter == "\b":
            self.column = max(self.column - 1, 0)

    def obey(self, mark, numbers, final):
        if mark:
            if mark == "?" and numbers == "2026" and final in "hl":
                self.is_drawing = final == "h"
                self.frames += final == "l"
            return
        given = [int(number) if number.isdigit() else 0 for number in numbers.split(";")]
        first = max(given[0], 1)
        if final in "Hf":
            second = max(given[1], 1) if len(given) > 1 else 1
            self.row, self.column = min(first, ROWS) - 1, min(second, COLUMNS) - 1
        elif final == "A":
            self.row = max(self.row - first, 0)
        elif final == "B":
            self.row = min(self.row + first, ROWS - 1)
        elif final == "C":
            self.column = min(self.column + first, COLUMNS - 1)
        elif final == "D":
            self.column = max(self.column - first, 0)
        elif final == "G":
            self.column = min(first, COLUMNS) - 1
        elif final == "d":
            self.row = min(first, ROWS) - 1
        elif final == "K":
            begin, end = {0: (self.column, COLUMNS), 1: (0, self.column + 1)}.get(given[0], (0, COLUMNS))
            self.blank(self.row, begin, end)
        elif final == "J":
            before, behind = given[0] in (1, 2, 3), given[0] in (0, 2, 3)
            for row in range(ROWS):
                if (before and row < self.row) or (behind and row > self.row):
                    self.blank(row, 0, COLUMNS)
            self.blank(self.row, 0 if before else self.column, COLUMNS if behind else self.column + 1)

    def blank(self, row, begin, end):
        for column in range(begin, min(end, COLUMNS)):
            self.rows[row][column] = " "

    def text(self):
        return "\n".join("".join(row) for row in self.rows)

    def total(self):
        """(messages, whether that is all) once a whole frame tells it, else None."""
        if self.is_drawing or not "".join(self.rows[0]).strip():
            return None
        text = self.text()
        found = TOTAL.search(text)
        if found is None:
            return None
        return int(found["number"].replace(",", "")), not found["least"] and "COUNTING" not in text


class Program:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, command):
        self.screen = Screen()
        self.began = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.environ["TERM"] = "xterm-256color"
            os.environ["LC_ALL"] = "C.UTF-8"
            try:
                os.execvp(command[0], command)
            finally:
                os._exit(127)

    def read(self, seconds):
        """Reads what it draws, waiting so long at most."""
        if select.select([self.terminal], [], [], max(seconds, 0))[0]:
            try:
                data = os.read(self.terminal, 1 << 16)
            except OSError:
                data = b""
            if not data:
                sys.exit("the program has ended:\n" + self.screen.text())
            self.screen.feed(data)

    def read_for(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)

    def read_until(self, is_enough, patience):
        """Milliseconds since the start when it was enough."""
        until = time.monotonic() + patience
        while not is_enough():
            if time.monotonic() > until:
                sys.exit(f"not within {patience} s:\n" + self.screen.text())
            self.read(0.2)
        return (time.monotonic() - self.began) * 1000

    def cpu(self):
        """Seconds of user and system together."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def cpu_percent(self, seconds):
        before, began = self.cpu(), time.monotonic()
        self.read_for(seconds)
        return 100 * (self.cpu() - before) / (time.monotonic() - began)

    def peak_mib(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8", errors="replace") as status:
            peak = next(line for line in status if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024

    def end(self):
        try:
            os.write(self.terminal, b"q")
            until = time.monotonic() + 5
            while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > until:
                    os.kill(self.pid, signal.SIGKILL)
                if select.select([self.terminal], [], [], 0.01)[0]:
                    os.read(self.terminal, 1 << 16)
        except OSError:
            os.waitpid(self.pid, 0)


def tell(name, value):
    print(name, f"{value:.2f}" if isinstance(value, float) else value, flush=True)


def forget(path):
    """Lets the system forget what it has of a file in memory."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def first(options):
    for path in options.forget:
        forget(path)
    program = Program(options.command)
    screen = program.screen
    tell("first_ms", program.read_until(lambda: screen.total() is not None, options.patience))
    total, is_all = screen.total()
    tell("first_total", total)
    tell("first_is_all", int(is_all))
    tell("first_mib", program.peak_mib())
    tell("first_cpu_ms", program.cpu() * 1000)
    if options.until == "exact":
        tell("exact_ms", program.read_until(lambda: screen.total() and screen.total()[1], options.patience))
        tell("exact_total", screen.total()[0])
        tell("exact_mib", program.peak_mib())
        tell("exact_cpu_s", program.cpu())
    if options.show:
        print(screen.text(), file=sys.stderr)
    program.end()


def settle(program, patience):
    """Until it is quiet: what it does in the background after the first frame is done."""
    until = time.monotonic() + patience
    while program.cpu_percent(1) > 5:
        if time.monotonic() > until:
            sys.exit(f"not quiet within {patience} s:\n" + program.screen.text())


def follow(options):
    program = Program(options.command)
    screen = program.screen
    program.read_until(lambda: screen.total() and screen.total()[1], options.patience)
    settle(program, options.patience)
    tell("settled_s", time.monotonic() - program.began)
    tell("settled_mib", program.peak_mib())
    if options.idle:
        frames = screen.frames
        tell("idle_cpu", program.cpu_percent(options.idle))
        tell("idle_frames", (screen.frames - frames) / options.idle)
    before = screen.total()[0]
    lines = options.rate * options.seconds
    writer = subprocess.Popen(
        [sys.executable, __file__, "append", "--to", options.to, "--from", options.source]
        + ["--rate", str(options.rate), "--seconds", str(options.seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    # It says when it has what it is going to write.
    writer.stdout.readline()
    frames, cpu, began = screen.frames, program.cpu(), time.monotonic()
    while writer.poll() is None:
        program.read(0.05)
    took = time.monotonic() - began
    tell("follow_cpu", 100 * (program.cpu() - cpu) / took)
    tell("follow_frames", (screen.frames - frames) / took)
    tell("follow_s", took)
    print(writer.stdout.read(), end="")
    if writer.returncode:
        sys.exit("the writer failed")
    behind = time.monotonic()
    last, steady_since = screen.total(), behind
    while screen.total() != (before + lines, True) and time.monotonic() - steady_since < 10:
        program.read(0.05)
        if screen.total() not in (None, last):
            last, steady_since = screen.total(), time.monotonic()
    tell("behind_s", time.monotonic() - behind)
    tell("follow_before", before)
    tell("follow_total", screen.total()[0] if screen.total() else last[0])
    if options.idle:
        tell("idle_after_cpu", program.cpu_percent(options.idle))
    tell("follow_mib", program.peak_mib())
    if options.show:
        print(screen.text(), file=sys.stderr)
    program.end()


def append(options):
    each = 100
    share = options.rate // each
    lines, size = [], 0
    with open(options.source, "rb") as source:
        for line in source:
            # The value of the first field, the time, has one length in all lines.
            head, stamp, tail = line[:14], line[14:38], line[38:]
            if head != b'{"timestamp":"' or not stamp.endswith(b"Z"):
                sys.exit(f"a line does not begin with its time: {line[:60]!r}")
            lines.append(tail)
            size += len(tail)
            if len(lines) % share == 0 and size > 64 << 20:
                break
    lines = lines[: len(lines) // share * share]
    if not lines:
        sys.exit(f"{options.source} has fewer than {share} lines")
    print("ready", flush=True)
    written, at = 0, 0
    with open(options.to, "ab", buffering=0) as file:
        began = time.monotonic()
        for step in range(options.seconds * each):
            left = began + step / each - time.monotonic()
            if left > 0:
                time.sleep(left)
            now = time.time()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
            head = b'{"timestamp":"' + stamp.encode()
            data = memoryview(head + head.join(lines[at : at + share]))
            at = (at + share) % len(lines)
            written += len(data)
            while data:
                data = data[file.write(data) :]
        left = began + options.seconds - time.monotonic()
        if left > 0:
            time.sleep(left)
    took = time.monotonic() - began
    tell("writer_rate", share * each * options.seconds / took)
    tell("writer_bytes", written / (share * each * options.seconds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["first", "follow", "append"])
    parser.add_argument("--until", choices=["frame", "exact"], default="frame")
    parser.add_argument("--forget", action="append", default=[])
    parser.add_argument("--patience", type=float, default=300)
    parser.add_argument("--to")
    parser.add_argument("--from", dest="source")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    own = sys.argv[1:]
    at = own.index("--") if "--" in own else len(own)
    options = parser.parse_args(own[:at])
    options.command = own[at + 1 :]
    {"first": first, "follow": follow, "append": append}[options.task](options)


if __name__ == "__main__":
    main()

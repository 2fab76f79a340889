#!/usr/bin/env python3
"""Runs what the documents tell a reader to run, and holds what they show to what
is really said.

usage: scripts/documents.py SCENE FILE...    in the folder in which a reader
                                             would stand

A fenced block takes part when the line before it is `<!-- scene: NAME -->`. All
blocks of one scene run in one shell, in their order. Of a `sh` block each
command must succeed; of a `console` block each line that begins with `$ ` is
run, and the lines behind it are what it must say:

  …       as a whole line: any lines; within a line: any text
  times, sizes, ids, places, runs of blanks, and numbers other than 0 may
  differ, words may not

Further words of the comment, behind a comma: `again` runs a command until it
says what is shown, for at most a minute (for what comes a moment later);
`wait FILE N` waits until a file has N lines. Exits with 1 at the first
difference and shows both sides.
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time

PATIENCE_S = 60
COMMAND_S = 900
STEP_S = 0.2


class Block:
    """One fenced block of a scene: where it stands, how it is to be run, and its commands with what each must say."""

    def __init__(self, place, language, rules):
        self.place, self.language, self.rules = place, language, rules
        self.commands = []

    def add(self, line, number):
        """Takes the next line of the block: a command, more of the one before, or what that one says."""
        path = self.place.rsplit(":", 1)[0]
        last = self.commands[-1] if self.commands else None
        if last and last["text"].endswith("\\") and not last["says"]:
            last["text"] = last["text"][:-1] + line.strip()
        elif self.language == "console":
            if line.startswith("$ "):
                self.commands.append({"text": line[2:], "says": [], "place": f"{path}:{number}"})
            elif last:
                last["says"].append(line)
        elif line.strip() and not line.startswith("#"):
            self.commands.append({"text": line, "says": None, "place": f"{path}:{number}"})


def blocks_of(path, scene):
    """The blocks of one scene in one file, in their order."""
    found, block, rules = [], None, None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            fence = re.match(r"```(\w*)", line)
            if block is None and fence:
                block = Block(f"{path}:{number}", fence[1], rules)
            elif fence:
                if block.rules is not None:
                    found.append(block)
                block, rules = None, None
            elif block is not None:
                block.add(line, number)
            else:
                mark = re.match(r"<!-- scene: (\w[\w-]*)(.*?) -->", line)
                if mark:
                    rules = mark[2].strip(" ,") if mark[1] == scene else None
                elif line.strip():
                    rules = None
    return found


def plain(text):
    """A text without what differs from run to run."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    programs = os.environ.get("ORDERTRAIL_BIN_DIR")
    if programs:
        text = text.replace(programs, "./target/release")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b", "ID", text)
    text = re.sub(r"(?<![\w.])[\w+/]{40,}={0,2}", "ID", text)
    text = re.sub(r"\d[\d,.]* (min \d+ s|min|ms|µs|s|h)\b", "TIME", text)
    text = re.sub(r"\d[\d,.]* (B|kB|MB|GB)(?!\w)", "SIZE", text)
    text = re.sub(r"\d+@[\d,]+", "PLACE", text)
    # That nothing failed is never a figure that may differ, nor is an exit code.
    text = re.sub(r"(?<!exit )\d+([,.:-]\d+)*", lambda number: "N" if re.search("[1-9]", number[0]) else "0", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def lines_of(text):
    """Its lines that are to be compared: how a build went and which ports are taken is of this machine alone."""
    kept = (plain(line) for line in text.splitlines())
    return [line for line in kept if line and not re.match(r"build |▲ .*\bport\b.* taken", line)]


def agrees(shown, said):
    """Whether what was said is what the document shows."""
    pattern = ""
    for line in lines_of("\n".join(shown)):
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in re.split(r"\s*…\s*", line)) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines_of(said))) is not None


def settled(command):
    """A command as it must be run here: on a broker and ports of this house, where they are not the usual ones."""
    for service, usual in [("supply-dev-materiels", "127.0.0.1:3001"), ("supply-wagon-lits", "127.0.0.1:3002")]:
        if usual in command and os.path.exists(f"{service}.out"):
            with open(f"{service}.out", encoding="utf-8") as file:
                told = re.findall(r'"listen":"([^"]+)"', file.read())
            command = command.replace(usual, told[-1] if told else usual)
    port = os.environ.get("ORDERTRAIL_BROKER_PORT")
    # start.sh would take the broker for somebody else's.
    if port and "./start.sh" not in command:
        command = f"export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}\n{command}"
    else:
        command = f"unset KAFKA_BOOTSTRAP_SERVERS\n{command}" if port else command
    return command


class Shell:
    """One shell for a whole scene, so that `cd`, `export` and `&` mean what they mean to a reader."""

    def __init__(self):
        self.done_read, done_write = os.pipe()
        self.out = open(".documents.out", "w+b", buffering=0)
        self.bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=self.out,
            stderr=subprocess.STDOUT,
            pass_fds=[done_write],
            start_new_session=True,
        )
        self.done_write = done_write

    def run(self, command):
        """Runs it to its end; its exit code, and all that it said."""
        name = os.environ.get("ORDERTRAIL_START_LOCK") if "./start.sh" in command else None
        if not name:
            return self.run_at_once(command)
        # The houses of a machine share ports that start.sh looks for.
        with open(name, "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self.run_at_once(command)

    def run_at_once(self, command):
        """The same without waiting for others."""
        from_byte = os.fstat(self.out.fileno()).st_size
        text = f"{{ {command}\n}} </dev/null {self.done_write}>&-; echo $? >&{self.done_write}\n"
        self.bash.stdin.write(text.encode())
        self.bash.stdin.flush()
        code = b""
        deadline = time.monotonic() + COMMAND_S
        os.set_blocking(self.done_read, False)
        while not code.endswith(b"\n"):
            try:
                code += os.read(self.done_read, 100)
            except BlockingIOError:
                if time.monotonic() > deadline or self.bash.poll() is not None:
                    sys.exit(f"it does not end: {command}")
                time.sleep(0.02)
        # What the shell itself tells of jobs that were killed is not the command's.
        said = os.pread(self.out.fileno(), 1 << 24, from_byte).decode(errors="replace")
        said = re.sub(r"(?m)^bash: line \d+: +\d+ (Killed|Terminated|Done).*\n", "", said)
        return int(code), said

    def close(self):
        """Ends the shell and what it left in the background."""
        self.bash.stdin.close()
        try:
            self.bash.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.bash.pid, signal.SIGKILL)
        self.out.close()
        os.unlink(".documents.out")


def wait_for_lines(rules):
    """Waits for what the rules of a block name."""
    for name, count in re.findall(r"wait (\S+) (\d+)", rules):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with open(name, "rb") as file:
                    if sum(1 for _ in file) >= int(count):
                        break
            except FileNotFoundError:
                pass
            if time.monotonic() > deadline:
                sys.exit(f"{name} does not come to {count} lines")
            time.sleep(STEP_S)


def run_command(shell, command, is_patient):
    """Runs one command and holds it to the document."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        code, said = shell.run(settled(command["text"]))
        shown = command["says"]
        good = code == 0 and (shown is None or agrees(shown, said))
        if good:
            return
        if not is_patient or time.monotonic() > deadline:
            break
        time.sleep(STEP_S)
    print(f"\n{command['place']}: it is not as the document says\n$ {command['text']}")
    for title, lines in [("shown", "\n".join(shown or [])), (f"said, exit code {code}", said)]:
        print(f"--- {title}")
        print("\n".join(lines.splitlines()[:80]))
        print("--- to compare")
        print("\n".join(lines_of(lines)[:80]))
    sys.exit(1)


def main():
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if "-h" in sys.argv or "--help" in sys.argv else 2)
    scene, files = sys.argv[1], sys.argv[2:]
    blocks = [block for path in files for block in blocks_of(path, scene)]
    if not blocks:
        sys.exit(f"no block of {', '.join(files)} is of a scene {scene}")
    shell = Shell()
    try:
        for block in blocks:
            wait_for_lines(block.rules)
            for command in block.commands:
                print(f"{command['place']}: {command['text']}", flush=True)
                run_command(shell, command, "again" in block.rules)
    finally:
        shell.close()


main()

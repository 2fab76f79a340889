#!/usr/bin/env python3
"""What the benchmarks measure and print that a shell could not; for benches/*.sh.

usage: measure.py run OUTPUT [--until-size FILE BYTES] COMMAND...
       measure.py forget FILE...
       measure.py json COUNT BYTES
       measure.py table
       measure.py document REPORT FILE [NAME]

run     runs a command with its standard output in a file, and prints: its exit code, seconds, CPU seconds (user and
        system), peak of memory in MiB. --until-size: it never ends by itself and is stopped as soon as a file has so
        many bytes; time and CPU are those since the file came to be (Linux only)
forget  lets the system forget what it has of files in memory
json    prints lines of JSON of so many bytes each, of random letters
table   makes a Markdown table of lines of cells parted by tabs
document puts a report between the two comments of a Markdown file that are there for it (`<!-- NAME -->` and
        `<!-- end of NAME -->`; NAME is "report" unless given), its headings one level lower
"""
import base64
import os
import random
import resource
import signal
import subprocess
import sys
import time

PATIENCE_S = 600


def cpu_s(usage):
    return usage.ru_utime + usage.ru_stime


def run(output, *command):
    until = None
    if command[0] == "--until-size":
        until, command = (command[1], int(command[2])), command[3:]
    with open(output, "wb") as file:
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=file)
        # Whoever ends this ends what it measures.
        signal.signal(signal.SIGTERM, lambda *_: (child.kill(), sys.exit(143)))
        if until:
            tell_when_large(child, began, *until)
            return
        code = child.wait()
        took = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(code, f"{took:.3f} {cpu_s(used):.2f} {peak:.1f}")


def tell_when_large(child, began, path, size):
    first = None
    while first is None or os.path.getsize(path) < size:
        if child.poll() is not None:
            sys.exit(f"it ended with {child.returncode} before {path} had {size} bytes")
        if time.monotonic() - began > PATIENCE_S:
            child.kill()
            sys.exit(f"{path} has not {size} bytes after {PATIENCE_S} s")
        if first is None and os.path.exists(path):
            first = time.monotonic(), cpu_of(child.pid)
        time.sleep(0.005)
    took, cpu = time.monotonic() - first[0], cpu_of(child.pid) - first[1]
    with open(f"/proc/{child.pid}/status", encoding="utf-8", errors="replace") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    child.terminate()
    child.wait()
    print(0, f"{took:.3f} {cpu:.2f} {peak:.1f}")


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forget(*paths):
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def json(count, size):
    count, letters = int(count), int(size) - len(b'{"data":""}')
    pool = base64.b64encode(os.urandom(max(letters, 12 << 20)))
    with open(sys.stdout.fileno(), "wb", buffering=1 << 20) as output:
        for _ in range(count):
            at = random.randrange(len(pool) - letters)
            output.write(b'{"data":"%b"}\n' % pool[at : at + letters])


def table():
    rows = [line.rstrip("\n").split("\t") for line in sys.stdin]
    columns = max(map(len, rows))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(columns)]
    # Figures stand at the right, words at the left.
    right = [column > 0 and all(row[column][:1] in "0123456789-" for row in rows[1:]) for column in range(columns)]
    for number, row in enumerate(rows):
        cells = [cell.rjust(width) if end else cell.ljust(width) for cell, width, end in zip(row, widths, right)]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 1) + (":" if end else "-") for width, end in zip(widths, right)) + "|")


def document(report, path, name="report"):
    with open(report, encoding="utf-8") as file:
        lines = file.read().splitlines()
    # Its first line is its title.
    body = "\n".join("#" + line if line.startswith("#") else line for line in lines[1:]).strip()
    with open(path, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->\n")
    if not (begin and end):
        sys.exit(f"{path} has no place for a report")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{body}\n\n{end}{after}")


def main():
    tasks = {"run": run, "forget": forget, "json": json, "table": table, "document": document}
    if len(sys.argv) < 2 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

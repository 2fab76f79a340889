#!/usr/bin/env python3
"""Follows a growing file, tries a disk, and joins both with what strace saw; for benches/freshness.sh. Linux only.

usage: freshness.py follow FILE READS
       freshness.py disk FOLDER BYTES TIMES EVERY_MS
       freshness.py tell FILE READS STRACE

follow  reads a file as `tail -f` does, woken by inotify, until SIGTERM; keeps when each read ended, and where. It
        looks at no byte, so it costs nothing that would be measured with it
disk    appends so many bytes to a new file and syncs them, again and again: how long fdatasync takes
tell    when each line of an audit trail could be seen, and when it was on the disk, since the broker appended it;
        the first second apart

Results are lines of `name value`, in milliseconds.
"""
import array
import bisect
import ctypes
import os
import re
import select
import signal
import sys
import time

IN_MODIFY = 2
SYNC = re.compile(
    r"^(?P<thread>\d+) +(?P<at>[\d.]+) "
    r"(?:(?P<call>f(?:data)?sync)\(\d+<(?P<path>[^>]*)>|<\.\.\. (?P<resumed>f(?:data)?sync) resumed>)"
    r"(?:.*= (?P<result>-?\d+).*<(?P<took>[\d.]+)>)?"
)
# Reads at the end of a run of which it is not known when they were on the disk.
MOST_UNKNOWN_READS = 20

STAMP = b'"kafka_timestamp":'

# A sync that takes longer is told apart: what it holds up says something of the disk, and nothing of the tracker.
LONG_SYNC_S = 0.02


def follow(path, reads):
    until = time.monotonic() + 60
    while not os.path.exists(path):
        if time.monotonic() > until:
            sys.exit(f"no {path} after a minute")
        time.sleep(0.01)
    file = os.open(path, os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    news = libc.inotify_init1(0)
    if news < 0 or libc.inotify_add_watch(news, os.fsencode(path), IN_MODIFY) < 0:
        sys.exit("no inotify: " + os.strerror(ctypes.get_errno()))
    # A signal is a byte in a pipe, so that none is lost between two waits.
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGTERM, lambda *_: None)
    space = [bytearray(1 << 20)]
    times, ends, end, is_over = array.array("d"), array.array("d"), 0, False
    while True:
        while length := os.readv(file, space):
            end += length
            times.append(time.time())
            ends.append(end)
        if is_over:
            break
        is_over = wake in select.select([news, wake], [], [])[0]
        if not is_over:
            os.read(news, 1 << 16)
    with open(reads, "wb") as kept:
        kept.write(array.array("d", [len(times)]).tobytes() + times.tobytes() + ends.tobytes())


def disk(folder, size, count, every_ms):
    path, took = os.path.join(folder, "probe"), []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        data, began = os.urandom(int(size)), time.monotonic()
        for number in range(int(count)):
            left = began + number * int(every_ms) / 1000 - time.monotonic()
            if left > 0:
                time.sleep(left)
            os.pwrite(file, data, number * len(data))
            start = time.monotonic()
            os.fdatasync(file)
            took.append((time.monotonic() - start) * 1000)
    finally:
        os.close(file)
        os.unlink(path)
    tell_spread("idle_sync", took)


def tell_spread(name, values):
    values = sorted(values)
    for part, place in (("p50", 0.5), ("p99", 0.99)):
        print(f"{name}_{part}", f"{values[min(int(len(values) * place), len(values) - 1)]:.2f}")
    print(f"{name}_max", f"{values[-1]:.2f}")


def syncs_of(path, strace):
    """(began, ended) of each sync of the file, in seconds, in order."""
    syncs, open_calls = [], {}
    with open(strace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            call = SYNC.match(line)
            if call is None:
                continue
            if call["call"]:
                began, of = float(call["at"]), call["path"]
            else:
                began, of = open_calls.pop(call["thread"], (0.0, ""))
            if call["took"] is None:
                open_calls[call["thread"]] = (began, of)
            elif of == path and call["result"] == "0":
                syncs.append((began, began + float(call["took"])))
    return sorted(syncs)


def waited_long(syncs, number, seen):
    """Whether a line that was seen then waited for a long sync: its own, or the one that was under way before."""
    waited = [syncs[number]] + [sync for sync in syncs[max(number - 1, 0) : number] if sync[1] > seen]
    return any(end - start > LONG_SYNC_S for start, end in waited)


def tell(path, reads, strace):
    path = os.path.realpath(path)
    syncs = syncs_of(path, strace)
    if not syncs:
        sys.exit(f"strace saw no sync of {path}")
    began = [sync[0] for sync in syncs]
    kept = array.array("d")
    with open(reads, "rb") as file:
        kept.frombytes(file.read())
    count = int(kept[0])
    times, ends = kept[1 : 1 + count], kept[1 + count :]
    visible, durable, appended, met, held_up = [], [], [], [], []
    end = read = sync = lines = 0
    with open(path, "rb") as file:
        for line in file:
            end += len(line)
            at = line.rfind(STAMP)
            if at < 0:
                continue
            lines += 1
            stamp = int(re.match(rb"\d+", line[at + len(STAMP) : at + len(STAMP) + 20])[0]) / 1000
            read = bisect.bisect_left(ends, end, read)
            sync = bisect.bisect_left(began, times[read], sync)
            if sync == len(syncs):
                # Whether the sync that was under way then had them cannot be told from outside.
                unknown = count - bisect.bisect_left(ends, end, read)
                if unknown > MOST_UNKNOWN_READS:
                    sys.exit(f"no sync of {path} after its last {unknown} reads")
                continue
            appended.append(stamp)
            visible.append((times[read] - stamp) * 1000)
            durable.append((syncs[sync][1] - stamp) * 1000)
            met.append((syncs[sync][1] - syncs[sync][0]) * 1000)
            held_up.append(waited_long(syncs, sync, times[read]))
    print("lines", lines)
    took = appended[-1] - appended[0]
    later = [number for number, stamp in enumerate(appended) if stamp >= appended[0] + 1]
    if not later:
        sys.exit("there is nothing after the first second")
    print("first_second_max", f"{max(visible[: later[0]]):.1f}")
    tell_spread("visible", [visible[number] for number in later])
    tell_spread("durable", [durable[number] for number in later])
    quick = [durable[number] for number in later if not held_up[number]]
    print("held_up_lines", len(later) - len(quick))
    # With every line held up there is nothing to tell apart.
    tell_spread("quick_durable", quick or [durable[number] for number in later])
    # A long sync holds up more lines than a short one.
    tell_spread("met_sync", [met[number] for number in later])
    tell_spread("sync", [(end - start) * 1000 for start, end in syncs])
    print("syncs_a_second", f"{len(syncs) / took:.1f}")


def main():
    tasks = {"follow": follow, "disk": disk, "tell": tell}
    if len(sys.argv) < 2 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

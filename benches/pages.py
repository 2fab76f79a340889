#!/usr/bin/env python3
"""Open pages of a dashboard: holds many event streams open and tells how fresh, how large and how regular they are.

usage: pages.py HOST PORT PAGES SECONDS

Prints "name value" lines: ticks of one page a second, the longest pause of any page in s, kB a second to one page, and
for one page that is read: p50, p99 and the greatest age in ms of the newest order that it shows, when it comes.
"""

import asyncio
import json
import sys
import time

REQUEST = "GET /events?of=%2F HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


class Page:
    """One open page."""

    def __init__(self, is_read):
        self.is_read = is_read
        self.ticks = 0
        self.size = 0
        self.longest = 0.0
        self.ages = []
        self.last = None

    def tick(self, data, now):
        if self.last is not None:
            self.longest = max(self.longest, now - self.last)
        self.last = now
        self.ticks += 1
        if not self.is_read:
            return
        table = json.loads(data).get("tables", {}).get("last_orders")
        rows = table["rows"] if isinstance(table, dict) else table
        if rows:
            self.ages.append(time.time() * 1000 - rows[0]["cells"][0]["at_ms"])

    async def hold(self, host, port, until):
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
        writer.write(REQUEST.encode())
        event = b""
        while (left := until - time.monotonic()) > 0:
            try:
                line = await asyncio.wait_for(reader.readline(), left)
            except asyncio.TimeoutError:
                break
            if not line:
                raise SystemExit("a stream ended before its time")
            self.size += len(line)
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif line.startswith(b"data: ") and event == b"tick":
                self.tick(line[6:], time.monotonic())
        writer.close()


def part(values, share):
    """The value below which so many of all lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def main():
    host, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    pages = [Page(index == 0) for index in range(count)]
    until = time.monotonic() + seconds
    await asyncio.gather(*(page.hold(host, port, until) for page in pages))
    ages = pages[0].ages
    if not ages:
        raise SystemExit("no order was ever shown")
    print("ticks", min(page.ticks for page in pages) / seconds)
    print("longest", max(page.longest for page in pages))
    print("kilobytes", pages[0].size / seconds / 1000)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("greatest", 1.0)):
        print(name, part(ages, share))


asyncio.run(main())

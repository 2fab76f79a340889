#!/usr/bin/env bash
# How fast the tracker drains a topic onto the disk, against kcat -J into a file in the same run.
# Only the ratio says something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Preloads a topic of one partition with orders, then lets the tracker and kcat -J drain it in turn.

usage: benches/drain.sh [options]

  --orders N     how many orders (default 500000); the topic is kept for the next run
  --rounds N     how often each drains (default 5)
  --plain        the same orders without keys and headers, as the Go original wrote them
  --raw          kcat without -J as well: the payloads and nothing else
  --against FILE another tracker's program as well, one that seals nothing, say: what ours costs more
  --check        exit 1 unless the tracker reaches 0.8 of kcat -J in under 100 MiB
  --wipe         delete the kept broker and topics, and end
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Each drain goes into a new file. The tracker's is on the disk (fdatasync) when it ends, kcat's is in
the page cache. CPU is user + system of the program alone, not the broker's.
EOF2
}

orders=500000 rounds=5 kind=full raw='' against='' check='' wipe=''
while [ $# -gt 0 ]; do
  case $1 in
    --orders | --rounds)
      case ${2:-} in '' | *[!0-9]*) die "$1 needs a number" ;; esac
      if [ "$1" = --orders ]; then orders=$2; else rounds=$2; fi
      shift ;;
    --against)
      [ -x "${2:-}" ] || die "--against needs a program that can be run"
      against=$2
      shift ;;
    --plain) kind=plain ;;
    --raw) raw=1 ;;
    --check) check=1 ;;
    --wipe) wipe=1 ;;
    -h | --help) usage; exit 0 ;;
    *) printf '%s\n' "drain.sh does not know '$1'; see benches/drain.sh --help" >&2; exit 2 ;;
  esac
  shift
done

make_bench
if [ -n "$wipe" ]; then
  rm -rf "$bench"
  echo "wiped $bench"
  exit 0
fi
command -v kcat >/dev/null || die "no kcat to compare with: install it (kcat)"
command -v python3 >/dev/null || die "no python3 to measure with: install it (python3)"

# ---------------------------------------------------------------------------------------------
# Programs and broker

find_programs producer tracker

out=$bench/out
leave() {
  stop_broker
  rm -rf "$out"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

find_broker

# ---------------------------------------------------------------------------------------------
# The topics: one as the producer writes it, one of the same orders with payloads alone

# One past the last offset of partition 0; nothing when there is no such topic.
end_of() { kcat -q -b "$brokers" -Q -t "$1:0:-1" 2>/dev/null | sed -n 's/.*offset \([0-9]*\).*/\1/p'; }

is_there() { [ "$(end_of "$1")" = "$orders" ]; }

full=drain-full-$orders
plain=drain-plain-$orders
topic=$full
if ! is_there "$full"; then
  [ -z "$(end_of "$full")" ] || [ "$(end_of "$full")" = 0 ] ||
    die "topic $full is there but is not $orders orders: benches/drain.sh --wipe makes a new one"
  echo "writing $orders orders into $full (once, they are kept)"
  "$bin/producer" -b "$brokers" --topic "$full" --partitions 1 --count "$orders" --rate 1000000 \
    --quiet >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
  is_there "$full" || die "topic $full holds $(end_of "$full") orders, not $orders"
fi
if [ "$kind" = plain ]; then
  topic=$plain
  if ! is_there "$plain"; then
    echo "writing their payloads into $plain (once, they are kept)"
    kcat -q -b "$brokers" -C -t "$full" -p 0 -o beginning -e |
      kcat -q -b "$brokers" -P -t "$plain" -p 0 -X linger.ms=20 -X queue.buffering.max.kbytes=100000 ||
      die "kcat could not write $plain"
    is_there "$plain" || die "topic $plain holds $(end_of "$plain") orders, not $orders"
  fi
fi
size=$(kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -c 1000 -f '%S\n' |
  awk '{ sum += $1 } END { printf "%d", sum / NR }')

# ---------------------------------------------------------------------------------------------
# Measuring

# Runs a command with its output in a file, and prints: exit code, seconds, CPU seconds, peak KiB.
measure() { # OUTPUT COMMAND...
  python3 - "$@" <<'EOF2'
import os, resource, subprocess, sys, time
with open(sys.argv[1], "wb") as output:
    began = time.monotonic()
    code = subprocess.call(sys.argv[2:], stdout=output)
    took = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(code, "%.3f" % took, "%.2f" % (used.ru_utime + used.ru_stime), peak)
EOF2
}

settle() {
  rm -rf "$out"
  mkdir -p "$out"
  sync
}

# Prints a line of the table and keeps the figures in $bench/rounds.
drain() { # ROUND NAME FILE OUTPUT COMMAND...
  local round=$1 name=$2 file=$3 output=$4 figures code seconds cpu peak lines
  shift 4
  settle
  figures=$(measure "$output" "$@" 2>"$bench/messages") || die "$name could not be measured:" "$(tail -n 3 "$bench/messages")"
  read -r code seconds cpu peak <<<"$figures"
  [ "$code" = 0 ] || die "$name ended with $code:" "$(tail -n 3 "$bench/messages")"
  lines=$(wc -l <"$file")
  [ "$lines" -eq "$orders" ] || die "$name wrote $lines lines for $orders orders"
  awk -v round="$round" -v name="$name" -v n="$orders" -v s="$seconds" -v cpu="$cpu" -v peak="$peak" \
    -v bytes="$(wc -c <"$file")" 'BEGIN {
      printf "%5d  %-14s %10d %8.2f %8.2f %9.1f %11.0f\n", round, name, n / s, s, cpu, peak / 1024, bytes / s / 1e6
    }'
  echo "$round $name $seconds $peak" >>"$bench/rounds"
}

tracker() { # ROUND NAME PROGRAM
  drain "$1" "$2" "$out/tracker.events" "$out/summary" \
    "$3" -b "$brokers" --topic "$topic" --group "drain-bench" --dir "$out" --until-end --print never
  [ "$(tail -n 1 "$out/summary")" = "received=$orders valid=$orders invalid=0 gaps=0" ] ||
    die "the tracker says: $(tail -n 1 "$out/summary")"
}

kcat_json() {
  drain "$1" "kcat -J" "$out/json" "$out/json" kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e -J
}

kcat_raw() {
  drain "$1" "kcat raw" "$out/raw" "$out/raw" kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e
}

median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

# The median of kcat's time over the tracker's, each pair of the same round.
ratio() {
  awk '$2 == "tracker" { ours[$1] = $3 } $2 == "kcat" && $3 == "-J" { theirs[$1] = $4 }
    END { for (round in ours) print theirs[round] / ours[round] }' "$bench/rounds" | median
}

echo
echo "$orders orders of $size bytes, one partition of $topic, $rounds rounds"
echo
printf '%5s  %-14s %10s %8s %8s %9s %11s\n' round program orders/s s "CPU s" "peak MiB" "MB/s to file"
: >"$bench/rounds"
# Read once before it counts, so that the broker has the topic in memory for whoever comes first.
kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e >/dev/null
for ((round = 1; round <= rounds; round++)); do
  if ((round % 2)); then
    tracker "$round" tracker "$bin/tracker"
    [ -z "$against" ] || tracker "$round" other "$against"
    kcat_json "$round"
  else
    kcat_json "$round"
    [ -z "$against" ] || tracker "$round" other "$against"
    tracker "$round" tracker "$bin/tracker"
  fi
  [ -z "$raw" ] || kcat_raw "$round"
done

settle
disk=$(dd if=/dev/zero of="$out/zeros" bs=1048576 count=1024 conv=fdatasync 2>&1 | tail -n 1 | sed 's/.*, //')
ratio=$(ratio)
peak=$(awk '$2 == "tracker" { print $4 / 1024 }' "$bench/rounds" | sort -n | tail -n 1)
echo
echo "disk, dd conv=fdatasync of 1 GiB:        $disk"
printf 'tracker / kcat -J, median of %s rounds:   %.2f (the mark is 0.80)\n' "$rounds" "$ratio"
printf 'tracker, highest peak:                   %.1f MiB (the mark is 100)\n' "$peak"
if [ -n "$against" ]; then
  other=$(awk '$2 == "tracker" { ours[$1] = $3 } $2 == "other" { theirs[$1] = $3 }
    END { for (round in ours) print theirs[round] / ours[round] }' "$bench/rounds" | median)
  printf 'tracker / the other, median:             %.2f\n' "$other"
fi
[ -z "$check" ] || awk -v ratio="$ratio" -v peak="$peak" 'BEGIN { exit !(ratio >= 0.8 && peak < 100) }' ||
  die "a mark was missed"

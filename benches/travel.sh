#!/usr/bin/env bash
# How fast every travel request is rebuilt from the topic, against kcat reading the same topic in the same rounds.
# Only the ratios say something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Fills a topic of three partitions with whole lives of travel requests, eight
events each, then lets travel rebuild all requests and kcat read the same bytes,
in turn.

usage: benches/travel.sh [options]

  --requests N    how many requests (default 100000); the topic is kept for the
                  next run
  --rounds N      how often each reads (default 5)
  --check         exit 1 when a mark is missed
  --wipe          delete the kept broker and topics, and end
  -h, --help      this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

travel is timed from its start to its end: it reads everything, judges every
event, and prints where each request is. With a snapshot it reads only what came
since. kcat writes the values into a file and judges nothing.
EOF2
}

requests=100000 rounds=5 check='' wipe=''
# shellcheck disable=SC2034  # take_options reads them
numbers='--requests --rounds' switches='--check --wipe'
take_options "$@"

make_bench
if [ -n "$wipe" ]; then
  rm -rf "$bench"
  say "wiped $bench"
  exit 0
fi
need kcat python3
find_programs travel

out=$bench/out figures=''
clean_up() { rm -rf "$out" "${figures:-$out}"; }
catch_exits
begin_figures
find_broker

# ---------------------------------------------------------------------------------------------
# The topic: as the exercise's producer writes it, a thousand requests at a time

topic=travel-$requests events=$((requests * 8))
lives() {
  python3 - "$requests" <<'EOF2'
import json, sys
LIFE = ["CREATION", "EN_ATTENTE_VALIDATION_MANAGER", "VALIDEE", "PLANIFIEE", "RETARD", "DEPART", "RETOUR", "CLOTUREE"]
requests = int(sys.argv[1])
for first in range(0, requests, 1000):
    for etat in LIFE:
        for number in range(first, min(first + 1000, requests)):
            name = f"DV-2025-{number:06}"
            event = {"id": name, "etat": etat, "details": {"manager": "Marc Lefevre", "n": number}}
            print(name, json.dumps(event), sep="\t")
EOF2
}

held=$(held_by "$topic" 3) || exit 1
if [ "$held" != "$events" ]; then
  [ "$held" = 0 ] || die "topic $topic holds $held events, not $events: benches/travel.sh --wipe makes a new one"
  say "writing $events events into $topic (once, they are kept)"
  "$bin/travel" consume -b "$brokers" --topic "$topic" --partitions 3 --until-end --no-snapshot >/dev/null ||
    die "travel could not make $topic"
  lives | kcat -q -b "$brokers" -P -t "$topic" -K '	' -X topic.partitioner=murmur2_random -X linger.ms=20 \
    -X queue.buffering.max.kbytes=200000 || die "kcat could not write $topic"
  held=$(held_by "$topic" 3)
  [ "$held" = "$events" ] || die "topic $topic holds $held events, not $events"
fi
# Read once before it counts, so that the broker has the topic in memory for whoever comes first.
kcat -q -b "$brokers" -C -t "$topic" -o beginning -e >/dev/null

# ---------------------------------------------------------------------------------------------
# Who reads

reads() { # ROUND NAME LINES COMMAND...
  local round=$1 name=$2 wanted=$3 lines
  shift 3
  measured "$name" "$out/said" "$@"
  lines=$(wc -l <"$out/said")
  [ "$lines" -eq "$wanted" ] || die "$name wrote $lines lines, not $wanted"
  keep "$name" "$round" seconds "$seconds" rate "$(calculate %.0f "$events / $seconds")" \
    cpu "$(calculate %.4f "$cpu * 1000000 / $events")" peak "$peak"
  say "$(calculate "%5d  %-18s %8.2f s %8.2f s CPU %8.1f MiB" "$round, \"$name\", $seconds, $cpu, $peak")"
}

rebuild() {
  reads "$1" travel "$requests" "$bin/travel" consume --new --until-end --no-snapshot -b "$brokers" --topic "$topic"
}
kcat_raw() { reads "$1" "kcat raw" "$events" kcat -q -b "$brokers" -C -t "$topic" -o beginning -e; }
go_on() {
  reads "$1" "travel, snapshot" "$requests" \
    "$bin/travel" consume --new --until-end --snapshot "$out/travel.snapshot" -b "$brokers" --topic "$topic"
}

mkdir -p "$out"
# The first one writes the snapshot.
measured travel "$out/said" "$bin/travel" consume --new --until-end --snapshot "$out/travel.snapshot" \
  -b "$brokers" --topic "$topic"
turns=(rebuild kcat_raw go_on)
for ((round = 1; round <= rounds; round++)); do
  for ((turn = 0; turn < ${#turns[@]}; turn++)); do
    "${turns[(turn + round - 1) % ${#turns[@]}]}" "$round"
  done
done

# ---------------------------------------------------------------------------------------------
# What came out

program_row() { # NAME WHAT-IT-DOES
  row "$1" "$(values_of "$1" seconds | median 2)" "$(values_of "$1" rate | median 0)" \
    "$(values_of "$1" cpu | median 2)" "$(values_of "$1" peak | median 0)" \
    "$(ratios_of "$1" "kcat raw" seconds | median 2)" "$2"
}

echo "$requests requests, $events events, three partitions, $rounds rounds: median (least-greatest)."
row program seconds events/s "CPU µs an event" "peak MiB" "time / kcat raw" "what it does"
program_row travel "reads all, judges all, knows every request"
program_row "travel, snapshot" "knows every request, reads what came since the snapshot"
program_row "kcat raw" "reads all"
print_table
mark "time / kcat raw" "$(ratios_of travel "kcat raw" seconds | median | xargs printf %.2f)" '<=' 1.5 ""
print_marks

#!/usr/bin/env bash
# What the audit trail costs and how fast it answers: a start after a kill against the size of the trail,
# audit verify against reading alone, and audit show, on a large one. Ratios and orders of magnitude count;
# absolute figures are those of the machine and of the hour. What sealing costs: benches/drain.sh --against.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Records a topic again and again into one trail until it is large, and measures
on the way.

usage: benches/audit.sh [options]

  --orders N     how many orders a round adds (default 500000, about 1.3 GB)
  --rounds N     how many rounds, each with a start and a restart (default 8,
                 about 10 GB)
  --verifies N   how often the whole trail is verified and read at the end, cold
                 and warm each (default 5)
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

A start is measured as the tracker tells it: until the trail is read and known
to be whole. `killed`: kill -9 came while it wrote, so the end of the file was
not sealed. Cold: what the system had of the trail in memory was dropped before.
Reading alone is cat into /dev/null, next to each verify, in the same state.
EOF2
}

orders=500000 rounds=8 verifies=5 check=''
numbers='--orders --rounds --verifies' switches='--check'
take_options "$@"
need kcat python3 jq
make_bench
# A line of the trail has some 2.6 kB, and the broker keeps each order as well.
need_room $((orders * rounds * 3500))
find_programs producer tracker audit

out=$bench/audit figures='' tracker=''
clean_up() {
  [ -z "$tracker" ] || kill -9 "$tracker" 2>/dev/null
  rm -rf "$out" "${figures:-$out}"
}
catch_exits
begin_figures
find_broker

topic=audit-bench-$$
rm -rf "$out"
mkdir -p "$out"

drain() { # how long it took to read the trail at its start is then in `read_seconds`
  watched "$bin/tracker" -b "$brokers" --topic "$topic" --group audit-bench --dir "$out" --until-end --print never \
    >"$bench/summary" 2>"$bench/messages" || die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
  read_seconds=$(jq -r 'select(.event == "audit.recovered") | .metadata.seconds' "$out/tracker.log" | tail -n 1)
}

# Killed while it writes: the next start has an unsealed tail to read.
kill_while_it_writes() { # LINES
  "$bin/tracker" -b "$brokers" --topic "$topic" --group audit-bench --dir "$out" --print never 2>"$bench/messages" &
  tracker=$!
  until [ "$(jq -r '.lines' "$out/tracker.events.seal" 2>/dev/null || echo 0)" -ge "$1" ]; do
    kill -0 "$tracker" 2>/dev/null || die "the tracker ended:" "$(tail -n 3 "$bench/messages")"
    sleep 0.05
  done
  kill -9 "$tracker"
  wait "$tracker" 2>/dev/null
  tracker=''
}

row round lines "trail MB" "start, clean (s)" "start, killed (s)" "show one (ms)"
for ((round = 1; round <= rounds; round++)); do
  watched "$bin/producer" -b "$brokers" --topic "$topic" --partitions 1 --count "$orders" --rate 1000000 --quiet \
    >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
  kill_while_it_writes $((orders * round - orders / 2))
  drain
  killed=$read_seconds
  drain
  clean=$read_seconds
  lines=$(jq -r .lines "$out/tracker.events.seal") bytes=$(wc -c <"$out/tracker.events")
  [ "$lines" -eq $((orders * round)) ] || die "$lines lines for $((orders * round)) orders"
  measured "audit show" /dev/null "$bin/audit" --dir "$out" show "0/$((lines / 2))"
  keep start "$round" seconds "$clean" seconds "$killed"
  row "$round" "$lines" "$((bytes / 1000000))" "$clean" "$killed" "$(calculate %.0f "$seconds * 1000")"
  say "$round  $lines lines, $((bytes / 1000000)) MB: starts $clean s, after a kill $killed s"
done

# How many MB a second each goes through all of the trail, one after the other, from the same state.
go_through() { # STATE ROUND
  local state=$1 round=$2 name
  for name in verify read; do
    if [ "$state" = cold ]; then
      python3 benches/measure.py forget "$out/tracker.events" || die "the trail could not be dropped from memory"
    fi
    case $name in
      verify) measured "audit verify" /dev/null "$bin/audit" --dir "$out" verify ;;
      read) measured cat /dev/null cat "$out/tracker.events" ;;
    esac
    keep "$name, $state" "$round" rate "$(calculate %.1f "$bytes / $seconds / 1000000")" cpu "$cpu" peak "$peak"
  done
  say "$round  $state: verify $(values_of "verify, $state" rate | tail -n 1) MB/s, reading $(values_of "read, $state" rate | tail -n 1) MB/s"
}
stop_broker
# Warm after one look at all of it, as far as it fits into memory.
for ((round = 1; round <= verifies; round++)); do go_through cold "$round"; done
watched cat "$out/tracker.events" >/dev/null
for ((round = 1; round <= verifies; round++)); do go_through warm "$round"; done

echo "$rounds rounds of $orders orders, one partition, one trail."
print_table
echo
echo "All of it verified and read, $verifies times each: median (least-greatest)."
row state "audit verify, MB/s" "cat, MB/s" "verify / cat" "verify, CPU s a GB" "verify, peak MiB"
for state in cold warm; do
  row "$state" "$(values_of "verify, $state" rate | median 0)" "$(values_of "read, $state" rate | median 0)" \
    "$(paste <(values_of "verify, $state" rate) <(values_of "read, $state" rate) | awk '{ print $1 / $2 }' | median 2)" \
    "$(values_of "verify, $state" cpu | awk -v bytes="$bytes" '{ print $1 * 1e9 / bytes }' | median 2)" \
    "$(values_of "verify, $state" peak | highest)"
done
print_table
mark "slowest start" "$(values_of start seconds | highest)" '<' 1 s
# A gigabyte a second, or nine tenths of what the disk gives when that is less.
for state in cold warm; do
  wanted=$(values_of "read, $state" rate | median "" | awk '{ print 0.9 * $1 < 1000 ? 0.9 * $1 : 1000 }')
  mark "audit verify, $state" "$(values_of "verify, $state" rate | median "" | xargs printf %.0f)" '>=' \
    "$(calculate %.0f "$wanted")" MB/s
done
print_marks

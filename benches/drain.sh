#!/usr/bin/env bash
# How fast the tracker drains a topic onto the disk, against kcat -J and others in the same rounds, and
# against the disk. Only the ratios say something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Preloads a topic of one partition with orders, then lets the tracker and kcat -J
drain it in turn.

usage: benches/drain.sh [options]

  --orders N      how many orders (default 500000); the topic is kept for the
                  next run
  --rounds N      how often each drains (default 5)
  --plain         the same orders without keys and headers, as the Go original
                  wrote them
  --peers         also kcat without -J, Kafka's console consumer and Kafka
                  Connect's FileStreamSink
  --against FILE  another tracker's program as well, one that seals nothing,
                  say: what ours costs more
  --disk-limit N  let the disk write no more than N MB/s meanwhile (root,
                  cgroups); lifted at every end
  --check         exit 1 when a mark is missed
  --wipe          delete the kept broker and topics, and end
  -h, --help      this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Each drain goes into a new file and is timed from the program's start to its
end, Connect's from its file's creation to its last line.
The tracker's file is on the disk (fdatasync) when it ends, the others' are in
the page cache. CPU is user + system of the program alone, not the broker's.
dd copies the tracker's file, which is in the page cache, and syncs the copy, in
each round: what the disk takes at that time.
EOF2
}

orders=500000 rounds=5 plain='' peers='' against='' disk_limit='' check='' wipe=''
numbers='--orders --rounds --disk-limit' switches='--plain --peers --check --wipe' programs='--against'
take_options "$@"

make_bench
if [ -n "$wipe" ]; then
  rm -rf "$bench"
  say "wiped $bench"
  exit 0
fi
need kcat python3
[ -z "$peers" ] || need_kafka_tools
find_programs producer tracker

out=$bench/out figures=''
clean_up() { rm -rf "$out" "$bench/connect" "${figures:-$out}"; }
catch_exits
begin_figures
find_broker

# ---------------------------------------------------------------------------------------------
# The topics: one as the producer writes it, one of the same orders with payloads alone

topic=drain-full-$orders
fill_topic "$topic" "$orders" 1
if [ -n "$plain" ]; then
  full=$topic topic=drain-plain-$orders
  held=$(held_by "$topic" 1) || exit 1
  if [ "$held" != "$orders" ]; then
    say "writing their payloads into $topic (once, they are kept)"
    kcat -q -b "$brokers" -C -t "$full" -p 0 -o beginning -e |
      kcat -q -b "$brokers" -P -t "$topic" -p 0 -X linger.ms=20 -X queue.buffering.max.kbytes=100000 ||
      die "kcat could not write $topic"
    held=$(held_by "$topic" 1)
    [ "$held" = "$orders" ] || die "topic $topic holds $held orders, not $orders"
  fi
fi
# Read once before it counts, so that the broker has the topic in memory for whoever comes first.
value_bytes=$(kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e | wc -c)
size=$((value_bytes / orders - 1))

# ---------------------------------------------------------------------------------------------
# Who drains

# Keeps the figures of a drain, and says them.
drain() { # ROUND NAME FILE OUTPUT COMMAND...
  local round=$1 name=$2 file=$3 lines bytes
  shift 3
  rm -rf "$out"
  mkdir -p "$out"
  sync
  measured "$name" "$@"
  lines=$(wc -l <"$file") bytes=$(wc -c <"$file")
  [ "$lines" -eq "$orders" ] || die "$name wrote $lines lines for $orders orders"
  keep "$name" "$round" rate "$(calculate %.0f "$orders / $seconds")" peak "$peak" \
    cpu "$(calculate %.4f "$cpu * 1000000 / $orders")" write "$(calculate %.2f "$bytes / $seconds / 1000000")"
  say "$(calculate "%5d  %-18s %8.2f s %8.2f s CPU %8.1f MiB" "$round, \"$name\", $seconds, $cpu, $peak")"
}

tracker() { # ROUND NAME PROGRAM
  drain "$1" "$2" "$out/tracker.events" "$out/summary" \
    "$3" -b "$brokers" --topic "$topic" --group drain-bench --dir "$out" --until-end --print never
  [ "$(tail -n 1 "$out/summary")" = "received=$orders valid=$orders invalid=0 gaps=0" ] ||
    die "the tracker says: $(tail -n 1 "$out/summary")"
}

# A drain by the tracker, and what the disk takes of the same bytes right after it.
tracker_and_disk() { # ROUND
  tracker "$1" tracker "$bin/tracker"
  local bytes
  bytes=$(wc -c <"$out/tracker.events")
  sync
  measured dd /dev/null dd if="$out/tracker.events" of="$out/copy" bs=1048576 conv=fdatasync
  keep disk "$1" write "$(calculate %.2f "$bytes / $seconds / 1000000")"
  say "$(calculate "%5d  %-18s %8.2f s" "$1, \"dd\", $seconds")"
}

other() { tracker "$1" "other tracker" "$against"; }

kcat_json() {
  drain "$1" "kcat -J" "$out/json" "$out/json" kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e -J
}

kcat_raw() {
  drain "$1" "kcat raw" "$out/raw" "$out/raw" kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e
}

console_consumer() {
  drain "$1" "console consumer" "$out/values" "$out/values" \
    java -Xmx512M -cp "$bench/../kafka-jars/*" org.apache.kafka.tools.consumer.ConsoleConsumer \
    --bootstrap-server "$brokers" --topic "$topic" --partition 0 --offset earliest --max-messages "$orders"
}

# It has no end, so the size of what it writes tells when it is done. Its start, which takes seconds, is not counted.
connect() {
  local folder=$bench/connect
  rm -rf "$folder"
  mkdir -p "$folder"
  cat >"$folder/worker.properties" <<EOF2
bootstrap.servers=$brokers
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename=$folder/offsets
listeners=http://127.0.0.1:0
plugin.discovery=service_load
EOF2
  cat >"$folder/sink.properties" <<EOF2
name=drain-$$-$1
connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector
tasks.max=1
topics=$topic
file=$out/sink
EOF2
  drain "$1" "Connect file sink" "$out/sink" "$folder/output" --until-size "$out/sink" "$value_bytes" \
    java -Xms256M -Xmx2G -cp "$bench/../kafka-jars/*" org.apache.kafka.connect.cli.ConnectStandalone \
    "$folder/worker.properties" "$folder/sink.properties"
}

# ---------------------------------------------------------------------------------------------
# The rounds: everyone in turn, and another one first each time

turns=(tracker_and_disk kcat_json)
[ -z "$against" ] || turns+=(other)
[ -z "$peers" ] || turns+=(kcat_raw console_consumer connect)
if [ -n "$disk_limit" ]; then
  limit_disk $((disk_limit * 1000000)) || exit 1
fi
for ((round = 1; round <= rounds; round++)); do
  for ((turn = 0; turn < ${#turns[@]}; turn++)); do
    "${turns[(turn + round - 1) % ${#turns[@]}]}" "$round"
  done
done
lift_disk_limit

# ---------------------------------------------------------------------------------------------
# What came out

program_row() { # NAME WHAT-IT-LEAVES-OUT
  [ -n "$(values_of "$1" rate)" ] || return 0
  row "$1" "$(values_of "$1" rate | median 0)" "$(values_of "$1" cpu | median 2)" "$(values_of "$1" peak | median 0)" \
    "$(values_of "$1" write | median 0)" "$(ratios_of "$1" "kcat -J" rate | median 2)" \
    "$(ratios_of "$1" "kcat -J" cpu | median 2)" "$2"
}

echo "$orders orders of $size bytes, one partition, $rounds rounds: median (least-greatest)." \
  "${disk_limit:+The disk was held to $disk_limit MB/s.}"
row program orders/s "CPU µs an order" "peak MiB" "MB/s to the file" "rate / kcat -J" "CPU / kcat -J" "what it does not do"
program_row tracker "-"
program_row "other tracker" ""
program_row "kcat -J" "no sync, no position, nothing checked or sealed"
program_row "kcat raw" "the same, and values only: no envelope"
program_row "console consumer" "the same, and values only"
program_row "Connect file sink" "no sync, values only; a position apart from the file: twice or lost after a kill"
print_table

disk_share=$(ratios_of tracker disk write | awk '{ print 100 * $1 }' | median 0)
echo
echo "The disk takes $(values_of disk write | median 0) MB/s of the same bytes (dd conv=fdatasync of the trail);" \
  "the tracker reaches $disk_share % of that."
[ -z "$against" ] || echo "Rate of the tracker over the other one: $(ratios_of tracker "other tracker" rate | median 2)."
if [ -z "$disk_limit" ]; then
  mark "rate / kcat -J" "$(ratios_of tracker "kcat -J" rate | median | xargs printf %.2f)" '>=' 1.0 ""
else
  # kcat -J leaves half as much in the page cache, and no disk holds it up; without a limit the disk may be faster
  # than any two processors can make lines for it.
  mark "share of the disk's rate" "${disk_share%% *}" '>=' 85 %
fi
mark "CPU / kcat -J" "$(ratios_of tracker "kcat -J" cpu | median | xargs printf %.2f)" '<=' 1.6 ""
mark "highest peak" "$(values_of tracker peak | highest)" '<' 96 MiB
print_marks

#!/usr/bin/env bash
# The tracker on topics of all shapes: many partitions, messages from small to huge, backlogs of two sizes.
# What has to hold anywhere: memory that the backlog does not change, and no shape that falls off a cliff.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets the tracker drain topics of 1, 12 and 200 partitions, and of messages of
100 B to 10 MB.

usage: benches/shapes.sh [options]

  --megabytes N  how much each topic holds at the end (default 400), but 120 to
                 500000 messages
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing
  TRACKER_FLAGS            more flags for the tracker, such as
                           -X fetch.max.bytes=1000000

Each topic is drained twice into a new trail: when it holds a quarter, and when
it holds all. The messages that are no orders are JSON of random letters, which
no compression makes smaller, in one partition. MB are those of the messages,
not of the lines.
EOF2
}

megabytes=400 check=''
numbers='--megabytes' switches='--check'
take_options "$@"
need kcat python3
make_bench
need_kafka_tools
find_programs producer tracker

out=$bench/shapes figures='' topics=shapes-$$
clean_up() { rm -rf "$out" "${figures:-$out}"; }
catch_exits
begin_figures
find_broker

topic_command() { # ARGUMENT...
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" "$@" >"$bench/messages" 2>&1 ||
    die "Kafka's topic command failed:" "$(tail -n 3 "$bench/messages")"
}

# Writes so many more messages into a topic.
write_orders() { # TOPIC COUNT
  watched "$bin/producer" -b "$brokers" --topic "$1" --count "$2" --rate 1000000 --quiet >"$bench/summary" 2>"$bench/messages"
}

write_json() { # TOPIC COUNT BYTES
  python3 benches/measure.py json "$2" "$3" |
    "$bin/producer" -b "$brokers" --topic "$1" --file - --raw --key none --quiet >"$bench/summary" 2>"$bench/messages"
}

drain() { # SHAPE BACKLOG TOPIC COUNT BYTES PAYLOAD
  rm -rf "$out"
  mkdir -p "$out"
  sync
  # shellcheck disable=SC2086
  measured "the tracker" "$out/summary" "$bin/tracker" -b "$brokers" --topic "$3" --group shapes-bench --dir "$out" \
    --until-end --print never --payload "$6" ${TRACKER_FLAGS:-}
  [ "$(tail -n 1 "$out/summary")" = "received=$4 valid=$4 invalid=0 gaps=0" ] ||
    die "$1: the tracker says: $(tail -n 1 "$out/summary")"
  keep "$1" "$2" count "$4" "seconds" "$seconds" cpu "$cpu" peak "$peak" megabytes "$(calculate %.1f "$4 * $5 / 1000000")"
  say "$(calculate "%-24s %-8s %8d messages %7.2f s %7.2f s CPU %7.1f MiB" "\"$1\", \"$2\", $4, $seconds, $cpu, $peak")"
}

shapes=()
measure_shape() { # SHAPE PARTITIONS BYTES PAYLOAD
  local shape=$1 partitions=$2 bytes=$3 payload=$4 topic=$topics-$2-$3 count quarter
  count=$((megabytes * 1000000 / bytes))
  # Of huge ones so many that a quarter of them fills every queue.
  [ "$count" -le 500000 ] || count=500000
  [ "$count" -ge 120 ] || count=120
  quarter=$(((count + 3) / 4)) count=$(((count + 3) / 4 * 4))
  topic_command --create --topic "$topic" --partitions "$partitions" --config max.message.bytes=$((bytes + 1000000))
  write() {
    if [ "$payload" = order ]; then write_orders "$topic" "$1"; else write_json "$topic" "$1" "$bytes"; fi ||
      die "the producer failed:" "$(tail -n 3 "$bench/messages")"
  }
  write "$quarter"
  drain "$shape" quarter "$topic" "$quarter" "$bytes" "$payload"
  write $((count - quarter))
  drain "$shape" whole "$topic" "$count" "$bytes" "$payload"
  shapes+=("$shape")
}

measure_shape "1 partition, orders" 1 900 order
measure_shape "12 partitions, orders" 12 900 order
measure_shape "200 partitions, orders" 200 900 order
measure_shape "messages of 100 B" 1 100 json
measure_shape "messages of 1 kB" 1 1000 json
measure_shape "messages of 200 kB" 1 200000 json
measure_shape "messages of 1 MB" 1 1000000 json
measure_shape "messages of 10 MB" 1 10000000 json
topic_command --delete --topic "$topics-.*"

figure() { # SHAPE BACKLOG NAME
  awk -F '\t' -v shape="$1" -v backlog="$2" -v name="$3" '$1 == shape && $2 == backlog && $3 == name { print $4 }' "$figures"
}

echo "$megabytes MB each, but 120 to 500,000 messages; one run each."
row shape messages MB messages/s MB/s "CPU µs a message" "CPU ms a MB" "peak MiB, a quarter" "peak MiB, all"
for shape in "${shapes[@]}"; do
  count=$(figure "$shape" whole count) seconds=$(figure "$shape" whole seconds) cpu=$(figure "$shape" whole cpu)
  size=$(figure "$shape" whole megabytes) peak=$(figure "$shape" whole peak) before=$(figure "$shape" quarter peak)
  row "$shape" "$count" "$(calculate %.0f "$size")" "$(calculate %.0f "$count / $seconds")" "$(calculate %.0f "$size / $seconds")" \
    "$(calculate %.1f "$cpu * 1000000 / $count")" "$(calculate %.1f "$cpu * 1000 / $size")" "$before" "$peak"
  case $shape in *" 10 MB") ;; *) mark "$shape: peak" "$peak" '<' 96 MiB ;; esac
  # The queues between the threads hold so much, and a quarter may not have filled them.
  mark "$shape: more memory for a backlog 4 times as large" "$(calculate %.1f "$peak - $before")" '<' 32 MiB
done
print_table
print_marks

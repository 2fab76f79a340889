#!/usr/bin/env bash
# How fast the producer gets orders delivered, against kcat -P in the same rounds. Only the ratios say
# something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets the producer and kcat -P fill new topics of one partition in turn, every
delivery report heard.

usage: benches/producer.sh [options]

  --orders N     how many orders (default 500000)
  --rounds N     how often each sends them (default 5)
  --seconds N    how long each paced run takes (default 5)
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

The producer checks every line, sends a key and seven headers with each order,
which make it a third larger, compresses (lz4) and is idempotent with acks=all.
kcat checks nothing. It sends the same records, with key and headers, first as
its defaults are and then compressed and idempotent as well; and the plain
lines, without key, headers, compression and idempotence. Whatever was sent, the
topic's end must be the number of orders. CPU is user and system; the broker's
is that of the same time, and known only of a broker of our own.
EOF2
}

orders=500000 rounds=5 seconds_each=5 check=''
numbers='--orders --rounds --seconds' switches='--check'
seconds=$seconds_each
take_options "$@"
seconds_each=$seconds
need kcat python3
make_bench
need_kafka_tools
find_programs producer

figures='' topics=producer-bench-$$ lines=$bench/orders-$orders.jsonl keyed=$bench/orders-$orders.keyed
clean_up() { rm -rf "$lines" "$keyed" "${figures:-$lines}"; }
catch_exits
begin_figures
find_broker

# ---------------------------------------------------------------------------------------------
# The orders, as lines for both, and with their keys for kcat

say "making $orders orders"
fill_topic "$topics-orders" "$orders" 1
kcat -q -b "$brokers" -C -t "$topics-orders" -p 0 -o beginning -e >"$lines" || die "kcat could not read its orders"
kcat -q -b "$brokers" -C -t "$topics-orders" -p 0 -o beginning -e -K '\t' >"$keyed" || die "kcat could not read their keys"
size=$(($(wc -c <"$lines") / orders - 1))
# The headers of the first order, for all: kcat can send the same ones only.
headers=()
while IFS= read -r header; do headers+=(-H "$header"); done < <(
  kcat -q -b "$brokers" -C -t "$topics-orders" -p 0 -o beginning -c 1 -f '%h' | tr ',' '\n')

# Their size each, and nobody needs them again.
delete_topics() {
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" --delete --if-exists \
    --topic "$topics-.*" >/dev/null 2>&1
}

# ---------------------------------------------------------------------------------------------
# Who sends

broker_cpu() {
  [ -n "$broker_pid" ] || { echo 0; return; }
  sed 's/.*) //' "/proc/$broker_pid/stat" | awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.2f", ($12 + $13) / ticks }'
}

number=0
# TOPIC in the command is a new topic.
send() { # ROUND NAME COUNT COMMAND...
  local round=$1 name=$2 count=$3 topic word command=() before
  shift 3
  number=$((number + 1))
  topic=$topics-$number
  "$bin/producer" -b "$brokers" --topic "$topic" --partitions 1 --count 0 --quiet >/dev/null 2>"$bench/messages" ||
    die "no topic $topic:" "$(tail -n 3 "$bench/messages")"
  for word; do command+=("${word//TOPIC/$topic}"); done
  sync
  before=$(broker_cpu)
  measured "$name" "$bench/summary" "${command[@]}"
  [ "$(held_by "$topic" 1)" = "$count" ] || die "$name left $(held_by "$topic" 1) of $count orders in $topic"
  case $name in
    producer*) [ "$(tail -n 1 "$bench/summary")" = "sent=$count delivered=$count failed=0" ] ||
      die "$name says: $(tail -n 1 "$bench/summary")" ;;
  esac
  keep "$name" "$round" rate "$(calculate %.0f "$count / $seconds")" cpu "$(calculate %.2f "$cpu * 1000000 / $count")" \
    broker "$(calculate %.2f "($(broker_cpu) - $before) * 1000000 / $count")" peak "$peak"
  say "$(calculate "%5s  %-36s %8.2f s %8.2f s CPU %8.1f MiB" "\"$round\", \"$name\", $seconds, $cpu, $peak")"
}

names=("producer --file" "producer, its own orders" "kcat -P, same records" "kcat -P, same records, lz4, idempotent"
  "kcat -P, plain lines")
take_turn() { # ROUND WHO
  local ours=("$bin/producer" -b "$brokers" --topic TOPIC --quiet) theirs=(kcat -q -b "$brokers" -P -t TOPIC -p 0)
  local name=${names[$2]} keys=(-K '\t')
  case $2 in
    0) send "$1" "$name" "$orders" "${ours[@]}" --file "$lines" ;;
    1) send "$1" "$name" "$orders" "${ours[@]}" --count "$orders" --rate 100000000 ;;
    2) send "$1" "$name" "$orders" "${theirs[@]}" "${keys[@]}" "${headers[@]}" -l "$keyed" ;;
    3) send "$1" "$name" "$orders" "${theirs[@]}" "${keys[@]}" "${headers[@]}" -z lz4 -X enable.idempotence=true -l "$keyed" ;;
    4) send "$1" "$name" "$orders" "${theirs[@]}" -l "$lines" ;;
  esac
}

# Once before it counts: a broker that has just started has not compiled its own code yet.
for who in 0 4; do take_turn warm "$who"; done
: >"$figures"
for ((round = 1; round <= rounds; round++)); do
  # Another one first each time.
  for ((step = 0; step < ${#names[@]}; step++)); do take_turn "$round" $(((step + round) % ${#names[@]})); done
  delete_topics
done

# What the producer's own summary says of the last run: "p50 3.1 ms, p99 5.2 ms".
latency() { sed -n 's/.*acknowledged p50 \(.*\), p99 \(.*\)$/\1	\2/p' "$bench/messages"; }

latencies=()
for rate in 1000 20000; do
  send - "producer, $rate/s" $((rate * seconds_each)) "$bin/producer" -b "$brokers" --topic TOPIC \
    --count $((rate * seconds_each)) --rate "$rate"
  latencies+=("$rate orders/s	$(latency)")
done
send - "producer, at full speed" "$orders" "$bin/producer" -b "$brokers" --topic TOPIC --count "$orders" --rate 100000000
latencies+=("as fast as it goes	$(latency)")
delete_topics

# ---------------------------------------------------------------------------------------------
# What came out

echo "$orders orders of $size bytes, one partition, $rounds rounds: median (least-greatest)."
row program orders/s "CPU µs an order" "the broker's, µs" "peak MiB"
for name in "${names[@]}"; do
  row "$name" "$(values_of "$name" rate | median 0)" "$(values_of "$name" cpu | median 1)" \
    "$(values_of "$name" broker | median 1)" "$(values_of "$name" peak | median 0)"
done
print_table
echo
echo "The producer's rate over kcat's, round by round:"
row "" "of kcat -P, same records" "… lz4, idempotent" "of kcat -P, plain lines"
for name in "producer --file" "producer, its own orders"; do
  row "$name" "$(ratios_of "$name" "kcat -P, same records" rate | median 2)" \
    "$(ratios_of "$name" "kcat -P, same records, lz4, idempotent" rate | median 2)" \
    "$(ratios_of "$name" "kcat -P, plain lines" rate | median 2)"
done
print_table
echo
echo "From the hand-over to the delivery report, as the producer's own summary says:"
row pace p50 p99
table+=("${latencies[@]}")
print_table
mark "producer --file, rate over kcat -P with the same records" \
  "$(ratios_of "producer --file" "kcat -P, same records" rate | median)" '>=' 0.9 times
mark "producer --file, the same with lz4 and idempotence" \
  "$(ratios_of "producer --file" "kcat -P, same records, lz4, idempotent" rate | median)" '>=' 0.9 times
mark "producer --file, rate over kcat -P with plain lines" \
  "$(ratios_of "producer --file" "kcat -P, plain lines" rate | median)" '>=' 0.9 times
mark "producer, highest peak" "$(for name in "${names[@]}"; do
  case $name in producer*) values_of "$name" peak ;; esac; done | highest)" '<' 96 MiB
print_marks

#!/usr/bin/env bash
# How fast the producer gets orders delivered, against kcat -P with the same orders in the same run.
# Only the ratio says something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets the producer and kcat -P fill new topics of one partition in turn, every delivery report heard.

usage: benches/producer.sh [options]

  --orders N     how many orders (default 500000)
  --rounds N     how often each sends them (default 5)
  --seconds N    how long each paced run takes (default 5)
  --check        exit 1 unless producer --file reaches 0.90 of kcat -P in under 100 MiB
  --wipe         delete the kept orders and the broker's data, and end
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

The producer does more than kcat -P: it checks every line, sends a key and seven headers with each order (a
third more bytes), compresses (lz4) and is idempotent with acks=all. kcat sends the plain lines; in its second
row it compresses and is idempotent, too. Whatever was sent, the topic's end must be the number of orders.
CPU is user + system; the broker's is that of the same time, and known only of a broker of our own.
EOF2
}

orders=500000 rounds=5 seconds=5 check='' wipe=''
while [ $# -gt 0 ]; do
  case $1 in
    --orders | --rounds | --seconds)
      case ${2:-} in '' | *[!0-9]*) die "$1 needs a number" ;; esac
      [ "$2" -gt 0 ] || die "$1 needs a number above 0"
      declare "${1#--}=$2"
      shift ;;
    --check) check=1 ;;
    --wipe) wipe=1 ;;
    -h | --help) usage; exit 0 ;;
    *) printf '%s\n' "producer.sh does not know '$1'; see benches/producer.sh --help" >&2; exit 2 ;;
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
command -v java >/dev/null || die "no java to delete topics with: install it (17 or newer)"

# ---------------------------------------------------------------------------------------------
# Programs, broker and topics

find_programs producer
jars=$bench/../kafka-jars
broker/local.sh jars "$jars" --tools || exit 1

# Deletes the topics of this benchmark: the size of all orders each, and nobody needs them again.
delete_topics() {
  java -XX:TieredStopAtLevel=1 -cp "$jars/*" org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" \
    --delete --if-exists --topic 'producer-bench-.*' >/dev/null 2>&1
}

leave() {
  [ -z "${brokers:-}" ] || delete_topics
  stop_broker
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

find_broker

# One past the last offset of partition 0; nothing when there is no such topic.
end_of() { kcat -q -b "$brokers" -Q -t "$1:0:-1" 2>/dev/null | sed -n 's/.*offset \([0-9]*\).*/\1/p'; }

make_topic() { # TOPIC
  "$bin/producer" -b "$brokers" --topic "$1" --partitions 1 --count 0 --quiet >/dev/null 2>"$bench/messages" ||
    die "no topic $1:" "$(tail -n 3 "$bench/messages")"
}

file=$bench/orders-$orders.jsonl
if [ ! -f "$file" ] || [ "$(wc -l <"$file")" != "$orders" ]; then
  echo "writing $orders orders into $file (once, they are kept)"
  topic=producer-bench-orders-$$
  "$bin/producer" -b "$brokers" --topic "$topic" --partitions 1 --count "$orders" --rate 1000000 --quiet \
    >/dev/null 2>"$bench/messages" || die "the producer failed:" "$(tail -n 3 "$bench/messages")"
  kcat -q -b "$brokers" -C -t "$topic" -p 0 -o beginning -e >"$file" || die "kcat could not read $topic"
  [ "$(wc -l <"$file")" = "$orders" ] || die "$file holds $(wc -l <"$file") orders, not $orders"
fi
size=$(($(wc -c <"$file") / orders - 1))

# ---------------------------------------------------------------------------------------------
# Measuring

# Runs a command with its output in a file, and prints: exit code, seconds, CPU seconds, peak KiB, and the
# broker's CPU seconds, or -.
measure() { # OUTPUT COMMAND...
  python3 - "${broker_pid:-0}" "$@" <<'EOF2'
import os, resource, subprocess, sys, time

def broker_seconds():
    try:
        with open(f"/proc/{sys.argv[1]}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None

with open(sys.argv[2], "wb") as output:
    before = broker_seconds()
    began = time.monotonic()
    code = subprocess.call(sys.argv[3:], stdout=output)
    took = time.monotonic() - began
    after = broker_seconds()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
broker = "-" if before is None else "%.2f" % (after - before)
print(code, "%.3f" % took, "%.2f" % (used.ru_utime + used.ru_stime), peak, broker)
EOF2
}

number=0
# Prints a line of the table and keeps the figures in $bench/rounds. TOPIC in the command is a new topic.
send() { # ROUND NAME COUNT COMMAND...
  local round=$1 name=$2 count=$3 figures code seconds cpu peak broker topic word command=()
  shift 3
  number=$((number + 1))
  topic=producer-bench-$$-$number
  make_topic "$topic"
  for word; do command+=("${word//TOPIC/$topic}"); done
  sync
  figures=$(measure "$bench/summary" "${command[@]}" 2>"$bench/messages") ||
    die "$name could not be measured:" "$(tail -n 3 "$bench/messages")"
  read -r code seconds cpu peak broker <<<"$figures"
  [ "$code" = 0 ] || die "$name ended with $code:" "$(tail -n 3 "$bench/messages")"
  [ "$(end_of "$topic")" = "$count" ] || die "$name left $(end_of "$topic") of $count orders in $topic"
  case $name in
    producer*) [ "$(tail -n 1 "$bench/summary")" = "sent=$count delivered=$count failed=0" ] ||
      die "$name says: $(tail -n 1 "$bench/summary")" ;;
  esac
  awk -v round="$round" -v name="$name" -v n="$count" -v s="$seconds" -v cpu="$cpu" -v peak="$peak" -v broker="$broker" \
    'BEGIN { printf "%5s  %-22s %10d %8.2f %8.2f %10s %9.1f\n", round, name, n / s, s, cpu, broker, peak / 1024 }'
  echo "$round|$name|$seconds|$cpu|$peak|$broker" >>"$bench/rounds"
}

# What the producer's own summary says of the last run: "p50 3.1 ms, p99 5.2 ms".
latency() { sed -n 's/.*acknowledged \(p50 .*\)$/\1/p' "$bench/messages"; }

ours() { # ROUND NAME FLAGS...
  local round=$1 name=$2
  shift 2
  send "$round" "$name" "$orders" "$bin/producer" -b "$brokers" --topic TOPIC "$@"
}

theirs() { # ROUND NAME FLAGS...
  local round=$1 name=$2
  shift 2
  send "$round" "$name" "$orders" kcat -q -b "$brokers" -P -t TOPIC -p 0 "$@" -l "$file"
}

run() { # ROUND ROW
  case $2 in
    0) ours "$1" "producer --file" --file "$file" --quiet ;;
    1) theirs "$1" "kcat -P" ;;
    2) ours "$1" "producer --file --raw" --file "$file" --raw --quiet ;;
    3) theirs "$1" "kcat -P, lz4, idem." -z lz4 -X enable.idempotence=true ;;
    4) ours "$1" "producer, generated" --count "$orders" --rate 100000000 --quiet ;;
  esac
}

median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

median_of() { # NAME COLUMN
  awk -F'|' -v name="$1" -v column="$2" '$2 == name { print $column }' "$bench/rounds" | median
}

# The median of their time over ours, each pair of the same round.
ratio() { # OURS THEIRS
  awk -F'|' -v ours="$1" -v theirs="$2" '$2 == ours { o[$1] = $3 } $2 == theirs { t[$1] = $3 }
    END { for (round in o) print t[round] / o[round] }' "$bench/rounds" | median
}

echo
echo "$orders orders of $size bytes, one partition, $rounds rounds"
echo
printf '%5s  %-22s %10s %8s %8s %10s %9s\n' round program orders/s s "CPU s" "broker CPU" "peak MiB"
: >"$bench/rounds"
# Once before it counts: a broker that has just started has not compiled its own code yet.
for row in 0 1 3; do run warm "$row"; done
delete_topics
grep -v '^warm' "$bench/rounds" >"$bench/rounds.new"
mv "$bench/rounds.new" "$bench/rounds"
for ((round = 1; round <= rounds; round++)); do
  # Each round begins with another one, so that none always comes after the same.
  for ((step = 0; step < 5; step++)); do run "$round" $(((step + round) % 5)); done
  delete_topics
done

echo
echo "delivery latency, as the producer's own summary says"
echo
for rate in 1000 20000; do
  send - "producer, $rate/s" $((rate * seconds)) "$bin/producer" -b "$brokers" --topic TOPIC --count $((rate * seconds)) \
    --rate "$rate" >/dev/null
  printf '%-22s %s\n' "paced, $rate/s" "$(latency)"
done
ours - "producer, with lines" --count "$orders" --rate 100000000 >/dev/null
printf '%-22s %s\n' "as fast as it goes" "$(latency)"

echo
echo "medians of $rounds rounds"
echo
printf '%-22s %8s %8s %10s %9s\n' program s "CPU s" "broker CPU" "peak MiB"
for name in "producer --file" "producer --file --raw" "producer, generated" "kcat -P" "kcat -P, lz4, idem."; do
  printf '%-22s %8.2f %8.2f %10s %9.1f\n' "$name" "$(median_of "$name" 3)" "$(median_of "$name" 4)" \
    "$(median_of "$name" 6)" "$(median_of "$name" 5 | awk '{ print $1 / 1024 }')"
done
echo
for name in "producer --file" "producer --file --raw" "producer, generated"; do
  printf '%-22s %.2f of kcat -P, %.2f of kcat -P with lz4 and idempotence\n' "$name" "$(ratio "$name" "kcat -P")" \
    "$(ratio "$name" "kcat -P, lz4, idem.")"
done
ratio=$(ratio "producer --file" "kcat -P")
peak=$(awk -F'|' '$2 ~ /^producer/ { print $5 / 1024 }' "$bench/rounds" | sort -n | tail -n 1)
printf 'producer, highest peak %.1f MiB (the mark is 100); rate, producer --file / kcat -P: %.2f (the mark is 0.90)\n' \
  "$peak" "$ratio"
[ -z "$check" ] || awk -v ratio="$ratio" -v peak="$peak" 'BEGIN { exit !(ratio >= 0.9 && peak < 100) }' ||
  die "a mark was missed"

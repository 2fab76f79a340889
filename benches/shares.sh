#!/usr/bin/env bash
# One topic shared out among several trackers on one machine: what each costs, whether the shares add up, and
# whether `audit` reads their folders as the one topic that they are.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets 1, 2 and 4 trackers drain a topic of 12 partitions, each its share of them
into a folder of its own.

usage: benches/shares.sh [options]

  --orders N     how many orders (default 480000); the topic is kept for the
                 next run
  --rounds N     how often (default 3)
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

The time is that from the start of the first to the end of the last; CPU is that
of all trackers together.
After each drain `audit verify` judges all folders at once, and must find every
order of every partition.
EOF2
}

orders=480000 rounds=3
numbers='--orders --rounds'
take_options "$@"
need kcat python3 jq
make_bench
find_programs producer tracker audit

out=$bench/shares figures='' partitions=12 topic=shares-$orders
clean_up() { rm -rf "$out" "${figures:-$out}"; }
catch_exits
begin_figures
find_broker
fill_topic "$topic" "$orders" "$partitions"

# The trackers run beside each other under one shell, which ends with the worst of their codes.
side_by_side() { # TRACKERS
  local trackers=$1 share number
  share=$((partitions / trackers))
  rm -rf "$out"
  mkdir -p "$out"
  sync
  # shellcheck disable=SC2016
  measured "$trackers trackers" /dev/null bash -c '
    trackers=$1 share=$2 worst=0 pids=()
    shift 2
    trap "kill \${pids[*]} 2>/dev/null" TERM INT
    for ((number = 0; number < trackers; number++)); do
      "$1/tracker" -b "$2" --topic "$3" --group "shares-$number" --dir "$4/$number" --until-end --print never \
        --only-partitions "$((number * share))-$((number * share + share - 1))" >"$4/$number.summary" &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || worst=$?; done
    exit "$worst"' side-by-side "$trackers" "$share" "$bin" "$brokers" "$topic" "$out"
}

# Every order once, over all folders, and each of them sound.
check_folders() { # TRACKERS
  local number folders=() lines
  for ((number = 0; number < $1; number++)); do folders+=(--dir "$out/$number"); done
  "$bin/audit" "${folders[@]}" verify >"$bench/messages" 2>&1 || die "audit finds damage:" "$(cat "$bench/messages")"
  lines=$(cat "$out"/*/tracker.events.seal | jq -s 'map(.lines) | add')
  [ "$lines" = "$orders" ] || die "$lines lines for $orders orders"
}

for ((round = 1; round <= rounds; round++)); do
  for trackers in 1 2 4; do
    side_by_side "$trackers"
    check_folders "$trackers"
    keep "$trackers" "$round" rate "$(calculate %.0f "$orders / $seconds")" cpu "$(calculate %.2f "$cpu * 1000000 / $orders")" \
      peak "$peak"
    say "$(calculate "round %d: %d trackers, %.2f s, %.2f s CPU" "$round, $trackers, $seconds, $cpu")"
  done
done

echo "$orders orders in $partitions partitions, $rounds rounds: median (least-greatest). Every order was found once, in sound trails."
row trackers "orders/s in all" "CPU µs an order" "peak MiB of the largest"
for trackers in 1 2 4; do
  row "$trackers" "$(values_of "$trackers" rate | median 0)" "$(values_of "$trackers" cpu | median 1)" \
    "$(values_of "$trackers" peak | median 0)"
done
print_table

#!/usr/bin/env bash
# How fresh the trail is: from the broker's append of an order until a follower of tracker.events sees its
# line, and until the line is on the disk. Linux only (inotify, strace).
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets the producer send orders at steady rates, and looks at tracker.events from
outside.

usage: benches/freshness.sh [options]

  --seconds N    for how long orders come at each rate (default 20)
  --slow N       the one rate, orders a second (default 1000); its marks are
                 checked
  --fast N       the other rate (default 20000)
  --rounds N     how often each is measured (default 1)
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use, on this machine's clock; else one of
                           our own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Appended: the time that the broker gives a record (LogAppendTime), in whole
milliseconds, cut off: every figure is up to 1 ms too large. Visible: the end of
the first read that had the whole line, by a process that reads as tail -f does
and is woken by inotify. Durable: the end of the first fdatasync of the file
that began after that, as strace sees it, which stops the tracker at these calls
alone (--seccomp-bpf). The first second is told apart: the producer then sends
at once what it missed while it connected, and the broker makes the topic's
first file.
The disk: how long the tracker's own fdatasync took in the same run; and on the
idle machine just before, of as many bytes as the rate brings in 50 ms, every
50 ms. As lines met it: the p99 over lines, not over syncs, for a long sync
holds up more lines than a short one. Held up: lines whose own fdatasync, or the
one under way when they came, took longer than 20 ms; the p99 without them is
what the tracker adds to a disk that answers in time.
EOF2
}

seconds=20 slow=1000 fast=20000 rounds=1 check=''
numbers='--seconds --slow --fast --rounds' switches='--check'
take_options "$@"
each_seconds=$seconds
need kcat python3 strace jq
need_linux
make_bench
need_kafka_tools
find_programs producer tracker

out=$bench/freshness figures='' follower='' tracker=''
clean_up() {
  [ -z "$follower" ] || kill "$follower" 2>/dev/null
  [ -z "$tracker" ] || kill -9 "$tracker" 2>/dev/null
  rm -rf "$out" "${figures:-$out}"
}
catch_exits
begin_figures
find_broker

line_bytes=2100

# Keeps what a helper has told as lines of `name value`.
keep_told() { # GROUP ROUND COMMAND...
  local group=$1 round=$2 name value
  shift 2
  watched "$@" >"$bench/told" || die "$2 $3 failed"
  while read -r name value; do keep "$group" "$round" "$name" "$value"; done <"$bench/told"
}

until_subscribed() {
  local tenths=300
  until [ -f "$out/tracker.events" ] && grep -q '"event":"tracker.subscribed"' "$out/tracker.log" 2>/dev/null; do
    kill -0 "$tracker" 2>/dev/null || die "the tracker ended:" "$(tail -n 3 "$bench/messages")"
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || die "the tracker does not begin"
    sleep 0.1
  done
}

cpu_seconds() { # PID
  awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' "/proc/$1/stat"
}

measure_freshness() { # GROUP ROUND RATE DURABILITY
  local group=$1 round=$2 rate=$3 durability=$4 topic=freshness-$$-$RANDOM before after
  rm -rf "$out"
  mkdir -p "$out"
  keep_told "$group" "$round" python3 benches/freshness.py disk "$out" $((rate * line_bytes / 20)) 100 50
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" --create --topic "$topic" \
    --partitions 1 --config message.timestamp.type=LogAppendTime >/dev/null 2>"$bench/messages" ||
    die "no topic with the broker's times could be made:" "$(tail -n 3 "$bench/messages")"
  # -D: the number of the process is the tracker's own.
  strace -D -f --seccomp-bpf -qq -ttt -T -y -s 0 -e trace=fdatasync,fsync -e signal=none -o "$out/strace" \
    "$bin/tracker" -b "$brokers" --topic "$topic" --group freshness-bench --dir "$out" --print never \
    --durability "$durability" 2>"$bench/messages" &
  tracker=$!
  python3 benches/freshness.py follow "$out/tracker.events" "$out/reads" &
  follower=$!
  until_subscribed
  before=$(cpu_seconds "$tracker")
  watched "$bin/producer" -b "$brokers" --topic "$topic" --rate "$rate" --count $((rate * each_seconds)) --quiet \
    >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
  after=$(cpu_seconds "$tracker")
  keep "$group" "$round" cpu "$(calculate %.2f "100 * ($after - $before) / $each_seconds")"
  # It reads to the end of the topic before it goes.
  kill "$tracker"
  wait "$tracker" || die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
  tracker=''
  kill "$follower"
  wait "$follower" || die "the follower failed"
  follower=''
  keep_told "$group" "$round" python3 benches/freshness.py tell "$out/tracker.events" "$out/reads" "$out/strace"
  [ "$(tail -n 1000 "$figures" | awk -F '\t' -v group="$group" -v round="$round" \
    '$1 == group && $2 == round && $3 == "lines" { print $4 }')" = $((rate * each_seconds)) ] ||
    die "the trail has not the $((rate * each_seconds)) lines of the orders that were sent"
  say "$round  $group: visible p99 $(values_of "$group" visible_p99 | tail -n 1) ms," \
    "durable p99 $(values_of "$group" durable_p99 | tail -n 1) ms"
}

for ((round = 1; round <= rounds; round++)); do
  for durability in relaxed strict; do
    for rate in "$slow" "$fast"; do
      measure_freshness "$rate/s $durability" "$round" "$rate" "$durability"
    done
  done
done

of() { values_of "$group" "$1" | median "${2:-1}"; } # NAME [PLACES]

echo "$each_seconds s at each rate, one partition, ${rounds} round(s); milliseconds since the broker's append" \
  "(up to 1 ms too large)."
row "orders, durability" "visible p50" p99 max "durable p50" p99 "p99 without lines held up" "lines held up" max \
  "fdatasync p50" p99 max "p99 as lines met it" "idle fdatasync p50" p99 \
  "syncs/s" "tracker's CPU %" "first second, visible max"
for durability in relaxed strict; do
  for rate in "$slow" "$fast"; do
    group="$rate/s $durability"
    row "$group" "$(of visible_p50)" "$(of visible_p99)" "$(of visible_max)" "$(of durable_p50)" "$(of durable_p99)" \
      "$(of quick_durable_p99)" "$(of held_up_lines 0)" "$(of durable_max)" "$(of sync_p50)" "$(of sync_p99)" \
      "$(of sync_max)" "$(of met_sync_p99)" "$(of idle_sync_p50)" \
      "$(of idle_sync_p99)" "$(of syncs_a_second)" "$(of cpu)" "$(of first_second_max)"
  done
done
print_table

median_of() { values_of "$1" "$2" | median; }
relaxed="$slow/s relaxed" strict="$slow/s strict"
mark "$relaxed, visible p99" "$(median_of "$relaxed" visible_p99)" '<' 20 ms
mark "$strict, visible p99" "$(median_of "$strict" visible_p99)" '<' 20 ms
mark "$relaxed, durable p99" "$(median_of "$relaxed" durable_p99)" '<' 100 ms
mark "$strict, durable p99 (20 ms + fdatasync p99 as lines met it)" "$(median_of "$strict" durable_p99)" '<' \
  "$(calculate %.1f "20 + $(median_of "$strict" met_sync_p99)")" ms
print_marks

#!/usr/bin/env bash
# How soon log-monitor shows a large trail, and what it costs to watch one grow. Needs Linux's /proc.
# The marks are for any machine; what is behind them is that of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets the tracker record a large trail, then measures log-monitor on it, on a
pseudo-terminal of 120x40.

usage: benches/monitor.sh [options]

  --gigabytes N   how large a trail (default 10, about 4 million orders)
  --rounds N      how often each start is measured (default 5)
  --rate N        lines a second while it follows (default 50000)
  --seconds N     for how long (default 20)
  --idle N        for how many seconds nothing is written (default 30)
  --against FILE  another monitor as well, which reads the two files of the
                  folder that it is started in
  --keep          leave the trail for the next run, which then need not make it
  --check         exit 1 when a mark is missed
  --wipe          delete a trail that was kept, and end
  -h, --help      this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Cold: the trail's pages were dropped from the page cache before, the program's
own were not. The lines that it follows are those of the trail itself, with the
time of now, written by a program that keeps to the rate: they stand behind what
is sealed, are counted one by one, and are cut off again at the end.
EOF2
}

gigabytes=10 rounds=5 rate=50000 seconds=20 idle=30 against='' keep='' check='' wipe=''
numbers='--gigabytes --rounds --rate --seconds --idle' switches='--keep --check --wipe' programs='--against'
take_options "$@"
# `measured` has a use of its own for that name.
follow_seconds=$seconds

make_bench
trail=$bench/monitor bare=$bench/monitor-bare other=$bench/monitor-other
if [ -n "$wipe" ]; then
  rm -rf "$trail" "$bare" "$other"
  say "wiped $trail"
  exit 0
fi
need_linux
need kcat python3 jq
find_programs producer tracker log-monitor
bin=$(cd "$bin" && pwd)

# Lines that were written behind the sealed ones go again; a trail of which nobody knows how long it was, too.
length=''
clean_up() {
  rm -rf "$bare" "$other"
  if [ -n "$keep" ] && [ -n "$length" ]; then
    truncate -s "$length" "$trail/tracker.events"
  else
    rm -rf "$trail"
  fi
}
catch_exits

# ---------------------------------------------------------------------------------------------
# The trail: as the tracker writes it, in rounds, so that the topic in Kafka need not be as large

bytes_of() { # FOLDER
  if [ -f "$1/tracker.events" ]; then wc -c <"$1/tracker.events"; else echo 0; fi
}

record() {
  local topic=monitor-bench-$$ orders=500000 had_data='' wanted=$((gigabytes * 1000000000)) began=$SECONDS
  [ ! -d "$bench/broker" ] || had_data=1
  find_broker
  rm -rf "$trail"
  mkdir -p "$trail"
  need_room $((wanted * 14 / 10))
  say "recording $gigabytes GB with the tracker"
  while [ "$(bytes_of "$trail")" -lt "$wanted" ]; do
    watched "$bin/producer" -b "$brokers" --topic "$topic" --partitions 1 --count "$orders" --rate 1000000 --quiet \
      >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
    watched "$bin/tracker" -b "$brokers" --topic "$topic" --group monitor-bench --dir "$trail" --until-end --print never \
      >"$bench/summary" 2>"$bench/messages" || die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
  done
  # The broker would only disturb; what it has is of no use to the next run.
  local own=$broker_pid
  stop_broker
  [ -z "$own" ] || [ -n "$had_data" ] || rm -rf "$bench/broker"
  say "recorded in $((SECONDS - began)) s"
}

sealed_bytes() { jq -r '.segment.bytes' "$trail/tracker.events.seal" 2>/dev/null || echo 0; }

if [ "$(bytes_of "$trail")" -lt $((gigabytes * 1000000000)) ] || [ "$(sealed_bytes)" != "$(bytes_of "$trail")" ]; then
  record
fi
[ "$(sealed_bytes)" = "$(bytes_of "$trail")" ] || die "the trail is not sealed to its end"
length=$(bytes_of "$trail")
lines=$(jq -r .lines "$trail/tracker.events.seal")

# The same lines with nobody to vouch for them.
rm -rf "$bare" "$other"
mkdir -p "$bare" "$other"
ln "$trail/tracker.events" "$bare/tracker.events" || exit 1
cp "$trail/tracker.log" "$bare/"

# ---------------------------------------------------------------------------------------------
# Measuring


# Appends the figures of a task to a file of its own, each as `name value`.
figures=$bench/monitor-figures
rm -rf "$figures"
mkdir -p "$figures"
measure() { # GROUP screen's arguments...
  local group=$1
  shift
  watched python3 benches/screen.py "$@" >"$figures/told" || die "benches/screen.py $1 failed"
  cat "$figures/told" >>"$figures/$group"
}

all_of() { awk -v name="$2" '$1 == name { print $2 }' "$figures/$1"; }
median_of() { all_of "$1" "$2" | median ""; }
highest_of() { all_of "$1" "$2" | highest; }

# Every total that a screen called exact is this one, or the benchmark is worth nothing.
want_total() { # GROUP NAME TOTAL
  local total
  for total in $(all_of "$1" "$2"); do
    [ "$total" = "$3" ] || die "$1: the screen says $total, the trail has $3 messages"
  done
}

figure() { # WHAT VALUE UNIT [MARK]
  local value
  value=$(awk -v value="$2" 'BEGIN { printf "%.1f", value }')
  [ -z "${4:-}" ] || mark "${1#"${1%%[! ]*}"}" "$value" '<' "$4" "$3"
  row "$1" "$value $3"
}

monitor=("$bin/log-monitor" --utc --dir)
echo "$lines lines, $(calculate '%.1f GB' "$length / 1000000000"), a terminal of 120x40, median of $rounds rounds."
row what measured
for ((round = 1; round <= rounds; round++)); do
  measure sealed-cold first --forget "$trail/tracker.events" -- "${monitor[@]}" "$trail"
  measure sealed-warm first -- "${monitor[@]}" "$trail"
  measure bare-cold first --forget "$bare/tracker.events" -- "${monitor[@]}" "$bare"
  measure bare-warm first -- "${monitor[@]}" "$bare"
done
measure whole-cold first --forget "$bare/tracker.events" --until exact -- "${monitor[@]}" "$bare"
measure whole-warm first --until exact -- "${monitor[@]}" "$bare"
for kind in cold warm; do
  want_total "sealed-$kind" first_total "$lines"
  [ "$(all_of "sealed-$kind" first_is_all | sort -u)" = 1 ] || die "a sealed total is not called exact"
  [ "$(all_of "bare-$kind" first_is_all | sort -u)" = 0 ] || die "a total that nobody counted is called exact"
  want_total "whole-$kind" exact_total "$lines"
done

figure "first screen, sealed, cold" "$(median_of sealed-cold first_ms)" ms 300
figure "first screen, sealed, warm" "$(median_of sealed-warm first_ms)" ms 300
figure "  CPU that it took" "$(median_of sealed-warm first_cpu_ms)" ms
figure "first screen, no seal, cold" "$(median_of bare-cold first_ms)" ms 300
figure "first screen, no seal, warm" "$(median_of bare-warm first_ms)" ms 300
for kind in cold warm; do
  figure "no seal: until all is counted, $kind" "$(all_of "whole-$kind" exact_ms | awk '{ print $1 / 1000 }')" s
  figure "  CPU that it took" "$(all_of "whole-$kind" exact_cpu_s)" s
done
figure "memory after the first screen, highest" "$(cat "$figures"/sealed-* "$figures"/bare-* | awk '$1 == "first_mib"' | sort -g -k 2 | tail -n 1 | cut -d ' ' -f 2)" MiB 50
figure "memory after counting all, no seal" "$(highest_of whole-cold exact_mib)" MiB 50

json_of() { # GROUP FOLDER MESSAGES
  measured "log-monitor --json" "$figures/$1.json" "$bin/log-monitor" --json --dir "$2"
  echo "json_s $seconds" >>"$figures/$1"
  [ "$(jq -r .received "$figures/$1.json")" = "$3" ] ||
    die "--json says $(jq -c .received "$figures/$1.json"), the trail has $3 messages"
}
for ((round = 1; round <= rounds; round++)); do
  json_of json-sealed "$trail" "$lines"
done
json_of json-bare "$bare" "$lines"
figure "log-monitor --json, sealed" "$(median_of json-sealed json_s)" s
figure "log-monitor --json, no seal" "$(median_of json-bare json_s)" s

measure follow follow --to "$trail/tracker.events" --from "$bare/tracker.events" --rate "$rate" --seconds "$follow_seconds" \
  --idle "$idle" -- "${monitor[@]}" "$trail"
total=$((lines + rate * follow_seconds))
want_total follow follow_total "$total"
figure "sealed: until the plots are filled, to the next second" "$(median_of follow settled_s)" s
figure "idle CPU, before" "$(median_of follow idle_cpu)" "%" 1
figure "following $rate lines/s for $follow_seconds s, CPU" "$(median_of follow follow_cpu)" "%" 100
figure "  frames drawn" "$(median_of follow follow_frames)" "/s"
figure "  frames drawn while idle" "$(median_of follow idle_frames)" "/s"
figure "  rate of the writer" "$(median_of follow writer_rate)" "/s"
figure "  bytes a line" "$(median_of follow writer_bytes)" B
figure "  until its last line is on the screen" "$(median_of follow behind_s)" s
figure "idle CPU, after" "$(median_of follow idle_after_cpu)" "%" 1
figure "memory after following" "$(median_of follow follow_mib)" MiB 50
counted=$(grep -c '"event_type":"message\.received' "$trail/tracker.events")
json_of json-followed "$trail" "$total"
[ "$counted" = "$total" ] || die "grep counts $counted, the screen and --json say $total"
print_table
echo
echo "Received at the end: $total by the screen, by --json and by grep -c."
truncate -s "$length" "$trail/tracker.events"

# ---------------------------------------------------------------------------------------------
# The other one: it starts in the folder, and is not asked whether its total is right

if [ -n "$against" ]; then
  echo
  row "the other, $(basename "$against")" measured
  for ((round = 1; round <= rounds; round++)); do
    (cd "$bare" && exec python3 "$OLDPWD/benches/screen.py" first -- "$against") >>"$figures/other-warm" ||
      die "the other one shows nothing"
  done
  figure "first screen, warm" "$(median_of other-warm first_ms)" ms
  figure "  what it then says has come" "$(median_of other-warm first_total)" lines
  figure "memory after the first screen, highest" "$(highest_of other-warm first_mib)" MiB
  # From an empty file on: it reads all of a larger one first, which takes it minutes.
  : >"$other/tracker.events"
  : >"$other/tracker.log"
  (cd "$other" && exec python3 "$OLDPWD/benches/screen.py" follow --to tracker.events --from "$trail/tracker.events" \
    --rate "$rate" --seconds "$follow_seconds" --idle "$idle" -- "$against") >>"$figures/other" || die "the other one failed"
  figure "idle CPU, before" "$(median_of other idle_cpu)" "%"
  figure "following $rate lines/s for $follow_seconds s, CPU" "$(median_of other follow_cpu)" "%"
  figure "  what it then says has come, of $((rate * follow_seconds))" "$(median_of other follow_total)" lines
  figure "idle CPU, after" "$(median_of other idle_after_cpu)" "%"
  figure "memory after following" "$(median_of other follow_mib)" MiB
  print_table
fi
print_marks

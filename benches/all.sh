#!/usr/bin/env bash
# All benchmarks, one after the other, into one report: what docs/performance.md holds.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Runs every benchmark and leaves what they say in target/bench/report.md, with
the machine described on top.

usage: benches/all.sh [options]

  --quick         small data and few rounds: does everything work? (about
                  5 minutes; else about 15)
  --disk-limit N  to what the slow disk's section holds the disk, in MB/s
                  (default 340; needs root)
  --document      put the report into docs/performance.md as well
  --keep          leave the broker and its topics in target/bench/ for the next
                  run
  --check         exit 1 when a mark is missed, too; else only when a benchmark
                  could not run
  -h, --help      this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own,
                           its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Nothing else should run meanwhile. It takes some 15 GB of disk, most of it given
back at the end.
EOF2
}

quick='' disk_limit=340 keep='' document='' check=''
numbers='--disk-limit' switches='--quick --document --keep --check'
take_options "$@"
need kcat python3 jq strace
make_bench
need_kafka_tools
find_programs producer tracker log-monitor audit
bin=$(cd "$bin" && pwd)
export ORDERTRAIL_BIN_DIR=$bin

report=$bench/report.md section=$bench/section.md
clean_up() {
  rm -rf "$section" "$bench/probe"
  [ -n "$keep" ] || rm -rf "$bench/broker"
}
catch_exits

# ---------------------------------------------------------------------------------------------
# The machine

# The first value of a key in a file of `key : value` lines.
value_in() { sed -n "s/^$2[[:space:]]*:[[:space:]]*//p" "$1" 2>/dev/null | head -n 1; } # FILE KEY

disk_rate() {
  head -c 268435456 /dev/urandom >"$bench/probe"
  sync
  measured dd /dev/null dd if="$bench/probe" of="$bench/probe.copy" bs=1048576 conv=fdatasync
  rm -f "$bench/probe" "$bench/probe.copy"
  calculate %.0f "268.4 / $seconds"
}

describe_machine() {
  local broker=${KAFKA_BOOTSTRAP_SERVERS:-}
  row "" "the machine of these figures"
  row date "$(date -u '+%Y-%m-%d %H:%M UTC')"
  row program "$("$bin/tracker" --version), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  row processor "$(getconf _NPROCESSORS_ONLN) cores, $(value_in /proc/cpuinfo 'model name')"
  row memory "$(value_in /proc/meminfo MemTotal)"
  row "disk" "$(disk_rate) MB/s (dd conv=fdatasync of 268 MB of random bytes)"
  row "file system" "$(df -T "$bench" | awk 'NR == 2 { print $2 }')"
  row kernel "$(uname -sr)"
  row Kafka "${broker:-$(broker/local.sh check --jars "$bench/../kafka-jars")}"
  row load "$(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null) before the first benchmark"
  print_table
}

# ---------------------------------------------------------------------------------------------
# The benchmarks

failed=0
run() { # TITLE SCRIPT ARGUMENT...
  local title=$1 script=$2 began=$SECONDS code
  shift 2
  say; say "== $title: benches/$script $*"
  watched "benches/$script" "$@" >"$section"
  code=$?
  {
    printf '\n## %s\n\n    %s\n\n' "$title" "benches/$script${*:+ $*}"
    cat "$section"
    [ "$code" = 0 ] || printf '\n**It could not run: it ended with %d.**\n' "$code"
    printf '\n%d s.\n' $((SECONDS - began))
  } >>"$report"
  [ "$code" = 0 ] || failed=$((failed + 1))
}

began=$SECONDS
{
  echo "# What the benchmarks say"
  describe_machine
} >"$report"
if [ -n "$quick" ]; then
  drains=(--orders 200000 --rounds 2) paced=(--seconds 5) held=(--megabytes 100) shared=(--orders 120000 --rounds 1)
  grown=(--rounds 2 --verifies 2) watched_trail=(--gigabytes 1 --rounds 2 --seconds 5 --idle 5) sent=(--orders 100000 --rounds 2)
else
  drains=(--rounds 5) paced=(--seconds 20) held=(--megabytes 400) shared=(--rounds 3)
  grown=() watched_trail=(--gigabytes 2 --rounds 3 --seconds 10 --idle 10) sent=()
fi
run "Draining a topic" drain.sh "${drains[@]}" --peers
if [ "$(id -u)" = 0 ]; then
  run "Draining onto a slower disk" drain.sh "${drains[@]}" --disk-limit "$disk_limit"
else
  printf '\n## Draining onto a slower disk\n\nNot run: only root may hold a disk back.\n' >>"$report"
fi
run "How fresh the trail is" freshness.sh "${paced[@]}"
run "Topics of all shapes" shapes.sh "${held[@]}"
run "One topic, several trackers" shares.sh "${shared[@]}"
[ ! -x benches/producer.sh ] || run "The producer" producer.sh ${sent[@]+"${sent[@]}"}
run "A growing trail" audit.sh "${grown[@]}"
run "The monitor" monitor.sh "${watched_trail[@]}"

missed=$(grep -c 'MISSED' "$report")
printf '\nMarks missed: %d. Benchmarks that could not run: %d. Taken: %d s.\n' "$missed" "$failed" $((SECONDS - began)) >>"$report"
cat "$report"
[ -z "$document" ] || python3 benches/measure.py document "$report" docs/performance.md || exit 1
say "the report is in $report"
[ "$failed" -eq 0 ] || exit 1
[ -z "$check" ] || [ "$missed" -eq 0 ] || die "marks missed: $missed"

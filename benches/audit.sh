#!/usr/bin/env bash
# What the audit trail costs and how fast it answers: a start after a kill against the size of the trail,
# audit verify and audit show on a large one. Ratios and orders of magnitude count; absolute figures
# are those of the machine and of the hour. What sealing costs: benches/drain.sh --against.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Records a topic again and again into one trail until it is large, and measures on the way.

usage: benches/audit.sh [options]

  --orders N     how many orders a round adds (default 500000, about 1 GB)
  --rounds N     how many rounds, each with a start and a restart (default 4)
  --check        exit 1 unless every start has read the trail within a second
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing
EOF2
}

orders=500000 rounds=4 check=''
while [ $# -gt 0 ]; do
  case $1 in
    --orders | --rounds)
      case ${2:-} in '' | *[!0-9]*) die "$1 needs a number" ;; esac
      if [ "$1" = --orders ]; then orders=$2; else rounds=$2; fi
      shift ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) printf '%s\n' "audit.sh does not know '$1'; see benches/audit.sh --help" >&2; exit 2 ;;
  esac
  shift
done
for tool in kcat python3 jq; do
  command -v "$tool" >/dev/null || die "no $tool to measure with: install it ($tool)"
done

make_bench
find_programs producer tracker audit

out=$bench/audit
leave() {
  stop_broker
  rm -rf "$out"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

find_broker

seconds() { # COMMAND...  prints how long it took
  python3 - "$@" <<'EOF2'
import subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print("%.3f" % (time.monotonic() - began))
sys.exit(code)
EOF2
}

topic=audit-bench-$$
slowest=0
rm -rf "$out"
mkdir -p "$out"
echo
echo "$rounds rounds of $orders orders, one partition, one trail"
echo
printf '%5s %12s %10s %14s %14s %12s %12s\n' round lines 'trail MB' 'start, clean' 'start, killed' 'verify MB/s' 'show one ms'
for ((round = 1; round <= rounds; round++)); do
  "$bin/producer" -b "$brokers" --topic "$topic" --partitions 1 --count "$orders" --rate 1000000 --quiet \
    >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
  # Killed while it writes: the next start has an unsealed tail to read.
  "$bin/tracker" -b "$brokers" --topic "$topic" --dir "$out" --print never 2>/dev/null &
  pid=$!
  half=$((orders * round - orders / 2))
  until [ "$(jq -r '.lines' "$out/tracker.events.seal" 2>/dev/null || echo 0)" -ge "$half" ]; do
    kill -0 "$pid" 2>/dev/null || die "the tracker ended"
    sleep 0.05
  done
  kill -9 "$pid"
  wait "$pid" 2>/dev/null
  "$bin/tracker" -b "$brokers" --topic "$topic" --dir "$out" --until-end --print never >"$bench/summary" 2>"$bench/messages" ||
    die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
  killed=$(jq -r 'select(.event == "audit.recovered") | .metadata.seconds' "$out/tracker.log" | tail -n 1)
  "$bin/tracker" -b "$brokers" --topic "$topic" --dir "$out" --until-end --print never >"$bench/summary" 2>"$bench/messages" ||
    die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
  clean=$(jq -r 'select(.event == "audit.recovered") | .metadata.seconds' "$out/tracker.log" | tail -n 1)
  slowest=$(printf '%s\n' "$slowest" "$clean" "$killed" | sort -g | tail -n 1)
  lines=$(jq -r .lines "$out/tracker.events.seal")
  [ "$lines" -eq $((orders * round)) ] || die "$lines lines for $((orders * round)) orders"
  bytes=$(wc -c <"$out/tracker.events")
  verify=$(seconds "$bin/audit" --dir "$out" verify) || die "the trail does not verify"
  show=$(seconds "$bin/audit" --dir "$out" show "0/$((lines / 2))") || die "a line is not found"
  awk -v round="$round" -v lines="$lines" -v bytes="$bytes" -v clean="$clean" -v killed="$killed" \
    -v verify="$verify" -v show="$show" 'BEGIN {
      printf "%5d %12d %10.0f %12.3f s %12.3f s %12.0f %12.0f\n",
        round, lines, bytes / 1e6, clean, killed, bytes / verify / 1e6, show * 1000
    }'
done
echo
echo "reading alone, cat of the same trail:    $(awk -v bytes="$bytes" -v s="$(seconds cat "$out/tracker.events")" 'BEGIN { printf "%.0f MB/s", bytes / s / 1e6 }')"
echo "the slowest start:                       $slowest s"
[ -z "$check" ] || awk -v s="$slowest" 'BEGIN { exit !(s < 1) }' || die "a start took more than a second"

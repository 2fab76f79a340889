#!/usr/bin/env bash
# How long the tracker takes to start on a large sealed trail: it must read what is not sealed, and no more.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  cat <<'EOF2'
Records a topic until the trail has so many gigabytes, then starts the tracker on it again and again:
after a stop in order, and after kill -9 while lines come in.

usage: benches/restart.sh [options]

  --gigabytes N  how large the trail is to be (default 2)
  --rounds N     how often it is started after each kind of end (default 5)
  --check        exit 1 unless every start has read the trail within a second
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use; else one of our own, its data in target/bench-restart/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing
EOF2
}

die() {
  printf '%s\n' "$@" >&2
  exit 1
}

gigabytes=2 rounds=5 check=''
while [ $# -gt 0 ]; do
  case $1 in
    --gigabytes | --rounds)
      case ${2:-} in '' | *[!0-9]*) die "$1 needs a number" ;; esac
      if [ "$1" = --gigabytes ]; then gigabytes=$2; else rounds=$2; fi
      shift ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) printf '%s\n' "restart.sh does not know '$1'; see benches/restart.sh --help" >&2; exit 2 ;;
  esac
  shift
done
command -v kcat >/dev/null || die "no kcat to write with: install it (kcat)"
command -v jq >/dev/null || die "no jq to read tracker.log with: install it (jq)"

bin=${ORDERTRAIL_BIN_DIR:-}
if [ -z "$bin" ]; then
  cargo build --release --locked --quiet --bin tracker || exit 1
  bin=${CARGO_TARGET_DIR:-target}/release
fi

bench=${CARGO_TARGET_DIR:-target}/bench-restart
rm -rf "$bench"
mkdir -p "$bench" || exit 1
bench=$(cd "$bench" && pwd)
dir=$bench/trail
broker_pid='' tracker_pid=''
leave() {
  [ -z "$tracker_pid" ] || kill -9 "$tracker_pid" 2>/dev/null
  [ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null; wait "$broker_pid" 2>/dev/null; }
  rm -rf "$bench"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

brokers=${KAFKA_BOOTSTRAP_SERVERS:-}
answers() { kcat -q -b "$brokers" -L -m 2 >/dev/null 2>&1; }
if [ -z "$brokers" ]; then
  jars=$bench/../kafka-jars
  broker/local.sh jars "$jars" || exit 1
  broker/local.sh start --data "$bench/broker" --jars "$jars" --port 0 --heap 512m >"$bench/broker.out" 2>&1 &
  broker_pid=$!
  tenths=600
  until brokers=$(cat "$bench/broker/address" 2>/dev/null) && answers; do
    kill -0 "$broker_pid" 2>/dev/null || die "the broker ended:" "$(tail -n 5 "$bench/broker.out")"
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || die "the broker does not answer"
    sleep 0.1
  done
fi

topic=restart-$$-$(date +%s)
# Messages of 100 kB, which the broker keeps compressed: what counts here is the trail.
write() { # MESSAGES
  yes "$(head -c 100000 /dev/zero | tr '\0' x)" | head -n "$1" |
    kcat -q -b "$brokers" -P -t "$topic" -p 0 -z lz4 -X linger.ms=20 || die "kcat could not write"
}
tracker() {
  "$bin/tracker" -b "$brokers" --topic "$topic" --group "$topic" --partitions 1 --payload bytes --dir "$dir" "$@" \
    >/dev/null 2>"$bench/messages" || die "the tracker failed:" "$(tail -n 3 "$bench/messages")"
}
bytes() { wc -c <"$dir/tracker.events"; }
last_start() { jq -r 'select(.event == "audit.recovered") | "\(.metadata.seconds) \(.metadata.unsealed_lines)"' "$dir/tracker.log" | tail -n 1; }

tracker --until-end
echo "recording $gigabytes GB"
until [ "$(bytes)" -ge $((gigabytes * 1000000000)) ]; do
  write 5000
  tracker --until-end
done
printf 'a trail of %s bytes\n%-22s %12s %15s\n' "$(bytes)" "started after" "seconds" "unsealed lines"

slowest=0
tell() { # WHAT
  local seconds lines
  read -r seconds lines <<<"$(last_start)"
  printf '%-22s %12s %15s\n' "$1" "$seconds" "$lines"
  slowest=$(awk -v a="$slowest" -v b="$seconds" 'BEGIN { print a > b ? a : b }')
}
for _ in $(seq "$rounds"); do
  tracker --until-end
  tell "a stop in order"
done
for _ in $(seq "$rounds"); do
  write 500
  before=$(bytes)
  "$bin/tracker" -b "$brokers" --topic "$topic" --group "$topic" --payload bytes --dir "$dir" >/dev/null 2>&1 &
  tracker_pid=$!
  until [ "$(bytes)" -gt "$before" ]; do
    kill -0 "$tracker_pid" 2>/dev/null || die "the tracker ended"
    sleep 0.01
  done
  kill -9 "$tracker_pid"
  wait "$tracker_pid" 2>/dev/null
  tracker_pid=''
  tracker --until-end
  tell "kill -9"
done
echo "the slowest start: $slowest s"
[ -z "$check" ] || awk -v s="$slowest" 'BEGIN { exit s < 1 ? 0 : 1 }' || die "more than a second"

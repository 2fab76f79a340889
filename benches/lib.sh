#!/usr/bin/env bash
# What the benchmarks share; sourced, from the top of the project. Needs kcat.

die() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Sets `bench`, the folder in which everything is kept.
make_bench() {
  bench=${CARGO_TARGET_DIR:-target}/bench
  mkdir -p "$bench" || exit 1
  bench=$(cd "$bench" && pwd)
}

# Sets `bin`, the folder of the programs, built unless ORDERTRAIL_BIN_DIR names one.
find_programs() { # PROGRAM...
  bin=${ORDERTRAIL_BIN_DIR:-}
  [ -z "$bin" ] || return 0
  local program flags=()
  for program in "$@"; do flags+=(--bin "$program"); done
  cargo build --release --locked --quiet "${flags[@]}" || exit 1
  bin=${CARGO_TARGET_DIR:-target}/release
}

answers() { kcat -q -b "$brokers" -L -m 2 >/dev/null 2>&1; }

# Sets `brokers`: KAFKA_BOOTSTRAP_SERVERS, or a broker of our own, of the jars of the tests, whose number is then
# in `broker_pid`; stop_broker ends it.
broker_pid=''
find_broker() {
  brokers=${KAFKA_BOOTSTRAP_SERVERS:-}
  if [ -n "$brokers" ]; then
    answers || die "no broker answers at KAFKA_BOOTSTRAP_SERVERS=$brokers"
    return
  fi
  local jars=$bench/../kafka-jars tenths=600
  broker/local.sh jars "$jars" || exit 1
  rm -f "$bench/broker/address"
  broker/local.sh start --data "$bench/broker" --jars "$jars" --port 0 --heap 1g \
    --set log.retention.ms=-1 >"$bench/broker.out" 2>&1 &
  broker_pid=$!
  until brokers=$(cat "$bench/broker/address" 2>/dev/null) && answers; do
    kill -0 "$broker_pid" 2>/dev/null || die "the broker ended:" "$(tail -n 5 "$bench/broker.out")"
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || die "the broker does not answer, see $bench/broker/kafka.log"
    sleep 0.1
  done
}

stop_broker() {
  [ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null; wait "$broker_pid" 2>/dev/null; }
}

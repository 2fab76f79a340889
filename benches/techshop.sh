#!/usr/bin/env bash
# The shop's `process` against the same work on Kafka Streams (exactly_once_v2): a backlog, steady orders, and death.
# Linux only (/proc). Only the ratios say something: absolute figures are those of the machine and of the hour.
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets `techshop process` and Kafka Streams decide the same orders in turn,
exactly once both.

usage: benches/techshop.sh [options]

  --drain        only: a backlog of orders (default: this and the next two)
  --latency      only: steady orders, and how soon each one's outcome can be
                 read
  --standstill   only: how long nothing is decided after kill -9
  --orders N     how many orders lie there (default 300000), 1 % of them are
                 none
  --warm-up N    and how many before, which do not count: the memory of 100,000
                 numbers is full then (default 120000)
  --rounds N     how often each drains, and how often each kind of death is died
                 (default 3)
  --rate N       orders a second for --latency (default 1000)
  --seconds N    for how long, after a warm-up of 45 s, Java's (default 300)
  --pairs N      how often, ours and Streams in turn (default 1)
  --threads N    of Kafka Streams (default 1)
  --no-peer      ours alone
  --document     put the tables into docs/performance.md
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use, on this machine; else one of our
                           own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

Both read one topic of 3 partitions, keyed by order number, and write
notifications, analytics, inventory and errors in transactions. Streams checks
an order, remembers its number, sends it on by product and decides it there
(benches/streams-peer). A drain is timed by the last stable offsets of what it
writes, asked for every 10 ms, from the warm-up's end to the last outcome: no
start is counted, Java's least of all. Afterwards each order must have one
outcome.
Steady orders begin when the outcome of a first one was seen. Latency is from
the order's hand-over to its producer until a reader of committed messages has
the outcome; Streams is tuned for it (commit every 10 ms, linger 0). Standstill:
the longest time without a new outcome, the killed program started again at
once, or another one standing by. "Others": cores that neither the program, nor
the broker, nor the meter used.
EOF2
}

drain='' latency='' standstill='' orders=300000 warm_up=120000 rounds=3 rate=1000 each_seconds=300 seconds=300 pairs=1
threads=1 no_peer='' document='' check=''
numbers='--orders --warm-up --rounds --rate --seconds --pairs --threads'
switches='--drain --latency --standstill --no-peer --document --check'
take_options "$@"
each_seconds=$seconds
[ -n "$drain$latency$standstill" ] || drain=1 latency=1 standstill=1
need kcat python3 java mvn
need_linux
make_bench
find_programs techshop

peer=$bench/streams-peer told=$bench/told half=$bench/half figures='' application='' survivor='' loader='' watcher=''
kill_application() {
  [ -z "$application" ] || { kill -9 "$application"; wait "$application"; } 2>/dev/null
  application=''
}

clean_up() {
  kill_application
  for application in "$survivor" "$loader" "$watcher"; do kill_application; done
  rm -rf "$told" "$half" "$bench/streams-state" "${figures:-$told}"
}
catch_exits
begin_figures
watched mvn -q -B -C -Dstyle.color=never -Doutput="$peer" -f benches/streams-peer/pom.xml process-classes >"$bench/messages" 2>&1 ||
  die "the peer could not be built:" "$(tail -n 5 "$bench/messages")"
# What was deleted is soon gone: each round writes half a gigabyte.
broker_settings=(--set log.segment.delete.delay.ms=1000)
find_broker

# ---------------------------------------------------------------------------------------------
# The programs

meter() { # TASK ARGUMENT...
  java -Xmx256m -cp "$peer/classes:$peer/jars/*" techshop.Meter "$@" 2>>"$bench/messages"
}

# Starts a program in the background; its number is then in `application`.
start_program() { # WHO PREFIX ORDERS-TOPIC
  case $1 in
    ours)
      "$bin/techshop" -b "$brokers" --topic-prefix "$2" process --orders-topic "$3" --group "$2group" \
        --catalogue benches/shop_catalogue.json --quiet --listen off >>"$bench/application.out" 2>&1 & ;;
    streams | tuned)
      local tuning=()
      [ "$1" = streams ] || tuning=(-Dcommit.ms=10 -Dlinger.ms=0)
      java -Xmx512m -Dbrokers="$brokers" -Dprefix="$2" -Dorders="$3" -Dapplication="$2streams" -Dthreads="$threads" \
        -Dstate="$bench/streams-state/$run" -Dcatalogue=benches/shop_catalogue.json ${tuning[@]+"${tuning[@]}"} \
        -cp "$peer/classes:$peer/jars/*" techshop.Peer >>"$bench/application.out" 2>&1 & ;;
  esac
  application=$!
}

stop_program() {
  [ -z "$application" ] || { kill "$application" 2>/dev/null; wait "$application" 2>/dev/null; }
  application=''
}

# Keeps what a meter has told, with its messages when it fails.
keep_told() { # GROUP ROUND
  local name value
  while read -r name value; do keep "$1" "$2" "$name" "$value"; done <"$told"
}

failed() { die "$1:" "$(tail -n 3 "$bench/messages")" "the program said last:" "$(tail -n 3 "$bench/application.out")"; }

# Everything of one run has names of its own: no state of an earlier one.
run=0
fresh() { # ORDERS-TOPIC
  run=$((run + 1))
  prefix=shop-$$-$run.
  rm -rf "$half" "$bench/streams-state"
  : >"$bench/application.out"
  meter topics "$brokers" "$prefix" "${1:-${prefix}orders}" || failed "no topics could be made"
}

# Each order must have one outcome.
expect_once() { # ORDERS-TOPIC
  watched meter count "$brokers" "$prefix" "$1" >"$told" || failed "the outcomes could not be counted"
  [ "$(last_told twice)/$(last_told missing)" = 0.000/0.000 ] ||
    die "not each order has one outcome: $(tr '\n' ' ' <"$told")"
}

forget() { watched meter delete "$brokers" "$prefix" || say "the topics of $prefix stay"; }

last_told() { awk -v name="$1" '$1 == name { print $2 }' "$told"; } # NAME

# ---------------------------------------------------------------------------------------------
# A backlog

all=$((warm_up + orders))
backlog=shop-backlog-$all
fill_backlog() {
  local held
  held=$(held_by "$backlog" 3) || exit 1
  [ "$held" != "$all" ] || return 0
  [ "$held" = 0 ] || die "topic $backlog holds $held orders, not $all: benches/drain.sh --wipe makes a new one"
  say "writing $all orders into $backlog (once, they are kept)"
  fresh "$backlog"
  watched meter fill "$brokers" "$backlog" backlog "$all" 100 || failed "no orders could be written"
  forget
}

drain_backlog() { # ROUND WHO
  fresh "$backlog"
  start_program "$2" "$prefix" "$backlog"
  watched meter watch "$brokers" "$prefix" "$all" "$warm_up" "$application" "${broker_pid:-0}" "$half" >"$told" ||
    failed "$2 did not drain"
  keep_told "drain $2" "$1"
  say "$1  $2: $(last_told rate) orders/s, $(last_told cpu) µs, $(last_told peak) MiB, others $(last_told others)"
  stop_program
  expect_once "$backlog"
  forget
}

tell_drain() {
  local who group
  of() { values_of "$group" "$1" | median "$2"; } # NAME PLACES
  echo "Drained: $orders orders after $warm_up that do not count, 1 % invalid, $rounds rounds: median (least-greatest)."
  row program orders/s "CPU µs an order" "peak MiB" "broker's CPU µs an order" "start to first outcome, s" \
    "rate / Streams" "CPU / Streams" "cores used by others"
  for who in $drainers; do
    group="drain $who"
    row "$(name_of "$who")" "$(of rate 0)" "$(of cpu 1)" "$(of peak 0)" "$(of broker 1)" "$(of first 2)" \
      "$(ratio "$group" "drain streams" rate)" "$(ratio "$group" "drain streams" cpu)" "$(of others 2)"
  done
  print_table
  mark "drained, CPU an order" "$(values_of "drain ours" cpu | median | rounded 1)" '<' 10 µs
  mark "drained, highest peak" "$(values_of "drain ours" peak | highest | rounded 1)" '<' 60 MiB
  [ -n "$no_peer" ] ||
    mark "drained, rate over Kafka Streams" "$(ratios_of "drain ours" "drain streams" rate | median | rounded 2)" '>=' 3 times
}

name_of() { # WHO
  case $1 in
    ours) echo "techshop process" ;;
    streams) echo "Kafka Streams, defaults" ;;
    tuned) echo "Kafka Streams, commit 10 ms, linger 0" ;;
  esac
}

rounded() { awk -v format="%.$1f" '{ printf format, $1 }'; } # PLACES

ratio() { ratios_of "$1" "$2" "$3" | median 2 || echo -; } # GROUP OTHER NAME

# ---------------------------------------------------------------------------------------------
# Steady orders

pace() { # ROUND WHO
  fresh
  start_program "$2" "$prefix" "${prefix}orders"
  watched meter latency "$brokers" "$prefix" "${prefix}orders" "paced-$run" "$rate" "$each_seconds" 45 "$application" \
    "${broker_pid:-0}" >"$told" || failed "$2 did not keep up"
  keep_told "latency $2" "$1"
  say "$1  $2: p50 $(last_told p50) p95 $(last_told p95) p99 $(last_told p99) ms, others $(last_told others)"
  stop_program
  expect_once "${prefix}orders"
  forget
}

tell_latency() {
  local who group quiet
  of() { values_of "$group" "$1" | median "$2"; } # NAME PLACES
  echo
  echo "Latency at $rate orders/s, $each_seconds s, $pairs runs each in turn, ms: median of the runs (least-greatest)."
  row program p50 p95 p99 max "p99 / Streams" "CPU µs an order" "broker's CPU µs an order" "cores used by others"
  for who in $paced; do
    group="latency $who"
    row "$(name_of "$who")" "$(of p50 1)" "$(of p95 1)" "$(of p99 1)" "$(of max 0)" \
      "$(ratio "$group" "latency tuned" p99)" "$(of cpu 0)" "$(of broker 0)" "$(of others 2)"
  done
  print_table
  quiet=$(quiet_p99)
  if [ -n "$quiet" ] || [ -n "$no_peer" ]; then
    mark "latency p99, quietest run" \
      "$(echo "${quiet:-$(values_of "latency ours" p99 | sort -g | head -n 1)}" | rounded 1)" '<' 50 ms
  else
    mark "latency p99 over tuned Streams, as others used the machine" \
      "$(ratios_of "latency ours" "latency tuned" p99 | median | rounded 2)" '<=' 0.5 times
  fi
}

# The p99 of the run that others disturbed least, if they took at most 0.15 of a core.
quiet_p99() {
  awk -F '\t' '$1 == "latency ours" && $3 == "p99" { p99[$2] = $4 } $1 == "latency ours" && $3 == "others" { others[$2] = $4 }
    END { least = 0.15; for (round in p99) if (others[round] <= least) { least = others[round]; found = p99[round] }
      if (found) print found }' "$figures"
}

# ---------------------------------------------------------------------------------------------
# Death

until_half() {
  local tenths=1200
  until [ -e "$half" ]; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || failed "no orders are decided"
    sleep 0.1
  done
}

# The one that works is killed when half is decided, and started again at once, or another takes over.
die_once() { # ROUND WHO HOW
  fresh
  start_program "$2" "$prefix" "${prefix}orders"
  if [ "$3" = standby ]; then
    survivor=$application
    sleep 3
    start_program "$2" "$prefix" "${prefix}orders"
    # Killed is the one that was there first, and works.
    read -r survivor application <<<"$application $survivor"
    sleep 2
  fi
  meter fill "$brokers" "${prefix}orders" standstill "$orders" 100 $((orders / 12)) &
  loader=$!
  meter watch "$brokers" "$prefix" "$orders" 0 0 0 "$half" >"$told" &
  watcher=$!
  until_half
  kill_application
  if [ -n "$survivor" ]; then application=$survivor survivor=''; else start_program "$2" "$prefix" "${prefix}orders"; fi
  wait "$watcher" || failed "$2 did not go on"
  wait "$loader" || failed "no orders could be written"
  loader='' watcher=''
  keep_told "death $2 $3" "$1"
  say "$1  $2, $3: $(last_told gap) s"
  stop_program
  expect_once "${prefix}orders"
  forget
}

tell_standstill() {
  echo
  echo "Killed -9 while $((orders / 12)) orders/s come: the longest time without a new outcome, s, median (least-greatest)."
  row "program" "restarted at once" "another stands by"
  row "techshop process" "$(values_of "death ours restart" gap | median 2)" "$(values_of "death ours standby" gap | median 2)"
  [ -n "$no_peer" ] ||
    row "Kafka Streams, defaults" "$(values_of "death streams restart" gap | median 2)" -
  print_table
  mark "standstill, restarted at once, longest" "$(values_of "death ours restart" gap | highest | rounded 2)" '<' 1 s
  mark "standstill, another stands by, longest" "$(values_of "death ours standby" gap | highest | rounded 2)" '<' 2 s
}

# ---------------------------------------------------------------------------------------------

drainers='ours streams' paced='ours tuned'
[ -z "$no_peer" ] || drainers=ours paced=ours
report=$bench/techshop.md
measure_all() {
  local round who how
  if [ -n "$drain" ]; then
    fill_backlog
    for ((round = 1; round <= rounds; round++)); do
      for who in $drainers; do drain_backlog "$round" "$who"; done
    done
  fi
  if [ -n "$latency" ]; then
    for ((round = 1; round <= pairs; round++)); do
      for who in $paced; do pace "$round" "$who"; done
    done
  fi
  if [ -n "$standstill" ]; then
    for how in restart standby; do
      for ((round = 1; round <= rounds; round++)); do die_once "$round" ours "$how"; done
    done
    # Once is enough to see a session time out. With two of them each has some of the partitions, which is another thing.
    [ -n "$no_peer" ] || die_once 1 streams restart
  fi
}
measure_all
{
  echo "benches/techshop.sh${*:+ $*}, $(date -u '+%Y-%m-%d %H:%M UTC'), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo
  echo "    benches/techshop.sh${*:+ $*}"
  echo
  echo "$(getconf _NPROCESSORS_ONLN) cores for programs, broker and meter together; $(date -u '+%Y-%m-%d %H:%M UTC')."
  echo
} >"$report"
[ -z "$drain" ] || tell_drain >>"$report"
[ -z "$latency" ] || tell_latency >>"$report"
[ -z "$standstill" ] || tell_standstill >>"$report"
# The marks' verdict decides the end of the script, the tables shall stand whatever it is.
(check='' print_marks) >>"$report"
tail -n +3 "$report"
[ -z "$document" ] || python3 benches/measure.py document "$report" docs/performance.md techshop || exit 1
[ -z "$check" ] || [ "$missed" -eq 0 ] || die "marks missed: $missed"

#!/usr/bin/env bash
# What the benchmarks share; sourced, from the top of the project. Needs kcat and python3.
# Standard output gets Markdown tables and nothing else, standard error tells how far it is.

die() {
  printf '%s\n' "$@" >&2
  exit 1
}

say() { printf "%s\n" "$*" >&2; }

need() { # TOOL...
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "no $tool to measure with: install it ($tool)"
  done
}

need_linux() { [ -r /proc/self/status ] || die "no /proc to measure with: this needs Linux"; }

# Sets a variable for each option that is given, named as the option is: --disk-limit sets disk_limit.
# `numbers` lists the options that take a number above 0, `switches` those that take nothing (set to 1), `programs`
# those that take a program that can be run. The script has set their defaults, and says itself what `usage` prints.
take_options() { # OPTION...
  local name
  while [ $# -gt 0 ]; do
    name=${1#--}
    name=${name//-/_}
    case $1 in -h | --help) usage; exit 0 ;; esac
    case " ${numbers:-} " in *" $1 "*)
      case ${2:-} in '' | *[!0-9]*) die "$1 needs a number" ;; esac
      [ "$2" -gt 0 ] || die "$1 needs a number above 0"
      printf -v "$name" %s "$2"
      shift 2
      continue ;;
    esac
    case " ${programs:-} " in *" $1 "*)
      { [ -f "${2:-}" ] && [ -x "$2" ]; } || die "$1 needs a program that can be run"
      printf -v "$name" %s "$(cd "$(dirname "$2")" && pwd)/$(basename "$2")"
      shift 2
      continue ;;
    esac
    case " ${switches:-} " in *" $1 "*) ;; *)
      printf '%s\n' "${0##*/} does not know '$1'; see benches/${0##*/} --help" >&2
      exit 2 ;;
    esac
    printf -v "$name" 1
    shift
  done
}

# Sets `bench`, the folder in which everything is kept.
make_bench() {
  bench=${CARGO_TARGET_DIR:-target}/bench
  mkdir -p "$bench" || exit 1
  bench=$(cd "$bench" && pwd)
}

# On a full disk the tracker waits for room, and whoever measures it would wait with it.
need_room() { # BYTES
  local free
  free=$(df -Pk "$bench" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
  [ "$free" -ge "$1" ] ||
    die "$((($1 + 999999999) / 1000000000)) GB must be free for $bench, and $((free / 1000000000)) are: measure less, or make room"
}

# Sets `bin`, the folder of the programs, built unless ORDERTRAIL_BIN_DIR names one.
find_programs() { # PROGRAM...
  local program flags=()
  bin=${ORDERTRAIL_BIN_DIR:-}
  if [ -n "$bin" ]; then
    for program in "$@"; do
      [ -x "$bin/$program" ] || die "there is no $program in ORDERTRAIL_BIN_DIR=$bin"
    done
    return
  fi
  for program in "$@"; do flags+=(--bin "$program"); done
  cargo build --release --locked --quiet "${flags[@]}" || exit 1
  bin=${CARGO_TARGET_DIR:-target}/release
}

# ---------------------------------------------------------------------------------------------
# Ending: whichever way the script ends, what it began ends with it

# What a script has to undo of its own; one that has something defines it anew.
clean_up() { :; }

child=''
leave() {
  [ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; }
  lift_disk_limit
  stop_broker
  clean_up
}

catch_exits() {
  trap leave EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# Runs a command so that a signal to the script need not wait for its end, as it would for a command in front.
watched() { # COMMAND...
  "$@" &
  child=$!
  wait "$child"
  local code=$?
  child=''
  return "$code"
}

# ---------------------------------------------------------------------------------------------
# The broker and its topics

answers() { kcat -q -b "$brokers" -L -m 2 >/dev/null 2>&1; }

# Sets `brokers`: KAFKA_BOOTSTRAP_SERVERS, or a broker of our own, of the jars of the tests, whose number is then
# in `broker_pid`; stop_broker ends it. `broker_settings`: more of `broker/local.sh start`, for a broker of our own.
broker_pid=''
broker_settings=()
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
    --set log.retention.ms=-1 ${broker_settings[@]+"${broker_settings[@]}"} >"$bench/broker.out" 2>&1 &
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
  broker_pid=''
}

# How many messages the first so many partitions of a topic hold, of which none was ever deleted; 0 without the topic.
held_by() { # TOPIC PARTITIONS
  local there partition flags=() ends tenths=300
  there=$(kcat -q -b "$brokers" -L | sed -n "s/^  topic \"$1\" with \([0-9]*\) partitions:.*/\1/p")
  [ -n "$there" ] || { echo 0; return; }
  [ "$there" -ge "$2" ] || die "topic $1 has $there partitions, not $2"
  for ((partition = 0; partition < $2; partition++)); do flags+=(-t "$1:$partition:-1"); done
  # A broker that has just started does not lead all of them yet.
  until ends=$(kcat -q -b "$brokers" -Q "${flags[@]}" 2>/dev/null | sed -n 's/.*offset \([0-9]*\).*/\1/p') &&
    [ "$(wc -w <<<"$ends")" = "$2" ]; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || die "the ends of topic $1 cannot be had"
    sleep 0.1
  done
  awk '{ sum += $1 } END { printf "%d", sum }' <<<"$ends"
}

# Kafka's own command-line tools, of the jars of the broker.
kafka_tool() { # CLASS ARGUMENT...
  java -Xmx256m -XX:TieredStopAtLevel=1 -cp "$bench/../kafka-jars/*" "$@"
}

need_kafka_tools() {
  need java
  broker/local.sh jars "$bench/../kafka-jars" --tools || exit 1
}

# Orders of the producer's own making; a topic that holds them already is used again.
fill_topic() { # TOPIC ORDERS PARTITIONS
  local held
  held=$(held_by "$1" "$3") || exit 1
  [ "$held" != "$2" ] || return 0
  [ "$held" = 0 ] || die "topic $1 holds $held orders, not $2: benches/drain.sh --wipe makes a new one"
  say "writing $2 orders into $1 (once, they are kept)"
  watched "$bin/producer" -b "$brokers" --topic "$1" --partitions "$3" --count "$2" --rate 1000000 \
    --quiet >/dev/null 2>"$bench/producer.err" || die "the producer failed:" "$(tail -n 3 "$bench/producer.err")"
  held=$(held_by "$1" "$3")
  [ "$held" = "$2" ] || die "topic $1 holds $held orders, not $2"
}

# ---------------------------------------------------------------------------------------------
# Measuring

# Runs a command with its output in a file, and sets `seconds`, `cpu` (seconds, user and system) and `peak` (MiB).
seconds='' cpu='' peak=''
measured() { # NAME OUTPUT COMMAND...      NAME is only for what is said when it fails
  local name=$1 code=''
  shift
  watched python3 benches/measure.py run "$@" >"$bench/measured" 2>"$bench/messages"
  read -r code seconds cpu peak <"$bench/measured"
  # A script needs not all of them.
  : "$seconds" "$cpu" "$peak"
  [ -n "$code" ] || die "$name could not be measured:" "$(tail -n 3 "$bench/messages")"
  [ "$code" = 0 ] || die "$name ended with $code:" "$(tail -n 3 "$bench/messages")"
}

# Lines of group, round, name and value, parted by tabs.
begin_figures() {
  figures=$bench/figures-$$
  : >"$figures"
}

keep() { # GROUP ROUND NAME VALUE [NAME VALUE]...
  local group=$1 round=$2
  shift 2
  while [ $# -gt 0 ]; do
    printf '%s\t%s\t%s\t%s\n' "$group" "$round" "$1" "$2" >>"$figures"
    shift 2
  done
}

values_of() { # GROUP NAME
  awk -F '\t' -v group="$1" -v name="$2" '$1 == group && $3 == name { print $4 }' "$figures"
}

# One group's value over another's, each pair of the same round.
ratios_of() { # GROUP OTHER NAME
  awk -F '\t' -v group="$1" -v other="$2" -v name="$3" '$3 != name { next }
    $1 == group { ours[$2] = $4 } $1 == other { theirs[$2] = $4 }
    END { for (round in ours) if (round in theirs) print ours[round] / theirs[round] }' "$figures"
}

# The median of the numbers on standard input; with PLACES also the least and the greatest: `5.0 (4.1-7.2)`.
median() { # [PLACES]
  sort -g | awk -v places="${1:-}" '{ all[NR] = $1 } END {
    if (!NR) exit 1
    middle = NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2
    if (places == "") { print middle; exit }
    format = "%." places "f"
    printf(NR > 1 ? format " (" format "-" format ")\n" : format "\n", middle, all[1], all[NR])
  }'
}

highest() { sort -g | tail -n 1; }

calculate() { # PRINTF-FORMAT EXPRESSION
  awk "BEGIN { printf \"$1\", $2 }"
}

# ---------------------------------------------------------------------------------------------
# Telling

table=()
row() { # CELL...
  local IFS=$'\t'
  table+=("$*")
}

# Prints the rows since the last time as a Markdown table, of which the first row is the head.
print_table() {
  echo
  printf '%s\n' "${table[@]}" | python3 benches/measure.py table
  table=()
}

missed=0 marks=()
mark() { # WHAT VALUE RELATION LIMIT UNIT
  local verdict=met
  if [ -z "$2" ] || ! awk -v value="$2" -v limit="$4" -v relation="$3" 'BEGIN {
      exit !(relation == "<" ? value < limit : relation == "<=" ? value <= limit : value >= limit) }'; then
    verdict=MISSED
    missed=$((missed + 1))
  fi
  marks+=("$1	$2 $5	$3 $4 $5	$verdict")
}

# Prints how the marks were met; with `check` set, ends with 1 when one was not.
print_marks() {
  table=("mark	measured	wanted	verdict" "${marks[@]}")
  print_table
  [ -z "${check:-}" ] || [ "$missed" -eq 0 ] || die "marks missed: $missed"
}

# ---------------------------------------------------------------------------------------------
# A slower disk than the machine has

# What it was before: the value that stood there, or with cgroup v2 the group that this script was in.
disk_limit_of='' disk_limit_file='' disk_limit_before='' disk_limit_group='' disk_limit_guard=''

# The numbers of the disk under a folder, as in 254:0; of the whole disk when a part of it is mounted.
disk_under() { # FOLDER
  local numbers
  numbers=$(python3 -c 'import os, sys; at = os.stat(sys.argv[1]).st_dev; print("%d:%d" % (os.major(at), os.minor(at)))' "$1")
  [ ! -e "/sys/dev/block/$numbers/partition" ] || numbers=$(cat "/sys/dev/block/$numbers/../dev")
  [ -e "/sys/dev/block/$numbers" ] && echo "$numbers"
}

# Lets writes to the disk under $bench go no faster. Fails, and says why, when that cannot be had.
limit_disk() { # BYTES-A-SECOND
  local v1=/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device v2=/sys/fs/cgroup
  [ "$(id -u)" = 0 ] || { say "no limit of the disk: only root may set one"; return 1; }
  disk_limit_of=$(disk_under "$bench") || { say "no limit of the disk: $bench is on none that could have one"; return 1; }
  if [ -w "$v1" ]; then
    disk_limit_file=$v1
    disk_limit_before=$(awk -v disk="$disk_limit_of" '$1 == disk { print $2 }' "$v1")
    # A guard lifts it even when this script is killed without mercy.
    guard_disk_limit
    if echo "$disk_limit_of $1" >"$v1"; then return 0; fi
  elif [ -f "$v2/cgroup.controllers" ]; then
    disk_limit_group=$v2/ordertrail-bench-$$
    disk_limit_before=$v2$(sed -n 's/^0:://p' /proc/self/cgroup)
    if echo '+io +memory' >"$v2/cgroup.subtree_control" && mkdir "$disk_limit_group" &&
      echo "$disk_limit_of wbps=$1" >"$disk_limit_group/io.max" && echo $$ >"$disk_limit_group/cgroup.procs"; then
      return 0
    fi
  fi
  lift_disk_limit
  say "no limit of the disk: this system has neither blkio.throttle (cgroup v1) nor io.max (v2) to set"
  return 1
}

guard_disk_limit() {
  (
    trap '' INT TERM HUP
    while kill -0 $$ 2>/dev/null; do sleep 0.2; done
    echo "$disk_limit_of ${disk_limit_before:-0}" >"$disk_limit_file"
  ) </dev/null >/dev/null 2>&1 &
  disk_limit_guard=$!
}

lift_disk_limit() {
  if [ -n "$disk_limit_file" ]; then
    echo "$disk_limit_of ${disk_limit_before:-0}" >"$disk_limit_file"
    [ -z "$disk_limit_guard" ] || { kill -9 "$disk_limit_guard"; wait "$disk_limit_guard"; } 2>/dev/null
  elif [ -n "$disk_limit_group" ]; then
    # It only holds what is in it, so there is nothing to guard.
    echo $$ >"$disk_limit_before/cgroup.procs"
    rmdir "$disk_limit_group"
  fi 2>/dev/null
  disk_limit_file='' disk_limit_group='' disk_limit_guard=''
}

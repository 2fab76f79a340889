#!/usr/bin/env bash
# What the shop's page costs while many look at it and orders come fast. Linux only (/proc).
set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=benches/lib.sh
. benches/lib.sh

usage() {
  cat <<'EOF2'
Lets a shop decide orders steadily while pages of `techshop dashboard` are open,
and measures the dashboard.

usage: benches/dashboard.sh [options]

  --rate N       orders a second (default 1000)
  --pages N      open pages (default 200)
  --seconds N    for how long (default 120)
  --document     put the table into docs/performance.md
  --check        exit 1 when a mark is missed
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  a broker to use, on this machine; else one of our
                           own, its data in target/bench/
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing

CPU and memory are the dashboard's own. Age: from the outcome's timestamp in
Kafka until a page has it, transaction, counting and sending included.
EOF2
}

rate=1000 pages=200 seconds=120 document='' check=''
numbers='--rate --pages --seconds' switches='--document --check'
take_options "$@"
need kcat python3
need_linux
make_bench
find_programs techshop
bin=$(cd "$bin" && pwd)

work=$bench/dashboard
services=()
clean_up() {
  local pid
  for pid in ${services[@]+"${services[@]}"}; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
catch_exits
rm -rf "$work"
mkdir -p "$work" || exit 1
find_broker
shop=("$bin/techshop" -b "$brokers" --topic-prefix "pages-$$.")

watched "${shop[@]}" setup-topics >"$work/topics.out" 2>&1 || die "no topics could be made:" "$(tail -n 3 "$work/topics.out")"
start() { # COMMAND ARGUMENT...
  (cd "$work" && exec "${shop[@]}" "$@") >"$work/$1.out" 2>&1 &
  services+=($!)
}
start process --listen off --quiet --catalogue "$PWD/benches/shop_catalogue.json"
start dashboard --port 0 --catalogue "$PWD/benches/shop_catalogue.json"
dashboard=${services[1]}
address=''
for _ in $(seq 300); do
  address=$(sed -n 's|.*"message":"http://\([^/"]*\)/".*|\1|p' "$work/dashboard.out")
  if [ -n "$address" ] && python3 -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])" \
    "http://$address/readyz" 2>/dev/null; then break; fi
  kill -0 "$dashboard" 2>/dev/null || die "the dashboard ended:" "$(tail -n 3 "$work/dashboard.out")"
  sleep 0.1
done
[ -n "$address" ] || die "the dashboard was not ready in time"
start produce --rate "$rate" --count $((rate * (seconds + 60))) --quiet --catalogue "$PWD/benches/shop_catalogue.json"
say "warming up for 10 s, then $pages pages for $seconds s at $rate orders/s"
sleep 10

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$dashboard/stat"; }
before=$(cpu_ticks)
watched python3 benches/pages.py "${address%:*}" "${address##*:}" "$pages" "$seconds" >"$work/told" || die "the pages failed: $(cat "$work/told")"
after=$(cpu_ticks)
peak=$(awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$dashboard/status")
cores=$(awk -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" -v seconds="$seconds" 'BEGIN { printf "%.2f", ticks / hertz / seconds }')
told() { awk -v name="$1" -v places="$2" '$1 == name { printf "%.*f", places, $2 }' "$work/told"; } # NAME PLACES

summary=$work/summary.md
{
  echo "# The shop's page"
  echo
  echo "    benches/dashboard.sh --rate $rate --pages $pages --seconds $seconds"
  echo
  echo "| what | measured | wanted |"
  echo "|---|---:|---:|"
  echo "| the dashboard's CPU, cores | $cores | < 1 |"
  echo "| its highest memory, MiB | $peak | < 150 |"
  echo "| age of the newest order on a page, p50 ms | $(told p50 0) | |"
  echo "| the same, p99 ms | $(told p99 0) | < 1000 |"
  echo "| the same, greatest ms | $(told greatest 0) | |"
  echo "| updates of a page a second | $(told ticks 2) | |"
  echo "| longest pause of any page, s | $(told longest 2) | |"
  echo "| to one page, kB/s | $(told kilobytes 1) | |"
} >"$summary"
tail -n +3 "$summary"

[ -z "$document" ] || python3 benches/measure.py document "$summary" docs/performance.md dashboard || exit 1
if [ -n "$check" ]; then
  awk -v cores="$cores" -v peak="$peak" -v age="$(told p99 0)" 'BEGIN { exit !(cores < 1 && peak < 150 && age < 1000) }' ||
    die "a mark is missed"
fi

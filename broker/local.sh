#!/usr/bin/env bash
# The real Apache Kafka as a plain child process, for ./start.sh and for the tests: no Docker, no
# installation, nothing outside the folders it is given. Bash 3.2 and BSD tools are enough.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
pom=$here/pom.xml
kafka_version=$(sed -n 's/.*<kafka\.version>\(.*\)<\/kafka\.version>.*/\1/p' "$pom")
min_java=17
unset CDPATH

usage() {
  cat <<EOF
Runs one Apache Kafka node on 127.0.0.1, from an installed one or from jars of
Maven Central.

usage: broker/local.sh check [--jars DIR]
       broker/local.sh jars DIR [--tools]
       broker/local.sh start --data DIR --port P [options]

  check   says in one line what start would run, or why it cannot (exit 4);
          changes nothing
  jars    makes sure that DIR holds all jars of Kafka $kafka_version; prints
          nothing when it does. A download that was cut short is never taken for
          complete
  start   becomes Kafka: the process that calls it is the broker, and SIGTERM
          stops it cleanly (a Java program then ends with code 143)

options of jars
  --tools              also Kafka's command-line tools and file connector
                       (tests, benchmarks)

options of start
  --data DIR           settings, log and data; made and formatted at the first
                       start, then kept
  --port P             where clients connect; 0 takes a free port. DIR/address
                       tells which
  --controller-port C  the node's own second port (default: the next free one
                       above P)
  --heap SIZE          most memory for Java's heap (default 512m)
  --log FILE           Kafka's log (default DIR/kafka.log)
  --pid-file FILE      writes the number of the process there
  --jars DIR           the jars to run, fetched when missing (default
                       .broker/jars)
  --set KEY=VALUE      one more line of server.properties; it wins over the
                       built-in ones
  --java OPTION        for Java, in place of our own collector's; may be given
                       again

environment
  KAFKA_HOME           an installed Kafka, 4.0 or newer: its libs/ is run
                       instead of fetched jars
  JAVA_HOME            the Java to use, $min_java or newer (default: java of the
                       PATH)

examples
  broker/local.sh start --data /tmp/k --port 9092
  broker/local.sh start --data /tmp/k --port 0 --set log.retention.hours=1

exit codes: 1 failed, 2 usage, 4 Java, Maven or the jars cannot be had
EOF
}

die() { # CODE MESSAGE...
  local code=$1
  shift
  printf '%s\n' "$@" >&2
  exit "$code"
}

bad_usage() { die 2 "broker/local.sh: $1" "see broker/local.sh --help"; }

# ---------------------------------------------------------------------------------------------
# What the machine has

# The one line that installs what is missing, for the package manager that is there.
# $1 names what: java, maven or both.
install_hint() {
  local java=default-jre-headless v
  if command -v apt-get >/dev/null 2>&1; then
    for v in 21 17; do
      if apt-cache show "openjdk-$v-jre-headless" >/dev/null 2>&1; then
        java=openjdk-$v-jre-headless
        break
      fi
    done
    case $1 in
      java) echo "apt-get install $java" ;;
      maven) echo "apt-get install maven" ;;
      *) echo "apt-get install $java maven" ;;
    esac
  elif command -v brew >/dev/null 2>&1 || [ "$(uname -s)" = Darwin ]; then
    case $1 in
      java) echo "brew install openjdk" ;;
      *) echo "brew install maven" ;; # brings a Java of its own
    esac
  elif command -v dnf >/dev/null 2>&1; then
    case $1 in
      java) echo "dnf install java-21-openjdk-headless" ;;
      maven) echo "dnf install maven" ;;
      *) echo "dnf install java-21-openjdk-headless maven" ;;
    esac
  else
    case $1 in
      java) echo "install Java $min_java or newer" ;;
      maven) echo "install Apache Maven" ;;
      *) echo "install Java $min_java or newer, and Apache Maven" ;;
    esac
  fi
}

# Prints the major version of the java at $1; nothing when it is none that runs.
java_major() {
  "$1" -version 2>&1 | sed -n 's/.* version "\([0-9._]*\).*/\1/p' | head -n 1 |
    sed -e 's/^1\.//' -e 's/[._].*//'
}

# Sets java and java_version, or java_problem and fails.
find_java() {
  local candidate major mac_home
  mac_home=$(/usr/libexec/java_home -v "$min_java+" 2>/dev/null)
  java='' java_version='' java_problem="no Java $min_java or newer"
  for candidate in \
    "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java 2>/dev/null)" \
    "${mac_home:+$mac_home/bin/java}" \
    /opt/homebrew/opt/openjdk/bin/java /usr/local/opt/openjdk/bin/java; do
    [ -x "$candidate" ] || continue
    major=$(java_major "$candidate")
    [ -n "$major" ] || continue
    if [ "$major" -ge "$min_java" ]; then
      java=$candidate java_version=$major
      return 0
    fi
    java_problem="Java $major is too old, $min_java or newer is needed"
  done
  return 1
}

# Prints the version of the Kafka whose jars lie in $1; nothing when there is none.
kafka_version_in() {
  local jar name
  for jar in "$1"/kafka_2.1[0-9]-[0-9]*.jar; do
    [ -f "$jar" ] || continue
    name=${jar##*/kafka_2.1?-}
    case $name in *-*) continue ;; esac
    echo "${name%.jar}"
    return 0
  done
}

# Is KAFKA_HOME one that can be used? Sets home_version, or home_problem and fails.
check_kafka_home() {
  home_problem='' home_version=''
  [ -n "${KAFKA_HOME:-}" ] || return 1
  home_version=$(kafka_version_in "$KAFKA_HOME/libs")
  if [ -z "$home_version" ]; then
    home_problem="KAFKA_HOME has no Kafka in its libs/"
  elif [ "${home_version%%.*}" -lt 4 ]; then
    home_problem="KAFKA_HOME holds Kafka $home_version, 4.0 or newer is needed"
  else
    return 0
  fi
  return 1
}

# ---------------------------------------------------------------------------------------------
# The jars

# What the marker of a complete folder must say: the pom they were made from, and how many.
jars_mark() { # DIR KIND
  set -- "$2" "$1"/*.jar
  echo "$1 $(cksum <"$pom" | tr ' ' '-') $(($# - 1))"
}

jars_complete() { # DIR KIND
  local mark
  [ -f "$1/.complete" ] || return 1
  mark=$(cat "$1/.complete")
  [ "$mark" = "$(jars_mark "$1" tools)" ] && return 0
  [ "$2" = server ] && [ "$mark" = "$(jars_mark "$1" server)" ]
}

fetch_child='' fetch_lock='' fetch_tmp=''
fetch_cleanup() {
  [ -n "$fetch_child" ] && kill "$fetch_child" 2>/dev/null
  [ -n "$fetch_tmp" ] && rm -rf "$fetch_tmp"
  [ -n "$fetch_lock" ] && rm -f "$fetch_lock"
  fetch_child='' fetch_lock='' fetch_tmp=''
}

# One fetch at a time: whoever comes second waits for the first, and then finds all done.
fetch_take_lock() { # DIR
  local holder waited=0
  until ln -s "$$" "$1.lock" 2>/dev/null; do
    holder=$(readlink "$1.lock" 2>/dev/null)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -f "$1.lock"
      continue
    fi
    waited=$((waited + 1))
    [ "$waited" -le 1200 ] || die 1 "process $holder has been fetching jars into $1 for 10 minutes:" \
      "if it is not, remove $1.lock"
    [ -w "$(dirname "$1")" ] || die 1 "cannot write to $(dirname "$1")"
    sleep 0.5
  done
  fetch_lock=$1.lock
}

fetch_jars() { # DIR KIND
  local dir=$1 kind=$2 profile=''
  case $dir in /*) ;; *) dir=$PWD/$dir ;; esac # Maven would take it from where the pom lies
  jars_complete "$dir" "$kind" && return 0
  find_java || die 4 "$java_problem, so Kafka cannot run: $(install_hint java)"
  command -v mvn >/dev/null 2>&1 ||
    die 4 "no Maven (mvn) to fetch Apache Kafka $kafka_version with: $(install_hint maven)"
  mkdir -p "$(dirname "$dir")" || die 1 "cannot make $(dirname "$dir")"
  trap fetch_cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  fetch_take_lock "$dir"
  if jars_complete "$dir" "$kind"; then
    fetch_cleanup
    return 0
  fi

  fetch_tmp=$dir.part.$$
  rm -rf "$dir".part.* "$dir".old.*
  mkdir -p "$fetch_tmp" || die 1 "cannot make $fetch_tmp"
  [ "$kind" = tools ] && profile=-Ptools
  # Maven trusts JAVA_HOME over the PATH, also when nothing is there.
  case $java in
    */bin/java) JAVA_HOME=${java%/bin/java} ;;
    *) JAVA_HOME='' ;;
  esac
  JAVA_HOME=$JAVA_HOME mvn -q -B -C -Dstyle.color=never ${profile:+"$profile"} -f "$pom" \
    dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$fetch_tmp" \
    >"$fetch_tmp/mvn.out" 2>&1 </dev/null &
  fetch_child=$!
  if ! wait "$fetch_child"; then
    fetch_child=''
    grep -v -e '^$' -e '^\[ERROR\] *$' "$fetch_tmp/mvn.out" | head -n 3 | cut -c 1-400 >&2
    die 4 "Maven could not fetch Apache Kafka $kafka_version: is the package registry reachable?" \
      "Or use a Kafka of your own: KAFKA_BOOTSTRAP_SERVERS=host:9092, or KAFKA_HOME=/path/of/kafka"
  fi
  fetch_child=''
  rm -f "$fetch_tmp/mvn.out"
  [ "$(kafka_version_in "$fetch_tmp")" = "$kafka_version" ] || die 1 "Maven fetched no Kafka $kafka_version"
  jars_mark "$fetch_tmp" "$kind" >"$fetch_tmp/.complete"
  if [ -e "$dir" ]; then mv "$dir" "$dir.old.$$"; fi
  mv "$fetch_tmp" "$dir" || die 1 "cannot write $dir"
  rm -rf "$dir.old.$$"
  fetch_cleanup
  trap - EXIT INT TERM HUP
}

# Sets libs to the folder of jars to run; fetches them when it must.
choose_kafka() { # JARS-DIR or empty
  local jars=${1:-$here/../.broker/jars}
  if [ -z "$1" ] && check_kafka_home; then
    libs=$KAFKA_HOME/libs
    return 0
  fi
  [ -z "$1" ] && [ -n "${home_problem:-}" ] && echo "$home_problem: not used" >&2
  fetch_jars "$jars" server
  libs=$jars
}

do_check() {
  local jars='' note='' fetch='' home_version='' home_problem=''
  while [ $# -gt 0 ]; do
    case $1 in
      --jars) [ $# -ge 2 ] || bad_usage "$1 needs a folder"; jars=$2; shift 2 ;;
      *) bad_usage "check does not know $1" ;;
    esac
  done
  if [ -n "$jars" ] || ! check_kafka_home; then
    note=${home_problem:+; $home_problem}
    jars_complete "${jars:-$here/../.broker/jars}" server || fetch=1
  fi
  if ! find_java; then
    if [ -n "$fetch" ] && ! command -v mvn >/dev/null 2>&1; then
      die 4 "$java_problem, and no Maven$note" "$(install_hint both)"
    fi
    die 4 "$java_problem$note" "$(install_hint java)"
  fi
  if [ -z "$jars" ] && [ -n "$home_version" ] && [ -z "$home_problem" ]; then
    echo "Apache Kafka $home_version of KAFKA_HOME, Java $java_version"
    return 0
  fi
  if [ -n "$fetch" ]; then
    command -v mvn >/dev/null 2>&1 || die 4 "no Maven to fetch Kafka with$note" "$(install_hint maven)"
    note="$note; to be fetched first, 44 MB"
  fi
  echo "Apache Kafka $kafka_version, Java $java_version$note"
}

# ---------------------------------------------------------------------------------------------
# The node

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the first port from $1 on that nobody listens on and that is not $2.
free_port() {
  local p=$1
  while [ "$p" -lt 65535 ]; do
    if [ "$p" != "$2" ] && ! port_taken "$p"; then
      echo "$p"
      return 0
    fi
    p=$((p + 1))
  done
  return 1
}

is_port() {
  case $1 in '' | *[!0-9]* | ??????*) return 1 ;; esac
  [ "$1" -le 65535 ]
}

# An id as Kafka makes them: 16 random bytes in URL-safe base64, not beginning with a dash.
random_id() {
  local id=-
  while case $id in -*) true ;; *) false ;; esac do
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
  done
  echo "$id"
}

# Paths in it are relative to the data folder, so that no character of a folder's name can hurt.
write_properties() { # PORT CONTROLLER-PORT EXTRA-LINES
  cat <<EOF
# Written by broker/local.sh at every start; change nothing here, use its --set.
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$2
log.dirs=log
num.partitions=3
# One node can keep one copy.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Nobody else is on the way, so a group need not wait for more members.
group.initial.rebalance.delay.ms=0
$3
EOF
}

do_start() {
  local data='' port='' controller='' heap=512m log='' pid_file='' jars='' extra='' libs
  java_options=()
  while [ $# -gt 0 ]; do
    case $1 in
      --data | --port | --controller-port | --heap | --log | --pid-file | --jars | --set | --java)
        [ $# -ge 2 ] || bad_usage "$1 needs a value" ;;
      *) bad_usage "start does not know $1" ;;
    esac
    case $1 in
      --data) data=$2 ;;
      --port) port=$2 ;;
      --controller-port) controller=$2 ;;
      --heap) heap=$2 ;;
      --log) log=$2 ;;
      --pid-file) pid_file=$2 ;;
      --jars) jars=$2 ;;
      --java)
        case $2 in -*) java_options+=("$2") ;; *) bad_usage "--java takes an option, not $2" ;; esac ;;
      --set)
        case $2 in [a-z]*=*) ;; *) bad_usage "--set takes KEY=VALUE, not $2" ;; esac
        extra="$extra$2
" ;;
    esac
    shift 2
  done
  [ -n "$data" ] || bad_usage "start needs --data"
  is_port "$port" || bad_usage "start needs --port, a number up to 65535"
  is_port "${controller:-1}" || bad_usage "--controller-port takes a number up to 65535"
  case $heap in
    '' | [!0-9]* | *[!0-9kmgKMG] | *[kmgKMG]?*) bad_usage "--heap takes a size such as 512m, not $heap" ;;
  esac

  find_java || die 4 "$java_problem, so Kafka cannot run: $(install_hint java)"
  choose_kafka "$jars"
  libs=$(cd "$libs" && pwd) || exit 1
  case $libs in *:*) die 1 "Java cannot use a folder with a colon in its name: $libs" ;; esac
  mkdir -p "$data/log" || die 1 "cannot make $data"
  data=$(cd "$data" && pwd) || exit 1
  case ${log:=$data/kafka.log} in /*) ;; *) log=$PWD/$log ;; esac
  if [ -n "$pid_file" ]; then
    echo "$$" >"$pid_file" || die 1 "cannot write $pid_file"
  fi
  cd "$data" || exit 1

  [ "$port" != 0 ] || port=$(free_port $((20000 + RANDOM % 10000)) 0)
  [ -n "$controller" ] && [ "$controller" != 0 ] || controller=$(free_port $((port + 1)) "$port")
  [ -n "$controller" ] || die 1 "no free port above $port for the controller"
  if ! write_properties "$port" "$controller" "$extra" >server.properties.new ||
    ! mv server.properties.new server.properties; then
    die 1 "cannot write to $data"
  fi
  echo "127.0.0.1:$port" >address
  [ ${#java_options[@]} -gt 0 ] || java_options=(-XX:+UseG1GC -XX:MaxGCPauseMillis=20)
  become_kafka "$libs" "$heap" "$log"
}

become_kafka() { # LIBS HEAP LOG, in the data folder
  local option shared=-Xshare:auto
  if [ ! -f log/meta.properties ]; then
    for option in "${java_options[@]}"; do
      case $option in -XX:SharedArchiveFile=*) shared=$option ;; esac
    done
    "$java" -Xmx128m -XX:TieredStopAtLevel=1 "$shared" -cp "$1/*" "-Dordertrail.kafka.log=$3" \
      "-Dlog4j2.configurationFile=$here/log4j2.xml" kafka.tools.StorageTool \
      format --ignore-formatted -t "$(random_id)" -c server.properties >format.out 2>&1 </dev/null || {
      tail -n 5 format.out >&2
      die 1 "Kafka could not prepare its data folder $PWD"
    }
    rm -f format.out
  fi
  exec "$java" "-Xmx$2" "${java_options[@]}" -XX:+ExitOnOutOfMemoryError \
    -Djava.awt.headless=true "-Dordertrail.kafka.log=$3" \
    "-Dlog4j2.configurationFile=$here/log4j2.xml" -cp "$1/*" kafka.Kafka server.properties
}

case ${1:-} in
  -h | --help | help) usage ;;
  check) shift; do_check "$@" ;;
  jars)
    shift
    kind=server dir=''
    for arg in "$@"; do
      case $arg in
        --tools) kind=tools ;;
        -* | '') bad_usage "jars does not know '$arg'" ;;
        *) [ -z "$dir" ] || bad_usage "jars takes one folder"; dir=$arg ;;
      esac
    done
    [ -n "$dir" ] || bad_usage "jars needs a folder"
    fetch_jars "${dir%/}" "$kind"
    ;;
  start) shift; do_start "$@" ;;
  '') usage >&2; exit 2 ;;
  *) bad_usage "no such verb: $1" ;;
esac

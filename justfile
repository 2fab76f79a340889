# The menu of everyday work. `just` alone lists it; each line is also an ordinary command.

set shell := ["bash", "-euo", "pipefail", "-c"]

# what there is
default:
    @just --list --unsorted

# start the demo: broker, tracker, producer
start *ARGS:
    ./start.sh {{ ARGS }}

# stop what start made
stop *ARGS:
    ./stop.sh {{ ARGS }}

# start anew, with no old message and no old trail
fresh:
    ./stop.sh --wipe --yes
    ./start.sh

# watch the trail as it grows
trail:
    tail -f tracker.events | jq .

# build all programs for use
build:
    cargo build --release --locked

# the manual pages in docs/man, from what the programs say of themselves
man:
    ORDERTRAIL_WRITE_MAN=1 cargo test --locked --test shipping -- manual

# put the code in shape
fmt:
    cargo fmt

# what the compiler's and the shell's critics say
lint: lint-shell
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# the shell scripts alone
lint-shell:
    find . \( -name target -o -name .git \) -prune -o \( -name '*.sh' -o -path ./.ci/run -o -path ./deploy/docker/healthy \) -type f -print0 | xargs -0 shellcheck

# all tests; starts its own Kafka
test *ARGS:
    cargo test --locked {{ ARGS }}

# the tracker and its broker knocked about: `just chaos 200 20 10` kills of one, of the other, stops
chaos TRACKER_KILLS="50" BROKER_KILLS="3" STOPS="1":
    ORDERTRAIL_CHAOS_TRACKER_KILLS={{ TRACKER_KILLS }} ORDERTRAIL_CHAOS_BROKER_KILLS={{ BROKER_KILLS }} \
        ORDERTRAIL_CHAOS_STOPS={{ STOPS }} cargo test --locked --test kafka -- chaos --nocapture

# what a newcomer does who has nothing but README.md: fresh clone, empty home, no caches; about 15 minutes
newcomer *ARGS:
    scripts/newcomer.sh {{ ARGS }}

# everything that has to hold before a change is taken
ci:
    bash .ci/run

# what .ci/critics.sh says: `just critics spelling`; dependencies, licences, advisories
critics *NAMES:
    .ci/critics.sh {{ NAMES }}

# the list of all parts of the programs (CycloneDX), in target/ordertrail.cdx.json
sbom:
    mkdir -p target
    .ci/sbom.py > target/ordertrail.cdx.json

# the alerts, judged by Prometheus' own promtool: what wakes somebody, and what does not
alerts:
    cd deploy/prometheus && promtool check config prometheus.yml && promtool test rules alerts_test.yaml

# the image of all programs
image TAG="ordertrail:local":
    docker build -t {{ TAG }} .

# the code's own documentation, private items included, in target/doc
doc:
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --no-deps --document-private-items --locked

# the two compose files, read by Docker itself; needs no engine
compose:
    docker compose -f docker-compose.yaml --profile '*' config --quiet
    docker compose -f docker-compose.ha.yaml config --quiet

# every benchmark, into target/bench/report.md: about 15 minutes, `--quick` about 5
bench-all *ARGS:
    bash benches/all.sh {{ ARGS }}

# how fast the tracker drains a topic, against kcat and with --peers others, on a Kafka of its own
bench *ARGS:
    bash benches/drain.sh {{ ARGS }}

# how soon a line is seen and is on the disk, since the broker's append
bench-freshness *ARGS:
    bash benches/freshness.sh {{ ARGS }}

# the tracker on many partitions, and on messages from 100 B to 10 MB
bench-shapes *ARGS:
    bash benches/shapes.sh {{ ARGS }}

# one topic shared out among 1, 2 and 4 trackers
bench-shares *ARGS:
    bash benches/shares.sh {{ ARGS }}

# what the audit trail costs: starts, verify, show, against the size of the trail
bench-audit *ARGS:
    bash benches/audit.sh {{ ARGS }}

# how soon log-monitor shows a trail of 10 GB, and what following it costs
bench-monitor *ARGS:
    bash benches/monitor.sh {{ ARGS }}

# how fast every travel request is rebuilt, against kcat reading the same topic
bench-travel *ARGS:
    bash benches/travel.sh {{ ARGS }}

# what one order costs on its way to the trail, step by step
bench-line *ARGS:
    cargo bench --locked --bench line -- {{ ARGS }}

# delete everything that was built or fetched; data and trail stay
clean:
    cargo clean
    rm -rf .broker/jars

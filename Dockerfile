# syntax=docker/dockerfile:1
# One image with every program of ordertrail, their manual pages and completions.
#
#   docker build -t ordertrail .
#   docker run --rm ordertrail tracker --help
#   docker compose --profile demo up -d --build        see docker-compose.yaml
#
# Pin the bases by digest where builds must be the same byte for byte: FROM rust:…@sha256:…
ARG RUST=rust:1.95.0-slim-bookworm
ARG DEBIAN=debian:12.12-slim

# ---------------------------------------------------------------------------------------------
# The dependencies, in a layer of their own: it stays as long as Cargo.toml and Cargo.lock do. OpenSSL and
# librdkafka are most of the build.
FROM ${RUST} AS dependencies
# librdkafka and OpenSSL are compiled. The newest that the pinned base offers.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends build-essential perl \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
# Cargo wants to see each target that Cargo.toml names.
RUN mkdir -p src tests/kafka benches \
  && touch src/lib.rs tests/kafka/main.rs benches/line.rs \
  && cargo build --release --locked --lib

# ---------------------------------------------------------------------------------------------
FROM dependencies AS build
COPY src src
# A file that is copied keeps its time, which may be before that of the empty library just built.
RUN touch src/lib.rs \
  && cargo build --release --locked --bins \
  && mkdir -p /out/bin /out/completions \
  && for program in audit log-monitor producer supply techshop tracker travel; do \
  cp "target/release/$program" /out/bin/ \
  && "target/release/$program" completions bash >"/out/completions/$program" || exit 1; \
  done

# ---------------------------------------------------------------------------------------------
FROM ${DEBIAN} AS ordertrail
LABEL org.opencontainers.image.title="ordertrail" \
  org.opencontainers.image.description="An event-driven order system on Apache Kafka with a tamper-evident audit trail" \
  org.opencontainers.image.licenses="MIT"
# Certificates for TLS to brokers and gateways, time zones for what people read.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates tzdata \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin ordertrail \
  && install -d -o ordertrail -g ordertrail -m 0750 /data
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build /out/completions/ /usr/share/bash-completion/completions/
COPY docs/man/ /usr/local/share/man/man1/
COPY --chmod=0755 deploy/docker/healthy /usr/local/bin/healthy
COPY LICENSE /usr/share/doc/ordertrail/LICENSE

# Trail, log, stores and letters: whatever has to outlive the container.
WORKDIR /data
VOLUME /data
USER 10001:10001
# The tracker's page and figures; the pages of the shop; the two services that exchange orders.
EXPOSE 9464 5000 3001 3002
# Every program then stops intake, drains, syncs and ends with 0.
STOPSIGNAL SIGTERM
# Whether it lives, not whether it is ready: what is unhealthy may be replaced, and a tracker that waits for its broker must not be.
# For what the image does by itself; a service that does something else says how it is (docker-compose.yaml).
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["healthy", "9464", "/healthz"]
# Published or not is not to be seen from here: its page is for who asks for localhost, unless more is named.
CMD ["tracker", "--dir", "/data", "--listen", "0.0.0.0:9464", "--host", "localhost"]

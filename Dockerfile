# syntax=docker/dockerfile:1
# One image for every role: `serve`, `work QUEUE…`, `migrate`.

FROM rust:1-slim-bookworm AS builder
WORKDIR /src
# The allocator's C is built with it.
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY . .
# Queries are checked against what the repository holds of both schemas; no database is at hand here.
ENV SQLX_OFFLINE=true
# Downloads and built libraries stay in the builder's cache, hence the copy out of it. Some arm64 machines have pages of 64
# KiB, which the allocator must be told while it is built.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    if [ "$(uname -m)" = aarch64 ]; then export JEMALLOC_SYS_WITH_LG_PAGE=16; fi; \
    cargo build --release --locked --package smista --features jemalloc \
    && cp target/release/smista /usr/local/bin/smista

FROM debian:bookworm-slim
# The certificates against which connections to the servers are verified.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/smista --create-home smista \
    && install --directory --owner=smista --mode=700 /var/lib/smista/data
COPY --from=builder /usr/local/bin/smista /usr/local/bin/smista
COPY LICENSE /usr/share/doc/smista/LICENSE
# By number, so that whoever runs it can see that it is not root.
USER 10001
WORKDIR /var/lib/smista
# On loopback nobody outside the container would reach it.
ENV SMISTA_LISTEN=0.0.0.0:8055 \
    SMISTA_DATA=/var/lib/smista/data
# The embedded store; scaled out nothing is kept in it.
VOLUME ["/var/lib/smista/data"]
# The program stops by itself on SIGTERM and starts no other, so that it needs no init.
ENTRYPOINT ["/usr/local/bin/smista"]
CMD ["serve"]
# It asks the process beside it, so that the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/smista", "health"]

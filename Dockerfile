# syntax=docker/dockerfile:1
# One image for every role: `serve`, `work QUEUE…`, `migrate`.

FROM rust:1-slim-bookworm AS builder
WORKDIR /src
COPY . .
# Queries are checked against what the repository holds of both schemas; no database is at hand here.
ENV SQLX_OFFLINE=true
# Downloads and built libraries stay in the builder's cache, hence the copy out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package smista \
    && cp target/release/smista /usr/local/bin/smista

FROM debian:bookworm-slim
# The certificates against which connections to the servers are verified.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/smista --create-home smista
COPY --from=builder /usr/local/bin/smista /usr/local/bin/smista
COPY LICENSE /usr/share/doc/smista/LICENSE
USER smista
WORKDIR /var/lib/smista
# The program stops by itself on SIGTERM and starts no other, so that it needs no init.
ENTRYPOINT ["/usr/local/bin/smista"]
CMD ["serve"]
# It asks the process beside it, so that the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/smista", "health"]

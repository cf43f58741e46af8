# syntax=docker/dockerfile:1
# The server image. Build: docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t skeg:0.1.0 .

# Debian 12 on both sides: the binary must not ask for a newer glibc than the final image has.
# `slim` holds gcc and libc headers, which is all that zstd's C, aws-lc's and tract's assembly need.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src

# .dockerignore lets in the manifests, the lock file, the crates and what they embed. It keeps out
# rust-toolchain.toml: its `channel = "stable"` would make rustup fetch another compiler than this image's.
COPY . .

# The target folder is a cache mount and is gone after this step, so the binary is copied out of it.
# /out/store is the empty default store: the final image has no shell to make a folder with.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --profile dist --locked --package server --bin skeg --features otlp \
    && mkdir -p /out/store \
    && cp target/dist/skeg /out/skeg

# distroless/cc, not debian-slim: no shell, no package manager, nothing to patch but glibc, libgcc
# and the CA certificates. Not distroless/base or static: Rust's unwinder needs libgcc_s.so.1.
FROM gcr.io/distroless/cc-debian12:nonroot

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="skeg" \
      org.opencontainers.image.description="Low-latency ONNX scoring server that keeps models from drifting" \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"

COPY --from=build /out/skeg /usr/local/bin/skeg
COPY --from=build --chown=65532:65532 /out/store /var/lib/skeg

# Inside a container a loopback address reaches nobody, so the scoring addresses are stated. The admin port stays on
# loopback until it is given a key: SKEG_ADMIN=0.0.0.0:8002 with SKEG_ADMIN_KEY_FILE.
ENV SKEG_STORE=file:///var/lib/skeg \
    SKEG_HTTP=0.0.0.0:8000 \
    SKEG_GRPC=0.0.0.0:8001

# 8000 HTTP, 8001 gRPC, 8002 metrics and admin.
EXPOSE 8000 8001 8002

# Numeric, so that Kubernetes can prove `runAsNonRoot` without reading /etc/passwd. 65532 is distroless's `nonroot`.
USER 65532:65532

# Exec form: the binary is process 1 and gets SIGTERM itself. Health is probed over HTTP from outside.
ENTRYPOINT ["/usr/local/bin/skeg"]
CMD ["serve"]

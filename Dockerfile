# syntax=docker/dockerfile:1
# One image for every role:  docker build -t chatsnapshot .
#   docker run chatsnapshot serve sequencer --metrics-port 9100        (sink, http: `chatsnapshot serve --help`)
# Every package is installed by hash. The embedded stack (Kafka's jars, the ClickHouse engine) is not in here.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /source
COPY requirements-build.lock requirements-image.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-build.lock \
    && python -m venv --without-pip /opt/chatsnapshot \
    && python -m pip --python /opt/chatsnapshot/bin/python install --only-binary :all: --require-hashes -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY producers ./producers
COPY processors ./processors
COPY projections ./projections
COPY src ./src
RUN /opt/build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels . \
    && python -m pip --python /opt/chatsnapshot/bin/python install --no-deps --no-index /wheels/*.whl \
    && /opt/chatsnapshot/bin/python -m compileall -q /opt/chatsnapshot/lib

FROM python:${PYTHON_VERSION}-slim
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ChatSnapshot" \
      org.opencontainers.image.description="A durable execution ledger for agentic and distributed systems" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# fixed numbers, so that volumes, fsGroup and runAsNonRoot can name them
RUN groupadd --gid 10001 chatsnapshot \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/chatsnapshot --shell /usr/sbin/nologin --no-create-home chatsnapshot \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/chatsnapshot
COPY --from=build /opt/chatsnapshot /opt/chatsnapshot
ENV PATH=/opt/chatsnapshot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CHATSNAPSHOT_DATA_DIR=/var/lib/chatsnapshot \
    CHATSNAPSHOT_METRICS_HOST=0.0.0.0 \
    CHATSNAPSHOT_HTTP_HOST=0.0.0.0 \
    HEALTH_URL=http://127.0.0.1:8180/healthz
USER 10001:10001
WORKDIR /var/lib/chatsnapshot
VOLUME ["/var/lib/chatsnapshot"]
EXPOSE 8180 9100
# HEALTH_URL is the HTTP role's by default; the others: http://127.0.0.1:9100/healthz with --metrics-port 9100
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=4)"]
# the process is the container's first: it handles SIGTERM itself and starts no others, so no init is needed
ENTRYPOINT ["chatsnapshot"]
CMD ["--help"]

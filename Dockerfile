# syntax=docker/dockerfile:1
# One image for every process of pms-sync; the command says which. Nothing of the embedded servers,
# the tests or the tools that built it is inside. Pin PYTHON by digest in your own registry:
#   docker build --build-arg PYTHON=python:3.13-slim@sha256:... .
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/cache/pip UV_CACHE_DIR=/cache/uv \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /app
COPY bootstrap.lock requirements.image.lock ./
RUN --mount=type=cache,target=/cache \
    python -m venv /opt/uv \
    && /opt/uv/bin/pip install --quiet --require-hashes -r bootstrap.lock \
    && python -m venv --without-pip .venv \
    && /opt/uv/bin/uv pip install --python .venv/bin/python --require-hashes -r requirements.image.lock
COPY adapters adapters
COPY console console
COPY domain domain
COPY infra infra
COPY migrations migrations
COPY producers producers
COPY scheduler scheduler
COPY simulators simulators
COPY workers workers
RUN .venv/bin/python -m compileall -q adapters console domain infra migrations producers scheduler simulators workers

FROM ${PYTHON} AS run
RUN groupadd --gid 10001 pms-sync \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin pms-sync \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/pms-sync
COPY docker/pms-sync /usr/local/bin/pms-sync
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PMS_SYNC_HOME=/var/lib/pms-sync
# The root file system may be read-only: only this, and /tmp, is written to.
VOLUME /var/lib/pms-sync
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# The ingress. Workers and schedulers answer no port: their health is the heartbeat that /readyz,
# `pms-sync doctor` and the metrics read, so compose and Kubernetes turn this check off for them.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["pms-sync"]

CMD ["ingress", "--host", "0.0.0.0", "--json"]

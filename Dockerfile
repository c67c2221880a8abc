# The server with the embedded backend inside: it hears and speaks before any key is there.
#
#   docker build -t wyoming-azure-realtime .
#   docker build -t wyoming-azure-realtime:large --build-arg ENGINES=large .
#   docker run --rm --read-only --tmpfs /tmp -v speech:/data -p 10300:10300 wyoming-azure-realtime
#
# config/compose.yaml does that with nothing that is not needed; config/compose.azure.yaml adds a key.
# Home Assistant finds it by itself only with `--network host`; else add it by address and port 10300.
# HTTP listens inside the container alone. To publish it, set WYOMING_AZURE_REALTIME_HTTP=0.0.0.0:5000 and
# WYOMING_AZURE_REALTIME_HTTP_TOKEN, and add -p 5000:5000.

# ENGINES: `small` (espeak-ng and CMU Sphinx), or `large`, which adds Whisper and hibari: better ears and a better
# voice for 0.3 GB more on disk and 0.4 GB more of memory.

# glibc and 3.13: the combination for which every engine has a ready-made package, on amd64 and arm64. By its tag
# and not by a digest, so that each build has the newest corrections of Debian and Python; what was built from
# which one, the builder's provenance says.
FROM python:3.13-slim AS build

ARG ENGINES=small
RUN python -m venv /build && python -m venv /opt/wyoming-azure-realtime
COPY config/build.lock config/requirements.lock /tmp/
COPY config/addon/requirements.lock /tmp/large.lock
# only ready-made packages, each with the digest that it had when the locks were made
RUN /build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes --requirement /tmp/build.lock \
    && case "$ENGINES" in small) lock=requirements ;; large) lock=large ;; *) exit 2 ;; esac \
    && /opt/wyoming-azure-realtime/bin/pip install --no-cache-dir --only-binary :all: --no-deps \
        --require-hashes --requirement "/tmp/$lock.lock"
COPY LICENSE NOTICE README.md pyproject.toml /src/
COPY wyoming_azure_realtime /src/wyoming_azure_realtime
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels /src \
    && /opt/wyoming-azure-realtime/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
    && /opt/wyoming-azure-realtime/bin/pip check \
    && /opt/wyoming-azure-realtime/bin/pip uninstall --yes pip
# what nobody uses here: tests, what compilers and type checkers read, a language model in whose place we make our
# own, commands in languages that are not heard, and the two largest dictionaries of those not spoken (the others
# are small, and some of them speak words in their script)
RUN find /opt/wyoming-azure-realtime/lib \
        \( -type d \( -name tests -o -name f2py \) -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' \
        -o -name en-us.lm.bin -o -name ru_dict -o -name cmn_dict \
        -o -path '*/home_assistant_intents/data/*.json' ! -name 'en*.json' \) -prune -exec rm -r {} +

FROM python:3.13-slim

COPY --from=build /opt/wyoming-azure-realtime /opt/wyoming-azure-realtime
# espeak-ng's package brings no text of its licence; NOTICE says where its source is
COPY LICENSE NOTICE /usr/share/doc/wyoming-azure-realtime/
RUN cp /usr/share/common-licenses/GPL-3 /usr/share/common-licenses/LGPL-2.1 /usr/share/doc/wyoming-azure-realtime/ \
    && useradd --no-create-home --home-dir /data --uid 10300 wyoming \
    && install --directory --owner 10300 --group 10300 /data

# what the embedded recogniser makes by itself stays in /data, and what was spent; nothing else is written
ENV PATH=/opt/wyoming-azure-realtime/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WYOMING_AZURE_REALTIME_EMBEDDED_CACHE_DIR=/data \
    WYOMING_AZURE_REALTIME_STATE=/data/state.sqlite

# by number, so that Kubernetes can tell that it is not root
USER 10300:10300
WORKDIR /data
VOLUME /data

EXPOSE 10300

# Asks as Home Assistant does, without waking the backend. The time to start covers a slow machine.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["wyoming-azure-realtime", "check"]

# the program itself is process 1: it ends on SIGTERM, in order and within limits.stop
ENTRYPOINT ["wyoming-azure-realtime"]

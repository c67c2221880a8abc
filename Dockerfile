# The server with the embedded backend inside: it hears and speaks before any key is there.
#
#   docker build -t wyoming-azure-realtime .
#   docker run --rm -p 10300:10300 wyoming-azure-realtime
#   docker run --rm -p 10300:10300 --env-file .env wyoming-azure-realtime
#
# Home Assistant finds it by itself only with `--network host`; else add it by address and port 10300.
# HTTP listens inside the container alone. To publish it, set WYOMING_AZURE_REALTIME_HTTP=0.0.0.0:5000 and
# WYOMING_AZURE_REALTIME_HTTP_TOKEN, and add -p 5000:5000.

# glibc and 3.13: the combination for which every engine has a ready-made package, on amd64 and arm64
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1

COPY . /src
# only ready-made packages: there is no compiler here, and none is needed
RUN pip install --no-cache-dir --root-user-action ignore --only-binary :all: '/src[local]' \
    && rm -r /src \
    && useradd --create-home --uid 10300 wyoming

# by number, so that Kubernetes can tell that it is not root
USER 10300
WORKDIR /home/wyoming

EXPOSE 10300

# Asks as Home Assistant does, without waking the backend. The time to start covers a slow machine.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import json, socket; s = socket.create_connection(('127.0.0.1', 10300), 4); s.sendall(b'{\"type\": \"describe\"}\\n'); assert json.loads(s.makefile('rb').readline())['type'] == 'info'"]

ENTRYPOINT ["wyoming-azure-realtime"]

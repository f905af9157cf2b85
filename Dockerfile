# Both stages use the same base, because a virtual environment points at the interpreter it was made
# with. Pin it by digest: --build-arg PYTHON_IMAGE=docker.io/library/python:3.14-slim-trixie@sha256:...
ARG PYTHON_IMAGE=docker.io/library/python:3.14-slim-trixie

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# The dependencies first: they change less often than the code.
COPY requirements/run.txt deploy/image/build.txt ./
RUN python3 -m venv /app \
 && /app/bin/pip install --require-hashes --only-binary=:all: -r run.txt \
 && python3 -m venv tools \
 && tools/bin/pip install --require-hashes --only-binary=:all: -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
 && /app/bin/pip install --no-deps --no-index wheels/*.whl \
 && /app/bin/pip uninstall --yes pip \
 # Compiled here, because nothing can be written where it runs; by content, so that builds repeat.
 && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib

FROM ${PYTHON_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
# The server.name is how the MCP registry sees that image and server.json are the same people's.
LABEL org.opencontainers.image.title="kube-mcp" \
      org.opencontainers.image.description="A read-only Kubernetes MCP server" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/kube-mcp/kube-mcp" \
      io.modelcontextprotocol.server.name="io.github.kube-mcp/kube-mcp" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080 9090
# For those who run it without Kubernetes, which asks for itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('KUBE_MCP_SERVER_PORT', '8080') + '/livez', timeout=4)"]
ENTRYPOINT ["kube-mcp"]
CMD ["serve"]

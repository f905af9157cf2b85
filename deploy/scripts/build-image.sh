#!/usr/bin/env bash
# Builds the image and writes its bill of materials beside it.
#
#   deploy/scripts/build-image.sh TAG [BUILD-OPTIONS]
#
# BUILDER is the program that builds, `docker` where it is not set; `podman` and `buildah` take the
# same options. Pin the base by digest with a build option:
#   --build-arg PYTHON_IMAGE=docker.io/library/python:3.14-slim-trixie@sha256:...
# and build for more than one kind of machine with `--platform linux/amd64,linux/arm64`.
# Where syft is installed, dist/sbom.cdx.json names every package in the image, by digest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[[ $# -gt 0 ]] || {
  printf 'build-image.sh: give the image a name and a version, such as registry.example.com/kube-mcp:0.1.0\n' >&2
  exit 1
}
tag=$1
shift
builder=${BUILDER:-docker}
command -v "$builder" >/dev/null || {
  printf "build-image.sh: '%s' is not installed; set BUILDER to docker, podman or buildah.\n" "$builder" >&2
  exit 1
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/kube_mcp/__init__.py)
revision=$(git rev-parse HEAD 2>/dev/null || printf 'unknown')
"$builder" build --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "$tag" "$@" .

if command -v syft >/dev/null; then
  mkdir -p dist
  syft scan "$tag" --output "cyclonedx-json=dist/sbom.cdx.json"
  printf 'Bill of materials: dist/sbom.cdx.json\n'
else
  printf 'syft is not installed, so there is no bill of materials.\n' >&2
fi

#!/usr/bin/env bash
# Publishes image and chart to a registry: what a release is, and what a registry of your own needs.
#
#   deploy/scripts/publish.sh [--plain-http] REGISTRY [BUILD-OPTIONS]
#
#   deploy/scripts/publish.sh ghcr.io/you --platform linux/amd64,linux/arm64 --push
#
# The image becomes REGISTRY/kube-mcp:VERSION, the chart oci://REGISTRY/charts/kube-mcp with the
# same version. Log in to the registry first, with docker (or BUILDER) and with `helm registry login`.
# BUILD-OPTIONS go to build-image.sh; with --push among them the builder has pushed already, which
# docker needs for more than one platform. --plain-http is for a registry on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
  printf 'publish.sh: %s\n' "$1" >&2
  exit 1
}

plain=
if [[ ${1:-} == --plain-http ]]; then
  plain=yes
  shift
fi
registry=${1:-}
[[ $registry =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$ ]] ||
  fail "'$registry' is not a registry; expected something like 'ghcr.io/you'."
shift
builder=${BUILDER:-docker}
command -v helm >/dev/null || fail "helm is not installed; the chart is pushed with it."

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/kube_mcp/__init__.py)
chart=$(sed -n 's/^version: *//p' deploy/chart/kube-mcp/Chart.yaml)
[[ $chart == "$version" ]] || fail "the chart is $chart and the program $version; a release has one version."

image=$registry/kube-mcp:$version
deploy/scripts/build-image.sh "$image" "$@"
if [[ " $* " != *" --push "* ]]; then
  options=()
  [[ -n $plain && $(basename "$builder") != docker ]] && options=(--tls-verify=false)
  "$builder" push "${options[@]}" "$image"
fi

mkdir -p dist
helm package deploy/chart/kube-mcp --destination dist >/dev/null
helm push "dist/kube-mcp-$version.tgz" "oci://$registry/charts" ${plain:+--plain-http}

cat <<TEXT

Published $image and oci://$registry/charts/kube-mcp:$version.
In the GitOps folder, apps/base/kubernetes-mcp-server:
  ocirepository.yaml       url: oci://$registry/charts/kube-mcp
                           tag: $version
  config-configmap.yaml    image: {repository: $registry/kube-mcp, tag: "\${IMAGE_TAG}"}
With helm alone:
  helm install kube-mcp oci://$registry/charts/kube-mcp --version $version --set image.repository=$registry/kube-mcp
TEXT

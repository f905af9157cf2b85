#!/usr/bin/env bash
# Seals the OAuth client secret of an MCP server, so that it can lie in Git.
#
#   deploy/scripts/seal-oauth-secret.sh [NAME] [-- KUBESEAL-OPTIONS]
#
# NAME is the service, `kubernetes` where none is given: the Secret NAME-mcp-oauth-secret with the
# key sts_client_secret, for the namespace NAME-mcp-server. The client secret is asked for without
# showing it, or read from standard input; it is never an argument, so neither the process list nor
# the shell's history sees it. Run it in the GitOps folder, or anywhere in this repository.
#
# KUBESEAL-OPTIONS go to kubeseal as they are, for instance:
#   -- --controller-namespace flux-system --controller-name sealed-secrets
#   -- --cert sealing.pem        (no cluster needed)
set -euo pipefail
set +x # a traced run would print the secret

fail() {
  printf 'seal-oauth-secret.sh: %s\n' "$1" >&2
  exit 1
}

name=kubernetes
if [[ $# -gt 0 && $1 != -- ]]; then
  name=$1
  shift
fi
if [[ $# -gt 0 ]]; then
  [[ $1 == -- ]] || fail "one argument too many; options for kubeseal come after --. The secret is never an argument."
  shift
fi
[[ $name =~ ^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$ ]] || fail "'$name' is not a service's name; expected something like 'kubernetes'."
command -v kubeseal >/dev/null || fail "kubeseal is not installed; it comes with the Sealed Secrets project."

full=$name-mcp-server
secret_name=$name-mcp-oauth-secret
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=
for base in apps/base "$here/../gitops/apps/base"; do
  if [[ -d $base/$full ]]; then
    folder=$base/$full
    break
  fi
done
[[ -n $folder ]] || fail "there is no apps/base/$full here; run this in the GitOps folder."

if [[ -t 0 ]]; then
  read -rsp "Client secret of $name-mcp (Authentik: Applications > Providers > $name-mcp): " secret || true
  printf '\n' >&2
else
  IFS= read -r secret || true
fi
secret=${secret%$'\r'}
[[ -n ${secret:-} ]] || fail "the client secret is empty; nothing was sealed."
[[ $secret != *[[:space:]]* ]] || fail "the client secret has a blank in it; copy it without what stands around it."

# printf is the shell's own, so the secret is in no process's arguments.
sealed=$(printf '%s' "$secret" | kubeseal --raw --from-file=/dev/stdin \
  --namespace "$full" --name "$secret_name" --scope strict "$@") ||
  fail "kubeseal failed; the lines above say why. The old file is as it was."
unset secret
[[ $sealed =~ ^[A-Za-z0-9+/=]{100,}$ ]] || fail "kubeseal did not answer with a sealed value."

target=$folder/oauth-secret-sealed.yaml
scratch=$(mktemp "$folder/.sealed.XXXXXX")
trap 'rm -f "$scratch"' EXIT
cat >"$scratch" <<YAML
# Sealed by deploy/scripts/seal-oauth-secret.sh: only this cluster's controller can open it, and only
# for this name in this namespace.
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: $secret_name
  namespace: $full
spec:
  encryptedData:
    sts_client_secret: $sealed
  template:
    metadata:
      name: $secret_name
      namespace: $full
YAML
chmod 644 "$scratch"
mv "$scratch" "$target"

printf 'Sealed into %s.\n' "$target"
if grep -Eq '^[[:space:]]*#[[:space:]]*-[[:space:]]*oauth-secret-sealed\.yaml' "$folder/kustomization.yaml"; then
  printf 'Next: uncomment "- oauth-secret-sealed.yaml" in %s/kustomization.yaml, and commit both.\n' "$folder"
fi

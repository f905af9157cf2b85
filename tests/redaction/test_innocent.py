"""What must stay readable: an answer in which everything is masked diagnoses nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kube_mcp.redaction.objects import mask_object
from kube_mcp.redaction.text import mask_text

DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

TEXTS = [
    f"registry.example.com/shop/web@{DIGEST}",
    f"containerd://{DIGEST[7:]}",
    "ghcr.io/example/token:v1.2.3",
    "ghcr.io/external-secrets/external-secrets:v0.9.11",
    "docker.io/bitnami/sealed-secrets-controller:0.24.5",
    "6f1d1c6e-5b1e-4a5e-9a55-0c2d5f3f8a11",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "main@sha1:6f1d1c6e5b1e4a5e9a550c2d5f3f8a11aabbccdd",
    "2026-11-23T10:00:00Z",
    "web-frontend-7d9c8b6f5-x2k8p",
    "kube-api-access-x2k8p",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "node.kubernetes.io/not-ready",
    "ip-10-0-12-34.eu-west-1.compute.internal",
    "https://api.example.com:6443",
    "https://user@git.example.com/x.git",
    "http://a.example:8080/login?email=bob@example.com",
    "postgres://app:$(DB_PASSWORD)@db:5432/shop",
    "postgres://app:${DB_PASSWORD}@db:5432/shop",
    "amqp://mq.shop.svc:5672",
    "git@github.com:example/shop.git",
    "http://[::1]:8080/x@y",
    "app.kubernetes.io/name=web,tier!=cache",
    'MountVolume.SetUp failed for volume "db-password" : secret "db-password" not found',
    'MountVolume.SetUp failed for volume "kube-api-access-x2k8p" : '
    'failed to fetch token: serviceaccounts "web" not found',
    'secret "db-credentials" not found',
    'Error: secrets "regcred" is forbidden: User "bob" cannot get resource "secrets"',
    "couldn't find key DB_PASSWORD in Secret shop/db",
    "Error: couldn't find key token in Secret shop/db-credentials",
    "references non-existent secret key: password",
    "failed to sync secret cache: timed out waiting for the condition",
    "Failed to pull image: unauthorized: authentication required",
    "invalid bearer token, token lookup failed",
    "Unable to authenticate the request: [invalid bearer token, square/go-jose: error]",
    "failed to refresh token: unauthorized",
    "error: invalid token: expired",
    "token: expired",
    "waiting for secret: shop/db-credentials",
    "oauth2: cannot fetch token: 401 Unauthorized",
    "unable to load secret: open /etc/x: no such file or directory",
    'level=error msg="password authentication failed for user \\"app\\"" (SQLSTATE 28P01)',
    "Helm install failed: (x/templates/secret.yaml:3:4): password: required",
    "x509: certificate signed by unknown authority",
    "panic: main.(*TokenStore).Get(0x0, {0xc000}) /src/token.go:12 +0x1d",
    "failed to get secret: Operation cannot be fulfilled on secrets",
    "cannot get credentials: Post request failed",
    "2026-11-23 10:00:00 INFO c.e.shop.auth.TokenService : refreshed 5 tokens",
    "token.go:73: refreshed",
    "E1123 10:00:00.0 1 authentication.go:73] Unable to authenticate",
    "PASSWORD_FILE=/run/secrets/pw",
    "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
    "--token-auth-file=/etc/tokens.csv",
    "--service-account-key-file /etc/kubernetes/pki/sa.pub",
    "--token-ttl=24h --max-tokens=4096",
    "use --token to authenticate",
    "automountServiceAccountToken: false",
    "tokenExpirationSeconds: 3600",
    "secretName: db-credentials",
    "passwordSecretName: db\npasswordKey: redis-password\nkey: token",
    "imagePullSecrets: regcred",
    "existingSecret: my-release-postgresql",
    "password: {{ .Values.password }}",
    "password: ${DB_PASSWORD}",
    "password: $(cat /run/secrets/pw)",
    "password: $DB_PASSWORD",
    "password: %(db_password)s",
    'password: ""',
    "password: null",
    "password: <password>",
    "password: ******",
    "password: [REDACTED]",
    "password:",
    "password: vault:secret/data/shop#password",
    "secret: op://shop/db/password",
    "POSTGRES_USER=app",
    "sort_key=created_at primaryKey=id cache_key=cart:42",
    "publicKey: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
    "KEY_VAULT_NAME=kv-shop-prod",
    "pass: 12 fail: 0",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE bob",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJzekNDQVZtZ0F3SUJBZ0lVUQ==",
    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUlJQnN6Q0NBVm1n",
    "wrote -----BEGIN RSA PRIVATE KEY",
    "task-list-0123456789-abcdefghij disk-0123456789abcdefghijk",
    "eyJ is how JSON in base64 begins; eyJzaG9wIjoid2ViIiwicmVwbGljYXMiOjN9 is some",
    "Bearer authentication required",
    "Basic authentication required",
    "curl -sf https://a.example/healthz",
    "curl -u bob: https://a.example",
    "mysql -h db -uroot -p shop",
    "mysqladmin ping -p$MYSQL_ROOT_PASSWORD",
    "redis-cli -a $REDIS_PASSWORD ping",
    "docker login registry.example.com",
    "machine learning login page",
    "the password, if any, is not shown",
    "password",
    "a=1",
    "",
]

POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {
        "name": "web-7d9c8b6f5-x2k8p",
        "uid": "6f1d1c6e-5b1e-4a5e-9a55-0c2d5f3f8a11",
        "annotations": {
            "checksum/secret": DIGEST[7:],
            "vault.hashicorp.com/role": "shop",
            "nginx.ingress.kubernetes.io/auth-secret": "shop/basic-auth",
        },
        "labels": {"pod-template-hash": "7d9c8b6f5"},
    },
    "spec": {
        "automountServiceAccountToken": True,
        "imagePullSecrets": [{"name": "regcred"}],
        "serviceAccountName": "token-reader",
        "containers": [
            {
                "image": f"registry.example.com/secret-manager@{DIGEST}",
                "args": ["--token-file", "/run/token", "--password", "$(DB_PASSWORD)", "--token"],
                "command": ["mysqladmin", "ping", "-p$(MYSQL_ROOT_PASSWORD)"],
                "env": [
                    {"name": "PASSWORD_FILE", "value": "/run/secrets/pw"},
                    {"name": "TOKEN_TTL", "value": "24h"},
                    {"name": "POSTGRES_USER", "value": "app"},
                    {"name": "USE_PASSWORD", "value": "true"},
                    {"name": "API_KEY", "value": "$(OTHER)"},
                    {"name": "PWD", "value": "/app"},
                    {"name": "CACHE_KEY", "value": "carts"},
                    {"name": 7, "value": "seven"},
                    {
                        "name": "DB_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "db-password", "key": "password"}},
                    },
                ],
            }
        ],
        "tolerations": [{"key": "example.com/tier", "value": "gold", "operator": "Equal"}],
        "volumes": [
            {"secret": {"secretName": "db-credentials", "items": [{"key": "token", "path": "t"}]}},
            {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        ],
    },
    "status": {"containerStatuses": [{"imageID": f"x@{DIGEST}", "containerID": "containerd://1"}]},
}
RESOURCES: list[dict[str, Any]] = [
    POD,
    {
        "kind": "ExternalSecret",
        "spec": {
            "secretStoreRef": {"name": "vault"},
            "data": [
                {
                    "secretKey": "db-password",
                    "remoteRef": {"key": "shop/db", "property": "password"},
                }
            ],
        },
    },
    {
        "kind": "Middleware",
        "spec": {
            "basicAuth": {"secret": "auth-users", "removeHeader": True},
            "forwardAuth": {"tls": {"caSecret": "ca", "certSecret": "client-cert"}},
        },
    },
    {
        "kind": "ServersTransport",
        "spec": {"rootCAs": [{"secret": "ca-bundle"}], "rootCAsSecrets": ["ca"]},
    },
    {
        "kind": "Certificate",
        "spec": {
            "secretName": "web-tls",
            "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always", "size": 256},
            "issuerRef": {"name": "letsencrypt"},
        },
    },
    {
        "kind": "HelmRelease",
        "spec": {
            "values": {
                "auth": {
                    "existingSecret": "redis",
                    "existingSecretPasswordKey": "redis-password",
                    "secretKeys": {"adminPasswordKey": "postgres-password"},
                    "password": "",
                    "enabled": True,
                },
                "secrets": {"existingSecret": "x", "create": False, "name": "shop", "path": "/x"},
                "tokens": 512,
                "passwordPolicy": "strong",
            }
        },
    },
    {
        "kind": "ServiceAccount",
        "secrets": [{"name": "web-token-x2k8p"}],
        "imagePullSecrets": [{"name": "r"}],
    },
    {
        "kind": "Role",
        "rules": [{"resources": ["secrets", "tokens"], "resourceNames": ["db-password"]}],
    },
    {
        "kind": "ConfigMap",
        "data": {"log.level": "debug", "token.yaml": "ttl: 5m\n", "n": 3},
        "immutable": True,
    },
    {"kind": "ConfigMap", "data": None},
    {"kind": "Secret", "type": "Opaque", "metadata": {"name": "db-password"}},
    {"kind": "SealedSecret", "spec": {"template": {"type": "Opaque"}}},
    {"kind": "SealedSecret", "spec": {"template": None}},
    {"kind": "SealedSecret", "spec": None},
    {
        "kind": "ValidatingWebhookConfiguration",
        "webhooks": [{"clientConfig": {"caBundle": "LS0tLS1CRUdJTiBDRVJU"}}],
    },
    {"kind": "Thing", "spec": {1: "YAML may have numbers for names", 2: {"a": "b"}}},
    {"kind": 5, "metadata": None, "spec": ["secret", 1, None, 2.5, [["x", 2]], {}]},
]


@pytest.mark.parametrize("text", TEXTS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource["kind"]))
def test_ordinary_objects_stay_as_they_are(resource: dict[str, Any]) -> None:
    assert mask_object(copy.deepcopy(resource)) == resource

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
    "password: !secret db_password",
    "client_secret: !Env KUBERNETES_MCP_CLIENT_SECRET",
    '"CLIENT_SECRET": "${env:KUBERNETES_MCP_CLIENT_SECRET}",',
    "access_token_validity: hours=1",
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

#: Whole lines as they stand in configuration, manifests, commands and logs.
LINES = r"""
tokenizer: bert-base-uncased
passwordPolicy: strict
secretName: web-tls
max_tokens: 4096
tokens_per_second=53.2
expr: rate(token_refresh_failures_total[5m]) > 0
alert: TokenExpiringSoon
summary: Token of {{ $labels.namespace }} expires soon
description: The password of user {{ $labels.user }} expires in 3 days
- alert: SecretRotationOverdue
sum(rate(apiserver_request_total{code=~"5.."}[5m])) by (resource)
histogram_quantile(0.99, sum(rate(authentication_token_cache_request_duration_seconds_bucket[5m])) by (le))
key: value
key: 12345
keys: [a, b]
kafka.key.serializer=org.apache.kafka.common.serialization.StringSerializer
key.converter=org.apache.kafka.connect.json.JsonConverter
cache_key_prefix: shop:v2
session_timeout: 30m
session.timeout.ms=45000
sessionAffinity: ClientIP
authentication: oidc
auth: oidc
auth.type=ldap
auth_enabled: false
authMode: Always Verify
authorization-mode=Node,RBAC
--authorization-mode=Node,RBAC
--client-ca-file=/etc/kubernetes/pki/ca.crt
--service-account-issuer=https://kubernetes.default.svc.cluster.local
--enable-bootstrap-token-auth=true
--oidc-client-id=kubernetes
--requestheader-allowed-names=front-proxy-client
--token-ttl 24h
--secret-name my-tls
--password-file /run/pw
--api-key-header X-Api-Key
--key /etc/tls/tls.key --cert /etc/tls/tls.crt
--tls-private-key-file /tls/tls.key
PASSWORD_MIN_LENGTH=12
PASSWORD_RESET_TIMEOUT=3600
TOKEN_EXPIRY=86400
TOKEN_URL=https://idp.example.com/oauth2/token
JWKS_URI=https://idp.example.com/jwks
OIDC_CLIENT_ID=shop-web
AWS_REGION=eu-west-1
AWS_ROLE_ARN=arn:aws:iam::123456789012:role/shop
AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token
VAULT_ADDR=https://vault.shop.svc:8200
VAULT_ROLE=shop
SECRET_STORE=vault
SECRETS_BACKEND=kubernetes
KEYCLOAK_REALM=shop
SSH_PORT=22
PUBLIC_KEY=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE
authorized_keys: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 bob@x
GIT_COMMIT=6f1d1c6e5b1e4a5e9a550c2d5f3f8a11aabbccdd
commit 6f1d1c6e5b1e4a5e9a550c2d5f3f8a11aabbccdd
BUILD_ID=20261123.4-7f9c2ab
image: ghcr.io/example/auth-token-service:v1.2.3-rc.1
image: registry.k8s.io/secrets-store-csi-driver/driver:v1.4.0
docker.io/library/postgres:16.2-alpine3.19
ghcr.io/goauthentik/server:2024.10.4@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
uid: 6f1d1c6e-5b1e-4a5e-9a55-0c2d5f3f8a11
resourceVersion: "84736251"
trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
request_id=01HF8Z3C9M7Q2K5N8R4T6V0W1X
x-request-id: 7b2f0c1e-0d52-4a6b-9f53-2f1c3d4e5f60
etag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
ETag: W/"0815"
checksum/config: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
checksum/secret: 4bf92f3577b34da6a3ce929d0e0e47364bf92f3577b34da6a3ce929d0e0e4736
pod-template-hash=7d9c8b6f5
controller-revision-hash: web-6c5f8d7b9c
kube-proxy-x7f2p
node-pool-a1b2c3d4-xyz9
gke-prod-default-pool-1a2b3c4d-x9z8
i-0abcdef1234567890
vpc-0a1b2c3d4e5f67890
arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf
projects/shop/secrets/db/versions/latest
https://api.example.com/v1/tokens?limit=10
https://shop.example.com/reset-password
https://grafana.example.com/d/abc123/secrets?orgId=1
GET /api/v1/namespaces/shop/secrets?limit=500 200
GET /oauth2/token 401
POST /login 302
http://user@host/path
jdbc:postgresql://db:5432/shop
redis://redis:6379/0
mongodb://m1:27017,m2:27017/db?replicaSet=rs0
postgres://db:5432/shop?sslmode=require
amqp://rabbit:5672
s3://bucket/path/key.txt
ssh://git@git.example.com:22/x.git
smtp://mail:587
Error: secret "web-tls" not found
secret/web-tls configured
secrets "web-tls" already exists
Secret shop/db-password does not contain key "password"
couldn't find key password in Secret shop/db
MountVolume.SetUp failed for volume "tls-secret" : secret "web-tls" not found
Failed to pull image "registry.example.com/x:1": failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized
pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed
error getting credentials - err: exit status 1
FATAL: password authentication failed for user "app"
FATAL: no pg_hba.conf entry for host "10.0.0.1", user "app", database "shop", SSL off
Access denied for user 'root'@'10.42.0.15' (using password: YES)
Access denied for user 'root'@'localhost' (using password: NO)
NOAUTH Authentication required.
WRONGPASS invalid username-password pair or user is disabled.
ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.
invalid_grant: refresh token expired
token is expired by 3h2m
token has invalid claims: token is expired
could not verify token signature: no matching key
oidc: verify token: oidc: expected audience "shop" got ["web"]
Unable to authenticate the request err="[invalid bearer token, Token has expired.]"
Successfully renewed token for role shop
Rotated secret shop/db (version 3)
password changed for user bob
password must contain at least 12 characters
Password for user bob expired
key=user:42 hit=true
cache miss for key product:1234:en
processing key 99 of 120
primary key id=5 violates constraint
duplicate key value violates unique constraint "users_pkey"
foreign key constraint fails
partition key: customer_id
routing.key=orders.created
sort-key: created_at
keyspace: shop_prod
keymap: de-latin1
key_type: ed25519
key_size: 4096
algorithm: RS256
kid: 2024-11-abcdef
cookie_name: _oauth2_proxy
cookie_secure: true
cookie_domain: .example.com
--cookie-secure=true
--cookie-expire=168h
csrf: enabled
session_id_header: X-Session
code: 200
code=404
statusCode: 500
exit code: 137
errorCode=E1234
postal_code: 8001
license: Apache-2.0
License: MIT
signature: verified
signature algorithm: sha256WithRSAEncryption
seed: 42
random_seed=1337
nonce: 12
salt_length: 16
hash: fnv1a
hash_algorithm: sha512
pass: 12, fail: 3
bypass: true
compass: north
passthrough: true
proxy_pass http://backend:8080;
proxy_pass_header Server;
fastcgi_pass unix:/run/php.sock;
auth_basic "Restricted";
auth_basic_user_file /etc/nginx/htpasswd;
auth_request /oauth2/auth;
ssl_certificate_key /etc/tls/tls.key;
ssl_password_file /etc/nginx/pw;
patch: 3
pattern: ^foo
path: /var/lib
dsn_timeout: 5
author: bob
authors: [bob]
authority: example.com
credentialsMode: Passthrough
imagePullSecrets: [{name: regcred}]
envFrom: [{secretRef: {name: shop-env}}]
existingSecret: shop-redis
auth: {enabled: true, existingSecret: shop, usePasswordFiles: false}
usePassword: true
passwordKey: redis-password
tokenSecretRef: {name: x, key: token}
apiTokenSecretRef: {name: cf, key: api-token}
privateKeySecretRef: {name: letsencrypt}
tokenReview: enabled
tokenAudiences: [vault]
tokenPolicies: [default]
secretTemplate: {type: kubernetes.io/tls}
secretTypes: [kubernetes.io/tls]
secretsStore: vault
kind: SecretStore
kind: TokenRequest
resources: ["secrets", "serviceaccounts/token"]
verbs: [get, list], resources: [secrets], apiGroups: [""]
automountServiceAccountToken: true
tls.key: key of the certificate
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
level=info ts=2026-11-23T10:00:00Z caller=token.go:42 msg="refreshed"
I1123 10:00:00.123456       1 secure_serving.go:213] Serving securely on [::]:443
I1123 10:00:00.123456       1 shared_informer.go:318] Caches are synced for bootstrap_signer
I1123 1 controllermanager.go:735] "Started controller" controller="serviceaccount-token-controller"
I1123 1 tokencleaner.go:122] Starting token cleaner controller
{"level":"info","msg":"authenticated","user":"bob","method":"token"}
{"level":"error","msg":"token expired","exp":1700000000,"iat":1699990000}
{"token_type":"Bearer","expires_in":3600}
{"key":"shop.enabled","value":"true"}
{"name":"LOG_LEVEL","value":"debug"}
10:00:00 INFO  TokenService - 5 tokens purged
2026-11-23 INFO [auth] user=bob action=login result=ok
user=bob pass=true
tests: pass=120 fail=0
grpc.auth.mode=mtls
spring.jpa.hibernate.ddl-auto=validate
spring.security.oauth2.resourceserver.jwt.issuer-uri=https://idp/realms/shop
spring.datasource.hikari.maximum-pool-size=10
management.endpoints.web.exposure.include=health,info
server.ssl.key-store=/tls/keystore.p12
server.ssl.key-alias=shop
quarkus.http.auth.permission.x.paths=/api/*
POSTGRES_HOST_AUTH_METHOD=scram-sha-256
password_encryption = scram-sha-256
requirepass ""
ACL LIST
basicAuth: false
community: 64512:100
communities: [no-export]
pin: 13
pinned: true
spin: fast
pepperoni: yes
claimName: data-web-0
persistentVolumeClaim: {claimName: claim-web}
ipc: host
sas: none
mount: /run/secrets/db
/run/secrets/db_password
TZ=Europe/Zurich
LANG=en_US.UTF-8
JAVA_OPTS=-Xmx512m -XX:+UseG1GC -Djava.security.egd=file:/dev/./urandom
GODEBUG=x509ignoreCN=0
NODE_OPTIONS=--max-old-space-size=4096
aGVsbG8gd29ybGQgdGhpcyBpcyBub3QgYSBzZWNyZXQ=
c2hvcDoKICByZXBsaWNhczogMwogIGltYWdlOiB3ZWIK
U0VMRUNUICogRlJPTSBvcmRlcnMgV0hFUkUgaWQgPSAx
dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZw==
The service account token is mounted at /var/run/secrets
Password is required
password is incorrect
The password is wrong for user bob
Invalid password: must be at least 8 characters
password reset email sent to bob@example.com
password hash algorithm is argon2id
Enter password:
token refreshed
credentials loaded
secret found
token=none
The token is valid until 2026-11-24
new revision: v2 secret: shop/db-credentials-v2
bob:x:1000:1000::/home/bob:/bin/sh
db.shop.svc:5432: connection refused
dial tcp 10.0.0.1:5432: connect: connection refused
user "app" is not allowed
"app" "web" "db"
map("key", "value")
filter(["name", "token"])
fields: ["password", "token", "secret"]
mask(password, token)
SELECT password FROM users
GRANT SELECT ON users TO app
ALTER TABLE users ADD COLUMN password_hash text
CREATE TABLE tokens (id int, token text)
helm upgrade --install shop ./chart --set image.tag=1.2.3
kubectl create secret generic x --from-file=./pw
curl -sf http://localhost:8080/healthz
wget -qO- http://localhost/healthz
redis-cli ping
mysqladmin ping -h localhost
pg_isready -U postgres
rabbitmq-diagnostics -q ping
vault login failed
docker login succeeded
login successful for bob
etcdctl endpoint health
mc ready local
openssl x509 -in /tls.crt -noout
""".strip().split("\n")

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


@pytest.mark.parametrize("line", LINES)
def test_an_ordinary_line_stays_wherever_it_stands(line: str) -> None:
    logged = f"2026-11-23T10:00:00Z INFO {line}"
    assert mask_text(line) == line
    assert mask_text(logged) == logged
    config = {"kind": "ConfigMap", "data": {"app.conf": line}}
    assert mask_object(copy.deepcopy(config)) == config
    pod = {"kind": "Pod", "spec": {"containers": [{"args": [line], "command": line.split(" ")}]}}
    assert mask_object(copy.deepcopy(pod)) == pod


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource["kind"]))
def test_ordinary_objects_stay_as_they_are(resource: dict[str, Any]) -> None:
    assert mask_object(copy.deepcopy(resource)) == resource

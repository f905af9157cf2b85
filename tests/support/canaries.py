"""One made-up credential of each kind, and the places in a cluster one can stand in.

None of them ever was valid. They are put together from pieces, so that a scanner of this
repository does not take them for a leak.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

_BODY = "q7Rz2LmX9vTb4KcW8nYd3HsJ6gPf1AeU5oQiZ0t"
_HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_B64 = "bPxRfiCYEXAMPLEKEYwJalrXUtnFEMIK7MDENG+q"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _pem(kind: str) -> str:
    lines = "\n".join(_B64 + str(n) * 24 for n in range(4))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def _jwt() -> str:
    parts = [
        _b64('{"alg":"RS256","kid":"k"}'),
        _b64('{"sub":"system:serviceaccount:a:b"}'),
        _BODY * 2,
    ]
    return ".".join(part.rstrip("=") for part in parts)


#: Recognised by their shape alone, wherever they stand.
BY_SHAPE: dict[str, str] = {
    "jwt": _jwt(),
    "pem": _pem("RSA PRIVATE KEY"),
    "pem-openssh": _pem("OPENSSH PRIVATE KEY"),
    "pem-pkcs8": _pem("PRIVATE KEY"),
    "pem-encrypted": _pem("ENCRYPTED PRIVATE KEY"),
    "pem-base64": _b64(_pem("EC PRIVATE KEY")),
    "docker-login": _b64(json.dumps({"auths": {"r.example": {"auth": _b64("bob:" + _BODY)}}})),
    "helm-release": "H4sIAAAAAAAC" + _BODY * 2,
    "aws-id": "AKIA" + "Q7RZ2LMX9VTB4KCW",
    "aws-session-id": "ASIA" + "Q7RZ2LMX9VTB4KCW",
    "aws-pair": "AKIA" + "Q7RZ2LMX9VTB4KCW " + _B64,
    "google-api": "AIza" + _BODY[:35],
    "google-oauth": "ya29." + _BODY,
    "google-secret": "GOCSPX-" + _BODY[:28],
    "github-classic": "ghp_" + _BODY[:36],
    "github-app": "ghs_" + _BODY[:36],
    "github-fine": "github_pat_" + _BODY + "_" + _BODY,
    "gitlab": "glpat-" + _BODY[:20],
    "gitlab-runner": "glrt-" + _BODY[:20],
    "slack-bot": "xoxb-" + "123456789012-123456789012-" + _BODY[:24],
    "slack-app": "xapp-" + "1-A1-123456789012-" + _HEX,
    "slack-webhook": "https://hooks.slack.com/services/" + "T00000000/B00000000/" + _BODY[:24],
    "discord-webhook": "https://discord.com/api/webhooks/" + "123456789012345678/" + _BODY * 2,
    "teams-webhook": "https://corp.webhook.office.com/" + "webhookb2/" + _BODY,
    "discord-bot": "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + _BODY[:38],
    "telegram": "123456789:" + "AA" + _BODY[:33],
    "stripe-live": "sk_" + "live_" + _BODY[:24],
    "stripe-restricted": "rk_" + "live_" + _BODY[:24],
    "stripe-webhook": "whsec_" + _BODY[:32],
    "openai": "sk-" + "proj-" + _BODY,
    "anthropic": "sk-" + "ant-api03-" + _BODY * 2,
    "npm": "npm_" + _BODY[:36],
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc" + _BODY,
    "rubygems": "rubygems_" + _HEX[:48],
    "docker-hub": "dckr_pat_" + _BODY[:27],
    "sendgrid": "SG." + _BODY[:22] + "." + _BODY,
    "twilio": "SK" + _HEX[:32],
    "mailgun": "key-" + _HEX[:32],
    "vault": "hvs." + _BODY[:28],
    "vault-old": " s." + _BODY[:24],
    "terraform": _BODY[:14] + ".atlasv1." + _BODY * 2,
    "age": "AGE-SECRET-KEY-" + "1" + (_BODY * 2).upper()[:58],
    "azure-client": "abc8Q~" + _BODY[:34],
    "openshift": "sha256~" + (_BODY * 2)[:43],
    "digitalocean": "dop_v1_" + _HEX,
    "databricks": "dapi" + _HEX[:32],
    "doppler": "dp.st." + "prd." + _BODY,
    "shopify": "shpat_" + _HEX[:32],
    "grafana": "glsa_" + _BODY[:32] + "_0a1b2c3d",
    "new-relic": "NRAK-" + _BODY.upper()[:27],
    "postman": "PMAK-" + _HEX[:24] + "-" + _HEX[:34],
    "linear": "lin_api_" + (_BODY * 2)[:40],
    "atlassian": "ATATT3" + _BODY * 2,
    "artifactory": "AKCp" + "8" + _BODY,
    "tailscale": "tskey-" + "auth-" + _BODY[:12] + "-" + _BODY,
    "fly": "FlyV1 " + "fm2_" + _BODY,
    "hugging-face": "hf_" + _BODY[:34],
    "supabase": "sbp_" + _HEX[:40],
    "planetscale": "pscale_tkn_" + _BODY,
    "pulumi": "pul-" + _HEX[:40],
    "xai": "xai-" + _BODY * 2,
    "groq": "gsk_" + (_BODY * 2)[:52],
    "replicate": "r8_" + _BODY[:37],
    "square": "sq0atp-" + _BODY[:22],
    "k3s": "K10" + _HEX + "::server:" + _HEX[:32],
    "bcrypt": "$2y$10$" + _BODY + _BODY[:14],
    "htpasswd": "$apr1$" + "q7Rz2LmX$" + _BODY[:22],
    "argon2": "$argon2id$" + "v=19$m=65536,t=3,p=4$" + _BODY[:22] + "$" + _BODY,
    "figma": "figd_" + _BODY,
    "notion": "ntn_" + (_BODY * 2)[:46],
    "buildkite": "bkua_" + _HEX[:40],
    "circleci": "CCIPAT_" + _BODY,
    "sonarqube": "sqp_" + _HEX[:40],
    "n8n": "n8n_api_" + _BODY,
    "perplexity": "pplx-" + (_BODY * 2)[:48],
    "langsmith": "lsv2_" + "pt_" + _HEX[:32] + "_0a1b2c3d4e",
    "pinecone": "pcsk_" + (_BODY * 2)[:60],
    "sentry": "sntrys_" + _BODY * 2,
    "dynatrace": "dt0c01." + _BODY.upper()[:24] + "." + (_BODY * 2).upper()[:64],
    "prefect": "pnu_" + _BODY[:36],
    "contentful": "CFPAT-" + _BODY + "abcd",
    "mapbox": "sk." + _b64('{"u":"bob"}').rstrip("=") + "." + _BODY[:22],
    "1password": "ops_" + _b64('{"signInAddress":"x"}') + _BODY,
    "ldap-hash": "{SSHA}" + _B64[:32],
    "scram": "SCRAM-SHA-256$" + "4096:" + _BODY[:22] + "==$" + _BODY + "=",
    "mosquitto": "$7$" + "101$" + _BODY[:12] + "$" + _B64,
    "oracle": "jdbc:oracle:thin:scott/" + _BODY[:12] + "@db:1521/orcl",
    "go-socket": "app:" + _BODY[:14] + "@tcp(db:3306)/shop",
    "openvpn": "\n".join(
        [
            "-----BEGIN OpenVPN Static key V1-----",
            _HEX,
            _HEX[::-1],
            "-----END OpenVPN Static key V1-----",
        ]
    ),
    "base64-kubeconfig": _b64("apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: " + _BODY),
    "bearer": "Bearer " + _BODY,
    "basic": "Basic " + _b64("bob:" + _BODY),
    "url-password": "postgres://app:" + _BODY[:20] + "@db.shop:5432/shop",
    "url-password-at": "amqp://app:" + _BODY[:8] + "@" + _BODY[:9] + "@mq.shop/vhost",
    "url-token": "https://" + _BODY + "@git.example.com/x.git",
}

#: Recognised only by the name they stand behind.
BY_NAME: dict[str, str] = {
    "word": "swordfish",
    "word-and-digits": "hunter2",
    "digits": "90210417",
    "symbols": "p#s$w0rd!*x",
    "comma": "tra,la+la9",
    "slash": "Zq8/Rt5w+Yb2",
    "hex": _HEX[:40],
    "base64": _B64 + "==",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "bootstrap": "ab12cd.0123456789abcdef",
    "long": _BODY * 8,
}

#: What is left readable of these: who, and to where.
_READABLE = {
    "slack-webhook": "https://hooks.slack.com/services/",
    "discord-webhook": "https://discord.com/api/webhooks/123456789012345678/",
    "teams-webhook": "https://corp.webhook.office.com/",
    "telegram": "12345678",
    "terraform": _BODY[:14],
    "azure-client": "abc",
    "oracle": "jdbc:oracle:thin:scott/",
    "go-socket": "app:",
    "bearer": "Bearer ",
    "basic": "Basic ",
    "url-password": "postgres://app:",
    "url-password-at": "amqp://app:",
    "url-token": "https://",
    "vault-old": " s.",
}
_READABLE_AFTER = {
    "url-password": "@db.shop:5432/shop",
    "oracle": "@db:1521/orcl",
    "go-socket": "@tcp(db:3306)/shop",
    "url-password-at": "@mq.shop/vhost",
    "url-token": "@git.example.com/x.git",
}


def secret_of(kind: str) -> str:
    """The part of a canary that nobody may see."""
    whole = {**BY_SHAPE, **BY_NAME}[kind]
    return whole.removeprefix(_READABLE.get(kind, "")).removesuffix(_READABLE_AFTER.get(kind, ""))


def leaks(kind: str, shown: str) -> bool:
    """Whether any telling piece of a canary is in ``shown``: its middle, or a line of it."""
    secret = secret_of(kind)
    pieces = [line for line in secret.split("\n") if len(line) > 30] if "\n" in secret else [secret]
    return any(
        piece in shown or piece[2:-2] in shown or piece[len(piece) // 2 :] in shown
        for piece in pieces
    )


#: Passwords such as people choose or programs make: with a digit or a sign among the letters.
TELLING = {kind: BY_NAME[kind] for kind in ("word-and-digits", "symbols", "hex", "bootstrap")}

#: Sentences in which a program tells one.
SENTENCES: dict[str, Callable[[str], str]] = {
    "is": lambda s: f"INFO The admin password is {s}",
    "for": lambda s: f"Initial password for user admin: {s}",
    "set to": lambda s: f"root password was set to {s}.",
    "quoted": lambda s: f"created bob with password '{s}'",
    "below": lambda s: f"Please use the following password to proceed:\n\n{s}\n\nThis is all.",
    "alone on a line": lambda s: f"<match **>\n  user elastic\n  password {s}\n</match>",
    "key": lambda s: f"using API key: {s}",
}


Place = Callable[[str], Any]


def _pod(**container: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}}


#: Where a credential of a known shape is found whatever it is called.
ANY_PLACE: dict[str, Place] = {
    "env value": lambda s: _pod(env=[{"name": "SETTING", "value": s}]),
    "argument": lambda s: _pod(args=["serve", s]),
    "argument after a sign": lambda s: _pod(args=[f"--setting={s}"]),
    "shell command": lambda s: _pod(command=["sh", "-c", f"run {s} && sleep 1"]),
    "annotation": lambda s: {"kind": "Pod", "metadata": {"annotations": {"example.com/note": s}}},
    "label": lambda s: {"kind": "Pod", "metadata": {"labels": {"note": s}}},
    "name of a field": lambda s: {"kind": "Thing", "spec": {"seen": {s: True}}},
    "name of a field under secrets": lambda s: {"spec": {"secrets": {"a": {s: "x"}}}},
    "ConfigMap value": lambda s: {"kind": "ConfigMap", "data": {"setting": s}},
    "ConfigMap file": lambda s: {
        "kind": "ConfigMap",
        "data": {"a.ini": f"[a]\nb = 1\nc = {s}\nd = 2\n"},
    },
    "binary ConfigMap value": lambda s: {"kind": "ConfigMap", "binaryData": {"setting": _b64(s)}},
    "event": lambda s: {"kind": "Event", "message": f"could not use {s} today"},
    "custom resource": lambda s: {"kind": "Thing", "spec": {"a": {"b": [{"c": s}]}}},
    "nested lists": lambda s: {"kind": "Thing", "spec": {"a": [[[s]]]}},
    "Helm values": lambda s: {"kind": "HelmRelease", "spec": {"values": {"app": {"note": s}}}},
    "values in text": lambda s: {"kind": "HelmRelease", "spec": {"valuesText": f"a: 1\nb: {s}\n"}},
    "webhook address": lambda s: {"webhooks": [{"clientConfig": {"url": f"https://h/{s}"}}]},
    "status": lambda s: {"kind": "Thing", "status": {"conditions": [{"message": f"got '{s}'."}]}},
    "last applied": lambda s: {
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"a": s}),
                "objectset.rio.cattle.io/applied": s,
            }
        }
    },
    "managed fields": lambda s: {"metadata": {"managedFields": [{"manager": s}]}},
}

#: Text in which a credential of a known shape is found.
ANY_TEXT: dict[str, Callable[[str], str]] = {
    "alone": lambda s: s,
    "log line": lambda s: f"2026-11-23T10:00:00Z INFO calling with {s} for shop\nnext line\n",
    "json log": lambda s: json.dumps({"level": "info", "msg": f"calling with {s}", "n": 3}),
    "logfmt": lambda s: f'level=info msg="calling" with="{s}" n=3',
    "error": lambda s: f'Get "https://api/x": "{s}" was not accepted',
    "query": lambda s: f"GET /a?b=1&c={s}&d=2 200",
    "yaml": lambda s: (
        "a:\n  b: |\n" + "".join(f"    {line}\n" for line in s.split("\n")) + "c: 1\n"
    ),
    "in brackets": lambda s: f"[{s}]({s})",
}

#: Where a name gives any credential away.
NAMED_PLACE: dict[str, Place] = {
    "env value": lambda s: _pod(env=[{"name": "DB_PASSWORD", "value": s}]),
    "env, run together": lambda s: _pod(env=[{"name": "MYSQLROOTPASSWORD", "value": s}]),
    "env by key": lambda s: _pod(env=[{"name": "STRIPE_API_KEY", "value": s}]),
    "env connection": lambda s: _pod(env=[{"name": "ConnectionStrings__Default", "value": s}]),
    "flag": lambda s: _pod(args=["serve", f"--token={s}"]),
    "flag and value": lambda s: _pod(command=["serve", "--client-secret", s, "--verbose"]),
    "mysql": lambda s: _pod(command=["mysql", "-uroot", f"-p{s}"]),
    "redis-cli": lambda s: _pod(command=["redis-cli", "-a", s, "ping"]),
    "probe header": lambda s: _pod(
        livenessProbe={"httpGet": {"httpHeaders": [{"name": "X-Auth-Token", "value": s}]}}
    ),
    "lifecycle command": lambda s: _pod(
        lifecycle={"preStop": {"exec": {"command": ["drain", "--password", s]}}}
    ),
    "annotation": lambda s: {"metadata": {"annotations": {"example.com/api-token": s}}},
    "ConfigMap key": lambda s: {"kind": "ConfigMap", "data": {"db-password": s}},
    "ConfigMap file by name": lambda s: {"kind": "ConfigMap", "data": {"password.txt": f"{s}\n"}},
    "ConfigMap .pgpass": lambda s: {"kind": "ConfigMap", "data": {".pgpass": f"h:1:d:u:{s}\nx\n"}},
    "nested ConfigMap": lambda s: {
        "kind": "List",
        "items": [{"kind": "ConfigMap", "data": {"token": s}}],
    },
    "env, bind": lambda s: _pod(env=[{"name": "LDAP_BINDPW", "value": s}]),
    "env, preshared": lambda s: _pod(env=[{"name": "WG_PRESHARED_KEY", "value": s}]),
    "env, community": lambda s: _pod(env=[{"name": "SNMP_COMMUNITY", "value": s}]),
    "rabbitmqctl": lambda s: _pod(command=["rabbitmqctl", "add_user", "bob", s]),
    "openssl": lambda s: _pod(command=["openssl", "enc", "-k", s]),
    "custom resource": lambda s: {"kind": "Thing", "spec": {"auth": {"clientSecret": s}}},
    "custom resource, value": lambda s: {"kind": "Thing", "spec": {"password": {"value": s}}},
    "custom resource, list": lambda s: {"kind": "Thing", "spec": {"tokens": [s], "n": 1}},
    "custom resource, pairs": lambda s: {"spec": {"params": [{"key": "apiKey", "value": s}]}},
    "Helm values": lambda s: {
        "kind": "HelmRelease",
        "spec": {"values": {"db": {"adminPassword": s}}},
    },
    "Helm secrets": lambda s: {"kind": "HelmRelease", "spec": {"values": {"secrets": {"main": s}}}},
    "Helm secrets, deep": lambda s: {"spec": {"values": {"secrets": {"app": {"main": s}}}}},
    "Helm secrets, listed": lambda s: {"spec": {"secrets": [{"name": "a", "data": {"b": s}}]}},
    "SealedSecret template": lambda s: {
        "kind": "SealedSecret",
        "spec": {"encryptedData": {"a": s}, "template": {"data": {"b": s}}},
    },
    "Secret": lambda s: {"kind": "Secret", "data": {"a": _b64(s)}, "stringData": {"b": s}},
    "Secret in a list": lambda s: {"kind": "SecretList", "items": [{"data": {"a": s}}]},
    "Secret in a List": lambda s: {
        "kind": "List",
        "items": [{"kind": "Secret", "stringData": {"a": s}}],
    },
    "Secret in a resource": lambda s: {
        "kind": "ManifestWork",
        "spec": {"manifests": [{"stringData": {"a": s}, "data": {"b": s}, "kind": "Secret"}]},
    },
    "Secret of no shape": lambda s: {"kind": "Secret", "data": s, "stringData": [s]},
    "kustomize literals": lambda s: {
        "secretGenerator": [{"name": "a", "literals": [f"password={s}"]}]
    },
}

#: Text in which a name gives any credential away.
NAMED_TEXT: dict[str, Callable[[str], str]] = {
    "env file": lambda s: f"A=1\nexport DB_PASSWORD={s}\nB=2\n",
    "yaml": lambda s: f"db:\n  password: {s}\n  user: app\n",
    "yaml, quoted": lambda s: f'db:\n  - token: "{s}"\n',
    "yaml block": lambda s: f"secret: |-\n  {s}\n  {s}\nuser: app\n",
    "yaml below": lambda s: f"secret:\n  {s}\nuser: app\n",
    "yaml list": lambda s: f"  tokens:\n  - {s}\n  - {s}\n  user: app\n",
    "yaml flow": lambda s: f"db: {{user: app, password: '{s}', tokens: [\"{s}\"]}}\n",
    "yaml pair": lambda s: f"env:\n- name: API_TOKEN\n  value: {s}\n- name: B\n",
    "json": lambda s: json.dumps({"user": "app", "clientSecret": s, "n": 1}),
    "json, pretty": lambda s: json.dumps({"db": {"password": s}, "tokens": [s, s]}, indent=2),
    "json in json": lambda s: json.dumps({"msg": json.dumps({"password": s})}),
    "json pair": lambda s: json.dumps([{"name": "DB_PASSWORD", "value": s}]),
    "json pair, no blanks": lambda s: json.dumps(
        [{"key": "/x/password", "value": s}], separators=(",", ":")
    ),
    "nginx variable": lambda s: f'set $token "{s}";',
    "ini": lambda s: f"[db]\nuser = app\npassword = {s}\n",
    "toml": lambda s: f'[db]\napi_key = "{s}"\n',
    "properties": lambda s: f"spring.datasource.password={s}\nspring.datasource.user=app\n",
    "xml": lambda s: f"<db><password>{s}</password></db>",
    "xml attribute": lambda s: f'<property name="db.password" value="{s}"/>',
    "npmrc": lambda s: f"//registry.npmjs.org/:_authToken={s}\n",
    "netrc": lambda s: f"machine a.example login bob password {s}\n",
    "redis.conf": lambda s: f"bind 0.0.0.0\nrequirepass {s}\n",
    "nginx": lambda s: f'proxy_set_header Authorization "{s}";',
    "sql": lambda s: f"CREATE USER app IDENTIFIED BY '{s}';",
    "logfmt": lambda s: f"level=info password={s} user=bob",
    "log": lambda s: f"10:00:00 connecting, password: {s} (3 tries)",
    "python": lambda s: f"{{'user': 'app', 'password': '{s}'}}",
    "go": lambda s: f"map[password:{s} user:bob]",
    "query": lambda s: f"GET /cb?access_token={quote(s)}&state=1 200",
    "signed query": lambda s: f"GET /o?X-Amz-Signature={quote(s * 2)}&x=1 200",
    "header": lambda s: f"> X-Api-Key: {s}\n> Accept: */*",
    "authorization": lambda s: f"> Authorization: Token {s}\n> Accept: */*",
    "cookie": lambda s: f"< Set-Cookie: sid={s}; Path=/; HttpOnly\n< X: y",
    "flag": lambda s: f"+ serve --password {s} --verbose",
    "curl": lambda s: f"curl -sf -u bob:{s} https://a.example",
    "mysql": lambda s: f"mysql -h db -uroot -p{s} shop",
    "xml, prefixed": lambda s: f"<a:db><a:password>{s}</a:password></a:db>",
    "xml with attributes": lambda s: f'<password encrypted="false">{s}</password>',
    "xml, cdata": lambda s: f"<password><![CDATA[{s}]]></password>",
    "heredoc": lambda s: f"password = <<-EOF\n{s}\nEOF\nuser = app\n",
    "toml, three quotes": lambda s: f'secret = """\n{s}\n"""\nuser = "app"\n',
    "json, nested value": lambda s: json.dumps({"password": {"value": s}, "user": "app"}),
    "yaml, nested value": lambda s: f"password:\n  value: {s}\nuser: app\n",
    "php": lambda s: f"define('DB_PASSWORD', '{s}');",
    "typescript": lambda s: f"const password: string = '{s}';",
    "rust": lambda s: f'password: Some("{s}")',
    "sql server": lambda s: f"CREATE LOGIN app WITH PASSWORD = N'{s}';",
    "sql, two quotes": lambda s: f'ALTER USER app IDENTIFIED BY "{s}";',
    "nginx header": lambda s: f'proxy_set_header X-Api-Key "{s}";',
    "haproxy": lambda s: f"stats auth admin:{s}",
    "curl, quoted": lambda s: f"curl -sf --user 'bob:{s}' https://a.example",
    "etcdctl": lambda s: f"etcdctl --user root:{s} get x",
    "rabbitmqctl": lambda s: f"rabbitmqctl change_password bob {s}",
    "mc": lambda s: f"mc alias set local http://minio:9000 admin {s}",
    "htpasswd": lambda s: f"htpasswd -bc /etc/users bob {s}",
    "openssl": lambda s: f"openssl rsa -in k -passin pass:{s}",
    "piped": lambda s: f"echo '{s}' | docker login -u bob --password-stdin",
    "chpasswd": lambda s: f"echo 'root:{s}' | chpasswd",
    "redis user": lambda s: f"user default on >{s} ~* +@all",
    "connection string": lambda s: f"Server=db;User Id=sa;Password={s};Encrypt=yes",
    "azure": lambda s: f"AccountName=a;AccountKey={s};EndpointSuffix=core.windows.net",
}

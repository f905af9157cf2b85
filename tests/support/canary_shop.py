"""A namespace in which credentials stand wherever people put them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from testbed.bed import Bed
from tests.support.canaries import BY_SHAPE, leaks

Object = dict[str, Any]

#: Told only by the name they stand behind. Long and odd, so that none is ever there by chance.
NAMED = {
    place: f"Zyx{place.replace('-', '')}9Qw4Lm7Tk"
    for place in (
        "secret-data", "secret-string", "env", "flag", "argument", "annotation", "applied",
        "config-key", "config-file", "config-yaml", "custom-field", "custom-map", "log-line",
        "log-json", "event", "status", "template", "probe-header", "helm-value", "helm-manifest",
        "image", "printed", "reason",
    )
}  # fmt: skip

#: By their shape. The part that stays readable of one of them is a secret part of another.
SHAPES = {kind: value for kind, value in BY_SHAPE.items() if kind != "terraform"}

KIND = "Keeper"
GROUP = "promises.example.com"


def leaked(text: str, *, also: Iterable[str] = ()) -> list[str]:
    """The names of the canaries of which a telling part is in ``text``."""
    found = [place for place, value in NAMED.items() if value[3:-4] in text or _b64(value) in text]
    found += [kind for kind in SHAPES if leaks(kind, text)]
    found += [f"given {value[:12]}" for value in also if value[10:-10] in text or value in text]
    return found


def plant(bed: Bed, namespace: str) -> None:
    """Fill the namespace: one object of each kind that can hold a credential, logs and events."""
    bed.apply([crd()])
    bed.apply(list(objects(namespace)), namespace=namespace)
    bed.apply(list(events(namespace)), namespace=namespace)
    bed.kubelet.put(namespace, {
        "logs": [{"pod": "web-1", "container": "app", "lines": log()}],
        "nodeLogs": {"node-1": {"journal/kubelet": log(), "audit/audit.log": log()}},
    })  # fmt: skip


def crd() -> Object:
    """A kind that keeps whatever it is given, and prints some of it."""
    columns = [
        {"name": "Note", "type": "string", "jsonPath": ".spec.note"},
        {"name": "Params", "type": "string", "jsonPath": ".spec.params"},
        {"name": "Login", "type": "string", "jsonPath": ".spec.auth.printed.password"},
    ]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"keepers.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": KIND, "plural": "keepers", "singular": "keeper"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "additionalPrinterColumns": columns,
                 "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }  # fmt: skip


def objects(namespace: str) -> Iterable[Object]:
    """Everything but events and logs."""
    yield _obj("v1", "Secret", "db", stringData={"password": NAMED["secret-string"]},
               data={"user": _b64(NAMED["secret-data"]), "tls.key": _b64(SHAPES["pem"])})  # fmt: skip
    yield helm_release("shop", namespace=namespace)
    yield _obj("v1", "ConfigMap", "settings", data={
        "db-password": NAMED["config-key"],
        "app.ini": f"[db]\nuser = app\npassword = {NAMED['config-file']}\nhost = db\n",
        "app.yaml": f"db:\n  host: db\n  password: {NAMED['config-yaml']}\n",
        **{f"setting-{at}": value for at, value in enumerate(SHAPES.values())},
        "all.txt": "\n".join(f"line {at} {value} end" for at, value in enumerate(SHAPES.values())),
    })  # fmt: skip
    applied = {"spec": {"env": [{"name": "API_TOKEN", "value": NAMED["applied"]}]}}
    notes = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied),
        "example.com/api-token": NAMED["annotation"],
        **{f"example.com/note-{at}": value for at, value in enumerate(SHAPES.values())},
    }
    spec = _pod_spec("env", "flag", "argument")
    pod = _obj("v1", "Pod", "web-1", spec={**spec, "nodeName": "node-1"}, status={
        "phase": "Running",
        "reason": f"Odd, token={NAMED['reason']}",
        "conditions": [{"type": "Ready", "status": "False", "reason": "Odd",
                        "message": f"login failed: password={NAMED['status']}"}],
        "containerStatuses": [{
            "name": "app", "ready": True, "restartCount": 1, "image": "i", "imageID": "i",
            "containerID": "containerd://b", "state": {"running": {"startedAt": _ago(hours=1)}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error",
                                         "containerID": "containerd://a",
                                         "message": f"token: {NAMED['status']}"}}}],
    })  # fmt: skip
    pod["metadata"] |= {"annotations": notes, "labels": {"app": "web"}}
    yield pod
    selector = {"matchLabels": {"app": "web"}}
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": _pod_spec("template", "flag", "env"),
    }
    template["spec"]["containers"][0]["image"] = (
        f"https://bob:{NAMED['image']}@registry.example.com/web:1"
    )
    yield _obj("apps/v1", "Deployment", "web", spec={"selector": selector, "template": template})
    yield _obj("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    yield _obj(f"{GROUP}/v1", KIND, "keeper", spec={
        "note": SHAPES["url-password"],
        "auth": {"clientSecret": NAMED["custom-field"], "printed": {"password": NAMED["printed"]}},
        "pin": {"password": 90210417},
        "params": [{"name": "apiKey", "value": NAMED["custom-map"]}],
        "shapes": dict(enumerate_names(SHAPES)),
    }, status={"message": f"password={NAMED['status']}"})  # fmt: skip


def events(namespace: str) -> Iterable[Object]:
    """One event for every shape, and one for a name."""
    messages = [f"could not log in, password={NAMED['event']}"]
    messages += [f"could not use {value} today" for value in SHAPES.values()]
    for at, message in enumerate(messages):
        yield _obj("v1", "Event", f"web-1.{at:04}", message=message[:1000], type="Warning",
                   reason=f"Failed{at}", count=1, firstTimestamp=_ago(minutes=5),
                   lastTimestamp=_ago(minutes=1), source={"component": "kubelet"},
                   involvedObject={"apiVersion": "v1", "kind": "Pod", "name": "web-1",
                                   "namespace": namespace})  # fmt: skip


def log() -> list[str]:
    """Lines in the forms programs write."""
    lines = ["starting"]
    for value in SHAPES.values():
        lines += f"INFO calling with {value} for shop".split("\n")
    lines += [
        f"WARN password={NAMED['log-line']} was not accepted",
        json.dumps({"level": "info", "msg": "sign-in", "api_key": NAMED["log-json"]}),
        "ready",
    ]
    return lines


def helm_release(
    name: str,
    *,
    namespace: str,
    revision: int = 1,
    status: str = "deployed",
    values: Mapping[str, Any] | None = None,
    notes: str = "",
) -> Object:
    """A release as Helm 3 and 4 keep it: gzipped JSON, in base64, in a Secret (which is base64)."""
    release = {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": {
            "status": status, "description": "Install complete", "notes": notes,
            "first_deployed": "2026-11-20T10:00:00Z", "last_deployed": "2026-11-23T10:00:00Z",
        },
        "chart": {
            "metadata": {"name": "web", "version": f"1.{revision}.0", "appVersion": "2.0"},
            "values": {"image": {"tag": "2.0"}, "replicas": 1},
        },
        "config": dict(values) if values is not None else {
            "replicas": 2,
            "database": {"host": "db", "password": NAMED["helm-value"]},
            "shapes": dict(enumerate_names(SHAPES)),
        },
        "manifest": f"kind: Secret\nstringData:\n  password: {NAMED['helm-manifest']}\n",
    }  # fmt: skip
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode())).decode()
    secret = _obj("v1", "Secret", f"sh.helm.release.v1.{name}.v{revision}",
                  type="helm.sh/release.v1", data={"release": _b64(packed)})  # fmt: skip
    secret["metadata"] |= {
        "namespace": namespace,
        "labels": {"owner": "helm", "name": name, "status": status, "version": str(revision)},
    }
    return secret


def enumerate_names(values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Each value under a name that gives nothing away."""
    return ((f"entry{at}", value) for at, value in enumerate(values.values()))


def _pod_spec(env: str, flag: str, argument: str) -> Object:
    return {
        "containers": [
            {
                "name": "app",
                "image": "registry.example.com/web:1",
                "env": [
                    {"name": "DB_PASSWORD", "value": NAMED[env]},
                    {"name": "FROM_SECRET",
                     "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                    *({"name": f"SETTING_{at}", "value": value}
                      for at, value in enumerate(SHAPES.values())),
                ],
                "args": [f"--token={NAMED[flag]}", "--client-secret", NAMED[argument],
                         *SHAPES.values()],
                "livenessProbe": {"httpGet": {"port": 80, "path": "/", "httpHeaders": [
                    {"name": "X-Auth-Token", "value": NAMED["probe-header"]}]}},
            }
        ]
    }  # fmt: skip


def _obj(api_version: str, kind: str, name: str, **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def _ago(**span: float) -> str:
    """A moment before now: the API server's clock is the machine's."""
    return f"{datetime.now(UTC) - timedelta(**span):%Y-%m-%dT%H:%M:%SZ}"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

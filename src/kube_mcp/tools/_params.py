"""Parameters that several tools share, each described once: every word is paid for in tokens."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Kind = Annotated[
    str,
    Meta(
        description="As for kubectl: Pod, deploy, ingresses.networking.k8s.io",
        min_length=1,
        max_length=200,
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Namespace = Annotated[str, Meta(max_length=200)]
NamespaceOrAll = Annotated[str, Meta(description="Omit for all", max_length=200)]
LabelSelector = Annotated[str, Meta(description="app=web,tier in (a,b)", max_length=1000)]
FieldSelector = Annotated[
    str, Meta(description="spec.nodeName=n1,status.phase!=Running", max_length=1000)
]
Cursor = Annotated[str, Meta(description="From the previous answer", max_length=2000)]
Since = Annotated[str, Meta(description="Only newer than: 15m, 2h, 1d", max_length=40)]
Pattern = Annotated[str, Meta(max_length=500)]

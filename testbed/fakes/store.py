"""All content the fakes were given, by namespace, changeable while they run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from testbed.fakes.content import Content, Line, Log, LogRule


@dataclass(slots=True)
class Store:
    """``kubelet.yaml`` by namespace, and lines that were appended later."""

    by_namespace: dict[str, Content] = field(default_factory=dict)
    #: Set and replaced whenever a line is appended, so that followers wake up.
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, namespace: str, content: Content) -> None:
        self.by_namespace[namespace] = content

    def drop(self, namespace: str) -> None:
        self.by_namespace.pop(namespace, None)

    def content(self, namespace: str) -> Content:
        """Empty where nothing was given."""
        return self.by_namespace.get(namespace) or Content()

    def all(self) -> Iterator[Content]:
        yield from self.by_namespace.values()

    def append(self, namespace: str, pod: str, container: str, text: str) -> None:
        """One more line of a running container, now."""
        content = self.by_namespace.setdefault(namespace, Content())
        rule = next(
            (
                r
                for r in content.logs
                if (r.pod, r.container, r.previous) == (pod, container, False)
            ),
            None,
        )
        if rule is None:
            log = content.log(pod, container, previous=False)
            rule = LogRule(pod, container, False, log or Log())
            content.logs.insert(0, rule)
        rule.log.listed.append(Line(time.time_ns(), text.encode()))
        self.news.set()
        self.news = asyncio.Event()

"""The whole edge over real HTTP, as the Python SDK's client sees it in every era."""

from __future__ import annotations

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from kube_mcp.server.protocol import build_server
from tests.server import toys
from tests.support import build
from tests.support.serving import serving

ERAS = ["auto", "legacy", "2026-07-28"]
era = pytest.mark.parametrize("mode", ERAS)


@era
async def test_a_client_of_any_era_lists_and_calls_tools(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        tools = (await client.list_tools()).tools
        answer = await client.call_tool("count_pods", {"namespace": "shop"})

        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        assert [tool.name for tool in tools] == sorted(tool.name for tool in toys.ALL)
        assert [each.text for each in answer.content] == ["2 pods"]
        assert not answer.is_error
        assert answer.structured_content is None


async def test_every_tool_says_that_it_only_reads() -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp") as client:
        for tool in (await client.list_tools()).tools:
            assert tool.title
            assert tool.output_schema is None
            assert tool.annotations is not None
            assert tool.annotations.model_dump(exclude_none=True) == {
                "read_only_hint": True,
                "open_world_hint": False,
            }


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_nothing_is_offered_that_is_not_there(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        offered = client.server_capabilities.model_dump(exclude_none=True)
        assert offered == {
            "completions": {},
            "prompts": {"list_changed": False},
            "resources": {"subscribe": False, "list_changed": False},
            "tools": {"list_changed": False},
        }
        assert client.instructions == "Toys to test with."
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("kube-mcp", "1.2.3")


@era
async def test_an_unknown_tool_is_a_protocol_error_with_the_nearest_name(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("count_pod", {})

        assert caught.value.code == -32602
        assert caught.value.message == "There is no tool 'count_pod'. Did you mean 'count_pods'?"


@era
async def test_a_wrong_argument_is_a_tool_error_in_a_sentence(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        answer = await client.call_tool("count_pods", {"namspace": "shop"})

        assert answer.is_error
        assert [each.text for each in answer.content] == [
            "count_pods has no argument 'namspace'. Did you mean 'namespace'?"
        ]


async def test_a_refusal_of_the_cluster_is_a_tool_error_in_a_sentence() -> None:
    cluster = toys.small_cluster()
    cluster.deny("list", "pods")
    shell = toys.shell(toys.host(cluster))
    async with serving(shell) as at, Client(f"{at.url}/mcp") as client:
        answer = await client.call_tool("count_pods", {"namespace": "shop"})

        assert answer.is_error
        (said,) = (each.text for each in answer.content)
        assert "list pods" in said
        assert "Traceback" not in said


async def test_lists_tell_clients_how_long_and_for_whom_they_may_be_kept() -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode="2026-07-28") as client:
        for listed in (
            await client.list_tools(),
            await client.list_prompts(),
            await client.list_resources(),
            await client.list_resource_templates(),
        ):
            assert listed.ttl_ms >= 300_000
            assert listed.cache_scope == "private"
        read = await client.read_resource("k8s://cluster/namespaces")
        assert (read.ttl_ms, read.cache_scope) == (0, "private")


async def test_lists_that_are_the_same_for_everybody_may_be_shared() -> None:
    server = build_server(toys.host(), version="1", instructions="Toys.", lists_are_public=True)
    async with Client(server, mode="2026-07-28") as client:
        assert (await client.list_tools()).cache_scope == "public"
        read = await client.read_resource("k8s://cluster/namespaces")
        assert read.cache_scope == "private"


async def test_a_list_comes_in_pages_when_it_is_longer_than_one() -> None:
    server = build_server(toys.host(), version="1", instructions="Toys.", page_size=4)
    async with Client(server) as client:
        first = await client.list_tools()
        rest = await client.list_tools(cursor=first.next_cursor)

        assert [tool.name for tool in first.tools + rest.tools] == sorted(
            tool.name for tool in toys.ALL
        )
        assert len(first.tools) == 4
        assert rest.next_cursor is None
        with pytest.raises(MCPError, match="not one of this list") as caught:
            await client.list_tools(cursor="bm9uc2Vuc2U")
        assert caught.value.code == -32602


def test_instructions_that_clients_would_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="cut them at 2048"):
        build_server(toys.host(), version="1", instructions="x" * 2048)


@era
async def test_prompts_are_listed_with_their_arguments_and_filled_in(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        listed = {each.name: each for each in (await client.list_prompts()).prompts}
        filled = await client.get_prompt("triage_namespace", {"namespace": "shop"})

        arguments = listed["triage_namespace"].arguments or []
        assert [(each.name, each.required) for each in arguments] == [
            ("namespace", True),
            ("symptom", False),
        ]
        (message,) = filled.messages
        assert 'the Kubernetes namespace "shop"' in message.content.text
        with pytest.raises(MCPError, match="needs the argument 'namespace'") as caught:
            await client.get_prompt("triage_namespace", {})
        assert caught.value.code == -32602


@era
async def test_an_object_has_an_address(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        templates = (await client.list_resource_templates()).resource_templates
        read = await client.read_resource("k8s://cluster/namespaces/shop/Pod/web-1")

        assert [each.uri_template for each in templates] == [
            "k8s://cluster/{kind}/{name}",
            "k8s://cluster/namespaces/{namespace}/{kind}/{name}",
        ]
        (content,) = read.contents
        assert content.mime_type == "application/yaml"
        assert "name: web-1" in content.text


@era
async def test_an_address_that_leads_nowhere_is_named_in_the_error(mode: str) -> None:
    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        for uri in ("k8s://cluster/namespaces/shop/Pod/web-9", "file:///etc/passwd"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.code == -32602
            assert caught.value.data == {"uri": uri}


@era
async def test_names_are_completed_from_the_cluster(mode: str) -> None:
    shell = toys.shell(toys.host(toys.small_cluster(build.deployment("web", namespace="shop"))))
    async with serving(shell) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        template = ResourceTemplateReference(
            uri="k8s://cluster/namespaces/{namespace}/{kind}/{name}"
        )

        async def complete(name: str, value: str, known: dict[str, str]) -> list[str]:
            answer = await client.complete(
                template, {"name": name, "value": value}, context_arguments=known
            )
            return answer.completion.values

        assert await complete("namespace", "s", {}) == ["shop"]
        assert "Deployment" in await complete("kind", "depl", {})
        shop = {"namespace": "shop", "kind": "deploy"}
        assert await complete("name", "", shop) == ["web"]
        prompt = PromptReference(name="triage_namespace")
        answer = await client.complete(prompt, {"name": "namespace", "value": "bill"})
        assert answer.completion.values == ["billing"]


@era
async def test_progress_is_told_to_a_client_that_asks_but_not_at_every_step(mode: str) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    async with serving(toys.shell()) as at, Client(f"{at.url}/mcp", mode=mode) as client:
        answer = await client.call_tool("read_in_steps", {}, progress_callback=hear)

        assert [each.text for each in answer.content] == ["100 read"]
        # A hundred reports within a moment, of which the first is passed on.
        assert told == [(1.0, 100.0, "1 read")]


async def test_several_clusters_add_an_argument_that_names_one() -> None:
    one, two = toys.small_cluster(), toys.small_cluster(build.pod("x", namespace="shop"))
    async with Client(toys_server(one, two)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["count_pods"].input_schema["properties"]["cluster"] == {
            "type": "string",
            "description": "Cluster: one (default), two",
        }
        for given, said in (({}, "2 pods in one"), ({"cluster": "two"}, "3 pods in two")):
            answer = await client.call_tool("count_pods", given)
            assert [each.text for each in answer.content] == [said]
        wrong = await client.call_tool("count_pods", {"cluster": "tow"})
        assert wrong.is_error
        assert [each.text for each in wrong.content] == [
            "There is no cluster 'tow'. Did you mean 'two'?"
        ]


async def test_one_cluster_needs_no_argument_for_it() -> None:
    async with Client(toys_server(toys.small_cluster())) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "cluster" not in tools["count_pods"].input_schema["properties"]
        wrong = await client.call_tool("count_pods", {"cluster": "one"})
        assert wrong.is_error


def toys_server(*servers: object) -> object:
    return build_server(toys.host(*servers), version="1", instructions="Toys.")  # type: ignore[arg-type]

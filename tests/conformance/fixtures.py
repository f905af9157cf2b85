"""What the official conformance suite expects a server to offer, behind our own protocol shell.

The names, texts and flows are the suite's; the scenarios describe them. Nothing of this is part
of the product: it is here so that every scored scenario can be run against the shell.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.message import ServerMessageMetadata

from kube_mcp.errors import InputError
from kube_mcp.server.doors import Doors
from kube_mcp.server.endpoint import McpEndpoint
from kube_mcp.server.host import Asked
from kube_mcp.server.http import HttpShell
from kube_mcp.server.protocol import build_server
from kube_mcp.server.readiness import Readiness
from tests.support.serving import all_is_well

#: One red pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
#: An empty sound: the 44 bytes of a WAV header.
WAV = base64.b64encode(
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00"
).decode()

Answer = types.CallToolResult | types.InputRequiredResult
Run = Callable[[types.CallToolRequestParams, Asked], Awaitable[Answer]]

_KEY = secrets.token_bytes(32)
_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "additionalProperties": False}


def text(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=words)])


def _object(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def _elicit(message: str, properties: dict[str, Any]) -> types.ElicitRequest:
    return types.ElicitRequest(
        params=types.ElicitRequestFormParams(
            message=message, requested_schema=_object(properties, tuple(properties))
        )
    )


def _sample(question: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(
            messages=[types.SamplingMessage(role="user", content=types.TextContent(text=question))],
            max_tokens=max_tokens,
        )
    )


def _signed(state: str) -> str:
    tag = hmac.new(_KEY, state.encode(), hashlib.sha256).hexdigest()
    return f"{state}.{tag}"


def _opened(signed: str | None) -> str:
    state, _, _ = (signed or "").rpartition(".")
    if not hmac.compare_digest(_signed(state), signed or ""):
        raise MCPError(types.INVALID_PARAMS, "requestState is not one that this server gave")
    return state


def _content(responses: Mapping[str, Any] | None, key: str) -> Mapping[str, Any] | None:
    """The form somebody filled in, or None where they did not (properly)."""
    given = (responses or {}).get(key)
    content = getattr(given, "content", None)
    return content if isinstance(content, Mapping) else None


# --- plain answers -------------------------------------------------------------------------------


async def test_simple_text(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return text("This is a simple text response for testing.")


async def test_image_content(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return types.CallToolResult(content=[types.ImageContent(data=PNG, mime_type="image/png")])


async def test_audio_content(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return types.CallToolResult(content=[types.AudioContent(data=WAV, mime_type="audio/wav")])


async def test_embedded_resource(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    inside = types.TextResourceContents(
        uri="test://embedded-resource",
        mime_type="text/plain",
        text="This is an embedded resource content.",
    )
    return types.CallToolResult(content=[types.EmbeddedResource(resource=inside)])


async def test_multiple_content_types(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    inside = types.TextResourceContents(
        uri="test://mixed-content-resource",
        mime_type="application/json",
        text='{"test":"data","value":123}',
    )
    return types.CallToolResult(
        content=[
            types.TextContent(text="Multiple content types test:"),
            types.ImageContent(data=PNG, mime_type="image/png"),
            types.EmbeddedResource(resource=inside),
        ]
    )


async def test_error_handling(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    failed = text("This tool intentionally returns an error for testing")
    failed.is_error = True
    return failed


async def test_tool_with_progress(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    for done in (0.0, 50.0, 100.0):
        await asked.progress(done, 100.0, f"{done:g} of 100")
        await asyncio.sleep(0.25)  # reports closer than 0.2 s are thinned out
    return text("Progress was reported.")


async def json_schema_2020_12_tool(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return text("The schema is what matters.")


async def test_custom_header(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return text(f"The region is {(params.arguments or {}).get('region')}.")


# --- messages and requests on the stream ---------------------------------------------------------


async def test_tool_with_logging(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(asked, words)
        await asyncio.sleep(0.05)
    return text("Logged three times.")


async def test_logging_tool(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    await _log(asked, "Told only to those who asked for it")
    return text("Logged where it was wanted.")


async def _log(asked: Asked, words: str) -> None:
    assert asked.context is not None
    note = types.LoggingMessageNotification(
        params=types.LoggingMessageNotificationParams(level="info", data=words)
    )
    wanted = (asked.context.meta or {}).get("io.modelcontextprotocol/logLevel")
    if wanted is not None or asked.context.protocol_version < "2026":
        await asked.context.session.send_notification(note, asked.context.request_id)


async def test_sampling(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    request = _sample(str((params.arguments or {}).get("prompt", "")))
    answer = await _request(asked, request, types.CreateMessageResult)
    content = answer.content
    return text(f"LLM response: {getattr(content, 'text', content)}")


async def test_elicitation(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    request = _elicit(
        str((params.arguments or {}).get("message", "")),
        {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
    )
    answer = await _request(asked, request, types.ElicitResult)
    return text(f"User response: {answer.action}, content: {json.dumps(answer.content)}")


async def test_elicitation_sep1034_defaults(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    return await _elicited(
        asked,
        {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {
                "type": "string",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": {"type": "boolean", "default": True},
        },
    )


async def test_elicitation_sep1330_enums(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    titled = [
        {"const": f"value{number}", "title": f"{word} Option"}
        for number, word in enumerate(("First", "Second", "Third"), 1)
    ]
    choices = [{**each, "title": each["title"].replace("Option", "Choice")} for each in titled]
    options = ["option1", "option2", "option3"]
    return await _elicited(
        asked,
        {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {"type": "array", "items": {"anyOf": choices}},
        },
    )


async def _elicited(asked: Asked, properties: dict[str, Any]) -> Answer:
    request = types.ElicitRequest(
        params=types.ElicitRequestFormParams(
            message="Please fill this in", requested_schema=_object(properties)
        )
    )
    answer = await _request(asked, request, types.ElicitResult)
    content = json.dumps(answer.content)
    return text(f"Elicitation completed: action={answer.action}, content={content}")


async def _request(asked: Asked, request: Any, result: type[Any]) -> Any:
    assert asked.context is not None
    try:
        # On the stream of the call it belongs to: nobody listens on any other.
        metadata = ServerMessageMetadata(related_request_id=asked.context.request_id)
        return await asked.context.session.send_request(request, result, metadata=metadata)
    except NoBackChannelError as error:
        raise MCPError(types.INVALID_REQUEST, "This server keeps no session to ask in") from error


async def test_streaming_elicitation(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    return types.InputRequiredResult(
        input_requests={"answer": _elicit("What is it?", {"it": {"type": "string"}})}
    )


# --- answers in several rounds -------------------------------------------------------------------


async def test_missing_capability(params: types.CallToolRequestParams, asked: Asked) -> Answer:
    if "sampling" not in _capabilities(asked):
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs a client that can sample",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return text("The client can sample.")


def _capabilities(asked: Asked) -> Mapping[str, Any]:
    assert asked.context is not None
    found = (asked.context.meta or {}).get("io.modelcontextprotocol/clientCapabilities")
    return found if isinstance(found, Mapping) else {}


async def test_input_required_result_elicitation(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    form = _content(params.input_responses, "user_name")
    if form is None or not isinstance(form.get("name"), str):
        return types.InputRequiredResult(
            input_requests={
                "user_name": _elicit("What is your name?", {"name": {"type": "string"}})
            }
        )
    return text(f"Hello, {form['name']}!")


async def test_input_required_result_sampling(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    answer = (params.input_responses or {}).get("capital_question")
    if answer is None:
        return types.InputRequiredResult(
            input_requests={"capital_question": _sample("What is the capital of France?")}
        )
    return text(f"The model says: {_words(answer)}")


def _words(sampled: Any) -> str:
    content = getattr(sampled, "content", None)
    first = content[0] if isinstance(content, list) and content else content
    return str(getattr(first, "text", first))


async def test_input_required_result_list_roots(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    answer = (params.input_responses or {}).get("client_roots")
    if answer is None:
        return types.InputRequiredResult(input_requests={"client_roots": types.ListRootsRequest()})
    roots = [str(root.uri) for root in getattr(answer, "roots", [])]
    return text(f"The client's roots: {', '.join(roots)}")


async def test_input_required_result_request_state(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    if params.request_state is None:
        return types.InputRequiredResult(
            input_requests={"confirm": _elicit("Please confirm", {"ok": {"type": "boolean"}})},
            request_state=_signed("asked-to-confirm"),
        )
    _opened(params.request_state)
    return text("state-ok")


async def test_input_required_result_tampered_state(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    return await test_input_required_result_request_state(params, asked)


async def test_input_required_result_multiple_inputs(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    wanted: dict[str, Any] = {
        "user_name": _elicit("What is your name?", {"name": {"type": "string"}}),
        "greeting": _sample("Generate a greeting", 50),
        "client_roots": types.ListRootsRequest(),
    }
    given = params.input_responses or {}
    if params.request_state is None or not wanted.keys() <= given.keys():
        return types.InputRequiredResult(input_requests=wanted, request_state=_signed("three"))
    _opened(params.request_state)
    return text("All three answers are here.")


async def test_input_required_result_multi_round(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    state = _opened(params.request_state) if params.request_state is not None else ""
    if state == "":
        return types.InputRequiredResult(
            input_requests={
                "step1": _elicit("Step 1: What is your name?", {"name": {"type": "string"}})
            },
            request_state=_signed("round-1"),
        )
    if state == "round-1":
        return types.InputRequiredResult(
            input_requests={
                "step2": _elicit(
                    "Step 2: What is your favorite color?", {"color": {"type": "string"}}
                )
            },
            request_state=_signed("round-2"),
        )
    return text("Both steps are done.")


async def test_input_required_result_capabilities(
    params: types.CallToolRequestParams, asked: Asked
) -> Answer:
    could: dict[str, Any] = {
        "sampling": _sample("Say something"),
        "elicitation": _elicit("Say something", {"it": {"type": "string"}}),
        "roots": types.ListRootsRequest(),
    }
    can = _capabilities(asked)
    requests = {name: request for name, request in could.items() if name in can}
    return types.InputRequiredResult(input_requests=requests) if requests else text("Nothing asked")


#: Keywords of JSON Schema 2020-12 that must reach the client untouched.
_SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "test_custom_header": _object(
        {"region": {"type": "string", "x-mcp-header": "Region"}}, ["region"]
    ),
    "test_sampling": _object({"prompt": {"type": "string"}}, ["prompt"]),
    "test_elicitation": _object({"message": {"type": "string"}}, ["message"]),
    "json_schema_2020_12_tool": _SCHEMA_2020_12,
}

TOOLS: Mapping[str, Run] = {
    run.__name__: run
    for run in (
        json_schema_2020_12_tool,
        test_audio_content,
        test_custom_header,
        test_elicitation,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
        test_embedded_resource,
        test_error_handling,
        test_image_content,
        test_input_required_result_capabilities,
        test_input_required_result_elicitation,
        test_input_required_result_list_roots,
        test_input_required_result_multi_round,
        test_input_required_result_multiple_inputs,
        test_input_required_result_request_state,
        test_input_required_result_sampling,
        test_input_required_result_tampered_state,
        test_logging_tool,
        test_missing_capability,
        test_multiple_content_types,
        test_sampling,
        test_simple_text,
        test_streaming_elicitation,
        test_tool_with_logging,
        test_tool_with_progress,
    )
}

_PROMPTS: Mapping[str, tuple[str, ...]] = {
    "test_input_required_result_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_simple_prompt": (),
}


class FixtureHost:
    """The suite's fixtures as a `kube_mcp.server.host.Host`."""

    def tool_schema(self, name: str) -> Mapping[str, Any] | None:
        return _SCHEMAS.get(name, _NO_ARGUMENTS) if name in TOOLS else None

    async def list_tools(self, asked: Asked) -> Sequence[types.Tool]:
        return [
            types.Tool(
                name=name,
                description=f"Fixture {name} of the conformance suite",
                input_schema=_SCHEMAS.get(name, _NO_ARGUMENTS),
            )
            for name in TOOLS
        ]

    async def call_tool(self, params: types.CallToolRequestParams, asked: Asked) -> Answer:
        if params.name not in TOOLS:
            raise InputError(f"There is no tool '{params.name}'.")
        return await TOOLS[params.name](params, asked)

    async def list_prompts(self, asked: Asked) -> Sequence[types.Prompt]:
        return [
            types.Prompt(
                name=name,
                description=f"Fixture {name} of the conformance suite",
                arguments=[types.PromptArgument(name=each, required=True) for each in arguments],
            )
            for name, arguments in _PROMPTS.items()
        ]

    async def get_prompt(
        self, params: types.GetPromptRequestParams, asked: Asked
    ) -> types.GetPromptResult | types.InputRequiredResult:
        given = params.arguments or {}
        match params.name:
            case "test_simple_prompt":
                return _prompt(types.TextContent(text="This is a simple prompt for testing."))
            case "test_prompt_with_arguments":
                words = f"arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
                return _prompt(types.TextContent(text=f"Prompt with arguments: {words}"))
            case "test_prompt_with_image":
                return _prompt(
                    types.ImageContent(data=PNG, mime_type="image/png"),
                    types.TextContent(text="Please analyze the image above."),
                )
            case "test_prompt_with_embedded_resource":
                inside = types.TextResourceContents(
                    uri=given.get("resourceUri", ""),
                    mime_type="text/plain",
                    text="Embedded resource content for testing.",
                )
                return _prompt(
                    types.EmbeddedResource(resource=inside),
                    types.TextContent(text="Please process the embedded resource above."),
                )
            case "test_input_required_result_prompt":
                form = _content(params.input_responses, "user_context")
                if form is None:
                    question = "What context should the prompt use?"
                    wanted = _elicit(question, {"context": {"type": "string"}})
                    return types.InputRequiredResult(input_requests={"user_context": wanted})
                return _prompt(types.TextContent(text=f"Use this context: {form.get('context')}"))
        raise InputError(f"There is no prompt '{params.name}'.")

    async def list_resources(self, asked: Asked) -> Sequence[types.Resource]:
        return [
            types.Resource(uri=uri, name=name, description=f"Fixture {name}", mime_type=mime_type)
            for uri, name, mime_type in (
                ("test://static-binary", "static-binary", "image/png"),
                ("test://static-text", "static-text", "text/plain"),
                ("test://watched-resource", "watched-resource", "text/plain"),
            )
        ]

    async def list_resource_templates(self, asked: Asked) -> Sequence[types.ResourceTemplate]:
        return [
            types.ResourceTemplate(
                uri_template="test://template/{id}/data",
                name="template",
                description="Fixture template",
                mime_type="application/json",
            )
        ]

    async def read_resource(
        self, params: types.ReadResourceRequestParams, asked: Asked
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        contents: types.TextResourceContents | types.BlobResourceContents
        if uri == "test://static-binary":
            contents = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
        elif uri == "test://static-text":
            words = "This is the content of the static text resource."
            contents = types.TextResourceContents(uri=uri, mime_type="text/plain", text=words)
        elif uri == "test://watched-resource":
            contents = types.TextResourceContents(uri=uri, mime_type="text/plain", text="Watched.")
        elif uri.startswith("test://template/") and uri.endswith("/data"):
            number = uri.removeprefix("test://template/").removesuffix("/data")
            data = {"id": number, "templateTest": True, "data": f"Data for ID: {number}"}
            contents = types.TextResourceContents(
                uri=uri, mime_type="application/json", text=json.dumps(data)
            )
        else:
            raise InputError(f"There is no resource '{uri}'.")
        return types.ReadResourceResult(contents=[contents])

    async def complete(self, params: types.CompleteRequestParams, asked: Asked) -> types.Completion:
        found = [
            name for name in ("paris", "park", "party") if name.startswith(params.argument.value)
        ]
        return types.Completion(values=found, total=len(found), has_more=False)


def _prompt(*contents: Any) -> types.GetPromptResult:
    return types.GetPromptResult(
        messages=[types.PromptMessage(role="user", content=content) for content in contents]
    )


def fixture_server(*, with_sessions: bool = False) -> Server[Any]:
    """The fixtures on our protocol shell; ``with_sessions`` adds what only sessions can have."""
    server = build_server(
        FixtureHost(), version="0", instructions="Fixtures.", lists_are_public=True
    )
    if with_sessions:
        for method, params in (
            ("logging/setLevel", types.SetLevelRequestParams),
            ("resources/subscribe", types.SubscribeRequestParams),
            ("resources/unsubscribe", types.UnsubscribeRequestParams),
        ):
            server.add_request_handler(method, params, _accepted)
    return server


async def _accepted(context: Any, params: Any) -> types.EmptyResult:
    return types.EmptyResult()


def fixture_shell(*, with_sessions: bool = False) -> HttpShell:
    """The HTTP side of the fixtures, as the product has it except for sessions on request."""
    endpoint = McpEndpoint(fixture_server(with_sessions=with_sessions), stateless=not with_sessions)
    return HttpShell(endpoint, version="0", readiness=Readiness(all_is_well), doors=Doors())

"""Against real programs, written into a temporary folder."""

import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from anyio import fail_after

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import ClientCertificate, ExecPlugin
from kube_mcp.kube.exec_plugin import PluginCredentials, run

V1 = "client.authentication.k8s.io/v1"
NOW = 1_800_000_000.0


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops start processes in their own way."""
    return "asyncio", {"use_uvloop": request.param}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def program(folder: Path, body: str) -> str:
    """An executable that runs the Python in ``body`` and counts its runs in ``runs``."""
    path = folder / "plugin"
    path.write_text(
        f"#!{sys.executable} -S\n"
        "import json, os, sys, time\n"
        f"with open({str(folder / 'runs')!r}, 'a') as runs: runs.write('x')\n"
        + textwrap.dedent(body)
    )
    path.chmod(0o700)
    return str(path)


def printing(folder: Path, status: Mapping[str, object], *, version: str = V1) -> str:
    document = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return program(folder, f"print({json.dumps(json.dumps(document))})")


def runs(folder: Path) -> int:
    return (folder / "runs").stat().st_size


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def credentials(command: str, **changes: object) -> PluginCredentials:
    options = {"environ": dict(os.environ), "clock": Clock()} | changes
    return PluginCredentials(ExecPlugin(command, api_version=V1), **options)  # type: ignore[arg-type]


async def problem(command: str, *, timeout_s: float = 20.0, **plugin: object) -> str:
    with pytest.raises(CredentialsError) as caught:
        await run(
            ExecPlugin(command, **plugin),  # type: ignore[arg-type]
            environ={"PATH": "/usr/bin:/bin"},
            timeout_s=timeout_s,
        )
    return str(caught.value)


async def test_the_token_it_prints_signs_requests(tmp_path: Path) -> None:
    plugin = credentials(printing(tmp_path, {"token": "canary\n"}))
    assert await plugin.headers() == {"Authorization": "Bearer canary"}
    assert plugin.certificate() is None
    assert "canary" not in repr(plugin)
    await plugin.headers()
    assert runs(tmp_path) == 1


async def test_the_certificate_it_prints_is_presented(tmp_path: Path) -> None:
    status = {"clientCertificateData": "CERT", "clientKeyData": "canary"}
    plugin = credentials(printing(tmp_path, status))
    assert await plugin.headers() == {}
    assert plugin.certificate() == ClientCertificate(certificate_pem="CERT", key_pem="canary")


async def test_without_one_the_kubeconfigs_certificate_stays(tmp_path: Path) -> None:
    own = ClientCertificate(certificate_file="c", key_file="k")
    plugin = credentials(printing(tmp_path, {"token": "t"}), certificate=own)
    await plugin.headers()
    assert plugin.certificate() == own


async def test_it_is_told_what_is_wanted_and_about_the_cluster(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    command = program(
        tmp_path,
        f"""
        told = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
        with open({str(seen)!r}, "w") as file:
            json.dump([told, sys.argv[1:], os.environ["A"], os.environ["B"], sys.stdin.read()], file)
        print(json.dumps({{"apiVersion": told["apiVersion"], "kind": "ExecCredential",
                          "status": {{"token": "t"}}}}))
        """,
    )
    version = "client.authentication.k8s.io/v1beta1"
    await run(
        ExecPlugin(
            command,
            args=("get", "token"),
            env=(("A", "plugin"),),
            api_version=version,
            cluster={"server": "https://h"},
        ),
        environ={"A": "process", "B": "process"},
        timeout_s=20,
    )
    assert json.loads(seen.read_text()) == [
        {
            "apiVersion": version,
            "kind": "ExecCredential",
            "spec": {"interactive": False, "cluster": {"server": "https://h"}},
        },
        ["get", "token"],
        "plugin",
        "process",
        "",
    ]


# -- expiry -------------------------------------------------------------------------------------


async def test_an_expired_token_is_replaced_before_the_request(tmp_path: Path) -> None:
    clock = Clock()
    plugin = credentials(
        printing(tmp_path, {"token": "t", "expirationTimestamp": at(600)}), clock=clock
    )
    await plugin.headers()
    clock.now += 500
    await plugin.headers()
    assert runs(tmp_path) == 1
    clock.now += 100
    printing(tmp_path, {"token": "t2", "expirationTimestamp": at(1200)})
    assert await plugin.headers() == {"Authorization": "Bearer t2"}
    assert runs(tmp_path) == 2


async def test_a_token_about_to_expire_is_replaced_beside_the_request(tmp_path: Path) -> None:
    clock = Clock()
    plugin = credentials(
        printing(tmp_path, {"token": "t", "expirationTimestamp": at(600)}), clock=clock
    )
    await plugin.headers()
    clock.now += 550
    printing(tmp_path, {"token": "t2", "expirationTimestamp": at(1200)})
    assert await plugin.headers() == {"Authorization": "Bearer t"}
    clock.now += 50  # joins the run that goes on already
    assert await plugin.headers() == {"Authorization": "Bearer t2"}
    assert runs(tmp_path) == 2


async def test_a_renewal_ahead_that_fails_does_not_disturb_while_the_token_is_good(
    tmp_path: Path,
) -> None:
    clock = Clock()
    plugin = credentials(
        printing(tmp_path, {"token": "t", "expirationTimestamp": at(600)}), clock=clock
    )
    await plugin.headers()
    program(tmp_path, "sys.exit(1)")
    clock.now += 590
    assert await plugin.headers() == {"Authorization": "Bearer t"}
    clock.now += 10
    with pytest.raises(CredentialsError, match="failed with exit code 1"):
        await plugin.headers()


async def test_after_a_401_it_runs_again_once(tmp_path: Path) -> None:
    clock = Clock()
    plugin = credentials(printing(tmp_path, {"token": "t"}), clock=clock)
    await plugin.headers()
    clock.now += 60
    printing(tmp_path, {"token": "t2"})
    assert await plugin.refresh() is True
    assert await plugin.headers() == {"Authorization": "Bearer t2"}
    assert runs(tmp_path) == 2


async def test_a_server_that_refuses_everybody_does_not_start_it_for_every_request(
    tmp_path: Path,
) -> None:
    clock = Clock()
    plugin = credentials(printing(tmp_path, {"token": "t"}), clock=clock)
    await plugin.headers()
    for _ in range(5):
        assert await plugin.refresh() is False
    assert runs(tmp_path) == 1
    clock.now += 10
    assert await plugin.refresh() is False  # it ran, and printed the same
    assert runs(tmp_path) == 2


async def test_many_requests_at_once_run_it_once(tmp_path: Path) -> None:
    plugin = credentials(printing(tmp_path, {"token": "t"}))
    answers = await asyncio.gather(*(plugin.headers() for _ in range(20)))
    assert all(answer == {"Authorization": "Bearer t"} for answer in answers)
    assert runs(tmp_path) == 1


async def test_a_request_that_is_cancelled_does_not_stop_the_run_the_next_one_needs(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    document = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "t"}}
    plugin = credentials(
        program(tmp_path, f"open({str(go)!r}).read()\nprint({json.dumps(json.dumps(document))})")
    )
    with fail_after(20):
        first = asyncio.create_task(plugin.headers())
        writer = await asyncio.to_thread(go.open, "w")  # returns once the program has opened it
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(plugin.headers())
        writer.close()
        assert await second == {"Authorization": "Bearer t"}
    assert runs(tmp_path) == 1


async def test_closing_ends_a_run_that_goes_on(tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    plugin = credentials(
        program(tmp_path, f"print(os.getpid())\nfile = open({str(go)!r}, 'w')\ntime.sleep(60)")
    )
    with fail_after(20):
        asking = asyncio.create_task(plugin.headers())
        reader = await asyncio.to_thread(go.open)
        await plugin.aclose()
        assert await asyncio.to_thread(reader.read) == ""  # ends when the program does
        with pytest.raises(CredentialsError, match="was closed while signing in"):
            await asking
        reader.close()


# -- what goes wrong ----------------------------------------------------------------------------


async def test_a_program_that_is_missing_comes_with_its_install_hint() -> None:
    said = await problem("kube-mcp-no-such-plugin", install_hint="Install it\n\nfrom there.")
    assert said == (
        "The credential plugin 'kube-mcp-no-such-plugin' is not installed here, or not in the PATH "
        "of this process. Install it from there."
    )


async def test_a_program_that_may_not_be_run_says_so(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_text("x")
    assert "cannot be started: Permission denied." in await problem(str(file))


async def test_what_it_complains_of_is_shown_without_credentials(tmp_path: Path) -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLWNhbmFyeQ"
    said = await problem(
        program(
            tmp_path,
            f"""
            print("\\x1b[31mexpired\\x1b[0m session,\\n token={secret}", file=sys.stderr)
            sys.exit(3)
            """,
        )
    )
    assert "failed with exit code 3: expired session, token=<masked" in said
    assert secret not in said
    assert said.endswith("Run it in a terminal to see why.")


async def test_a_long_complaint_is_cut_to_its_end(tmp_path: Path) -> None:
    command = program(tmp_path, "sys.exit('word ' * 1000 + 'the reason')")
    said = await problem(command)
    assert "the reason" in said
    assert len(said) < 800


async def test_a_program_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    command = tmp_path / "plugin"
    command.write_text(f"#!/bin/sh\nsh -c 'exec 3>{go}; sleep 60' & wait\n")
    command.chmod(0o700)
    with fail_after(20):
        asking = asyncio.create_task(problem(str(command), timeout_s=1))
        reader = await asyncio.to_thread(go.open)
        assert "was not done after 1 seconds. Run it in a terminal" in await asking
        assert await asyncio.to_thread(reader.read) == ""
        reader.close()


async def test_output_without_end_is_not_kept(tmp_path: Path) -> None:
    command = program(tmp_path, "sys.stdout.write('x' * 3_000_000)")
    assert "did not print an ExecCredential" in await problem(command)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("", "did not print an ExecCredential. Run it in a terminal"),
        ("canary", "did not print an ExecCredential"),
        ('["canary"]', "did not print an ExecCredential"),
        ('{"kind": "Canary"}', "did not print an ExecCredential"),
        (
            '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1"}',
            f"answered with apiVersion 'client.authentication.k8s.io/v1beta1', and the kubeconfig "
            f"asks for '{V1}'.",
        ),
        (f'{{"kind": "ExecCredential", "apiVersion": "{V1}"}}', "neither a token nor a"),
        (
            f'{{"kind": "ExecCredential", "apiVersion": "{V1}", "status": {{"clientKeyData": "canary"}}}}',
            "neither a token nor a client certificate with its key",
        ),
        (
            f'{{"kind": "ExecCredential", "apiVersion": "{V1}", "status": {{"token": 5}}}}',
            "neither a token nor a",
        ),
    ],
)
async def test_output_that_is_no_credential_is_refused_and_not_quoted(
    tmp_path: Path, output: str, says: str
) -> None:
    said = await problem(program(tmp_path, f"print({output!r})"), api_version=V1)
    assert says in said
    assert "canary" not in said.lower()

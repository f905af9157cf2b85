"""kubectl's corner cases: one test for each row of the table in `kube_mcp.kube.kubeconfig`."""

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from kube_mcp.errors import CredentialsError
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.connection import (
    Anonymous,
    BasicAuth,
    BearerToken,
    BearerTokenFile,
    ClientCertificate,
    ClusterConfig,
    ExecPlugin,
    Impersonation,
)

CASES: dict[str, Callable[["Folder"], None]] = {}


def case(row: str) -> Callable[[Callable[["Folder"], None]], Callable[["Folder"], None]]:
    def register(function: Callable[["Folder"], None]) -> Callable[["Folder"], None]:
        CASES[row] = function
        return function

    return register


class Folder:
    """A folder with kubeconfig files in it, and an environment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ: dict[str, str] = {"KUBECONFIG": str(path / "config")}

    def write(self, name: str, text: str) -> Path:
        (self.path / name).write_text(text)
        return self.path / name

    def kubeconfig(
        self,
        *,
        name: str = "config",
        cluster: Mapping[str, object] | None = None,
        user: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        **top: object,
    ) -> Path:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "home",
            "clusters": [{"name": "c", "cluster": {"server": "https://h:6443", **(cluster or {})}}],
            "users": [{"name": "u", "user": user or {}}],
            "contexts": [{"name": "home", "context": context or {"cluster": "c", "user": "u"}}],
            **top,
        }
        return self.write(name, yaml.safe_dump(document))

    def load(self, path: str = "", *, context: str = "") -> ClusterConfig:
        return kubeconfig.load(path, context=context, environ=self.environ, home=self.path)

    def problem(self, path: str = "", *, context: str = "") -> str:
        with pytest.raises(CredentialsError) as caught:
            self.load(path, context=context)
        return str(caught.value)

    def problem_with(self, **parts: object) -> str:
        self.kubeconfig(**parts)  # type: ignore[arg-type]
        return self.problem()

    def loaded_with(self, **parts: object) -> ClusterConfig:
        self.kubeconfig(**parts)  # type: ignore[arg-type]
        return self.load()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@case("several files in KUBECONFIG")
def _(folder: Folder) -> None:
    first = folder.write("1", "clusters: [{name: c, cluster: {server: 'https://first'}}]")
    second = folder.kubeconfig(name="2", cluster={"server": "https://x", "tls-server-name": "n"})
    folder.environ["KUBECONFIG"] = f"{first}:{second}"
    config = folder.load()
    assert (config.server, config.tls_server_name) == ("https://first", "")
    assert config.origin == f"{first} and {second}"


@case("current-context in several files")
def _(folder: Folder) -> None:
    first = folder.write("1", "current-context: ''")
    second = folder.write("2", "current-context: home")
    third = folder.kubeconfig(name="3", **{"current-context": "away"})
    folder.environ["KUBECONFIG"] = f"{first}:{second}:{third}"
    assert folder.load().context == "home"


@case("a relative path in a file")
def _(folder: Folder) -> None:
    (folder.path / "deep").mkdir()
    folder.write("deep/ca.crt", "x")
    folder.kubeconfig(
        name="deep/config",
        cluster={"certificate-authority": "ca.crt"},
        user={"tokenFile": "../token"},
    )
    folder.environ["KUBECONFIG"] = str(folder.path / "deep/config")
    config = folder.load()
    assert config.ca_file == str(folder.path / "deep/ca.crt")
    assert config.source == BearerTokenFile(str(folder.path / "deep/../token"))


@case("a listed file is missing")
def _(folder: Folder) -> None:
    folder.environ["KUBECONFIG"] = f"{folder.path}/missing::{folder.kubeconfig()}"
    assert folder.load().server == "https://h:6443"


@case("no file at all")
def _(folder: Folder) -> None:
    del folder.environ["KUBECONFIG"]
    assert folder.problem() == (
        f"There is no kubeconfig at {folder.path}/.kube/config. Name one with KUBECONFIG or in "
        "the settings; inside a pod, the ServiceAccount is used without one."
    )
    (folder.path / ".kube").mkdir()
    folder.kubeconfig(name=".kube/config")
    assert folder.load().server == "https://h:6443"


@case("an explicit file is missing")
def _(folder: Folder) -> None:
    folder.kubeconfig()
    assert f"no kubeconfig at {folder.path}/other." in folder.problem(f"{folder.path}/other")


@case("an explicit file and KUBECONFIG")
def _(folder: Folder) -> None:
    folder.kubeconfig()
    other = folder.kubeconfig(name="other", cluster={"server": "https://other"})
    assert folder.load(str(other)).server == "https://other"


@case("an empty file")
def _(folder: Folder) -> None:
    folder.write("config", "")
    assert "has no current-context" in folder.problem()


@case("broken YAML in any file")
def _(folder: Folder) -> None:
    broken = folder.write("1", "users:\n- name: u\n  user: {token: 'canary")
    folder.environ["KUBECONFIG"] = f"{folder.kubeconfig()}:{broken}"
    assert folder.problem() == f"The kubeconfig {broken} is not valid YAML at line 3."
    folder.write("1", "just words")
    assert folder.problem() == f"The kubeconfig {broken} is not one: it holds a str, not a map."


@case("a name twice in one file")
def _(folder: Folder) -> None:
    twice = [{"name": "c", "cluster": {"server": "https://a"}}] * 2
    assert "has the cluster 'c' twice; keep one." in folder.problem_with(clusters=twice)


@case("no current-context")
def _(folder: Folder) -> None:
    said = folder.problem_with(**{"current-context": ""})
    assert "so it is open which cluster is meant. Choose one of its contexts ('home')" in said


@case("an unknown context asked for")
def _(folder: Folder) -> None:
    folder.kubeconfig()
    assert folder.problem(context="homme") == (
        f"There is no context 'homme' in {folder.path}/config. Did you mean 'home'?"
    )
    assert folder.problem(context="zzz").endswith("Its contexts: 'home'.")


@case("a context without a cluster")
def _(folder: Folder) -> None:
    assert "The context 'home' in" in folder.problem_with(context={"user": "u"})
    assert "names no cluster. Set it with" in folder.problem()


@case("a context with an unknown cluster")
def _(folder: Folder) -> None:
    assert folder.problem_with(context={"cluster": "cc"}) == (
        f"The context 'home' names the cluster 'cc', which is not in {folder.path}/config. "
        "Did you mean 'c'?"
    )


@case("a context with an unknown user")
def _(folder: Folder) -> None:
    said = folder.problem_with(context={"cluster": "c", "user": "nobody"})
    assert "names the user 'nobody', which is not in" in said
    assert said.endswith("Its users: 'u'.")


@case("a context without a user")
def _(folder: Folder) -> None:
    assert folder.loaded_with(context={"cluster": "c"}).source == Anonymous()


@case("a context without a namespace")
def _(folder: Folder) -> None:
    assert folder.loaded_with().namespace == "default"
    named = {"cluster": "c", "user": "u", "namespace": "shop"}
    assert folder.loaded_with(context=named).namespace == "shop"


@case("a cluster without a server")
def _(folder: Folder) -> None:
    said = folder.problem_with(cluster={"server": ""})
    assert said == (
        f"The cluster 'c' in {folder.path}/config has no server. Set it to https://host:port."
    )


@case("a server without a scheme")
def _(folder: Folder) -> None:
    assert folder.loaded_with(cluster={"server": "h:8080"}).server == "http://h:8080"
    secure = {"server": "h:6443", "insecure-skip-tls-verify": True}
    assert folder.loaded_with(cluster=secure).server == "https://h:6443"
    said = folder.problem_with(cluster={"server": "ftp://h"})
    assert "has the scheme 'ftp'. It must be https://" in said


@case("a server with a path")
def _(folder: Folder) -> None:
    config = folder.loaded_with(cluster={"server": "https://rancher/k8s/clusters/c-1/"})
    assert config.server == "https://rancher/k8s/clusters/c-1"


@case("credentials for an http server")
def _(folder: Folder) -> None:
    config = folder.loaded_with(cluster={"server": "http://h:8080"}, user={"token": "canary"})
    assert (config.source, config.client_certificate) == (Anonymous(), None)


@case("CA as file and data")
def _(folder: Folder) -> None:
    both = {"certificate-authority": "ca.crt", "certificate-authority-data": b64("x")}
    said = folder.problem_with(cluster=both)
    assert "has both certificate-authority and certificate-authority-data. Remove one" in said


@case("CA file cannot be read")
def _(folder: Folder) -> None:
    said = folder.problem_with(cluster={"certificate-authority": "ca.crt"})
    path = folder.path / "ca.crt"
    assert f"certificate-authority {path} cannot be read: No such file or directory." in said


@case("data that is not base64")
def _(folder: Folder) -> None:
    said = folder.problem_with(cluster={"certificate-authority-data": "canary!"})
    assert "certificate-authority-data is not base64 of a PEM text." in said
    assert "canary" not in said
    assert "not base64" in folder.problem_with(cluster={"certificate-authority-data": "/w=="})
    wrapped = {"certificate-authority-data": "LS0t\nLS1C"}
    assert folder.loaded_with(cluster=wrapped).ca_pem == "-----B"


@case("CA together with insecure")
def _(folder: Folder) -> None:
    both = {"certificate-authority-data": b64("x"), "insecure-skip-tls-verify": True}
    assert "Remove insecure-skip-tls-verify" in folder.problem_with(cluster=both)
    alone = folder.loaded_with(cluster={"insecure-skip-tls-verify": True})
    assert alone.insecure_skip_tls_verify


@case("insecure written as text")
def _(folder: Folder) -> None:
    said = folder.problem_with(cluster={"insecure-skip-tls-verify": "false"})
    assert "insecure-skip-tls-verify is a str, not true or false." in said


@case("a number as token")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"token": 12345})
    assert "token is a int, not text. Put it in quotes." in said
    assert "12345" not in said


@case("tokenFile and token")
def _(folder: Folder) -> None:
    config = folder.loaded_with(user={"tokenFile": "/t", "token": "canary"})
    assert config.source == BearerTokenFile("/t", fallback="canary")
    assert "canary" not in repr(config)


@case("tokenFile alone")
def _(folder: Folder) -> None:
    assert folder.loaded_with(user={"tokenFile": "/t"}).source == BearerTokenFile("/t")


@case("token together with a password")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"token": "canary", "username": "ann"})
    assert "has both a token and a user name with password. Remove one of them." in said


@case("token together with exec")
def _(folder: Folder) -> None:
    config = folder.loaded_with(user={"token": "canary", "exec": PLUGIN})
    assert config.source == BearerToken("canary")
    assert "canary" not in repr(config)


@case("user name and password")
def _(folder: Folder) -> None:
    config = folder.loaded_with(user={"username": "ann", "password": "canary"})
    assert config.source == BasicAuth("ann", "canary")
    assert "canary" not in repr(config)


@case("a client certificate without its key")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"token": "t", "client-certificate-data": b64("x")})
    assert "has a client certificate and no client key. Add client-key or client-key-data." in said


@case("a client key without its certificate")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"client-key-data": b64("x")})
    assert "has a client key and no client certificate." in said
    beside = folder.loaded_with(user={"token": "t", "client-key-data": b64("x")})
    assert beside.client_certificate is None


@case("a client certificate as file and data")
def _(folder: Folder) -> None:
    both = {"client-certificate": "a", "client-certificate-data": b64("x"), "client-key": "b"}
    assert "has both client-certificate and client-certificate-data" in folder.problem_with(
        user=both
    )


PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "aws",
    "args": ["eks", "get-token", "--secret=canary"],
    "env": [{"name": "AWS_PROFILE", "value": "canary"}],
    "interactiveMode": "Never",
    "installHint": "Install it.",
}


@case("exec with apiVersion v1alpha1")
def _(folder: Folder) -> None:
    plugin = {**PLUGIN, "apiVersion": "client.authentication.k8s.io/v1alpha1"}
    said = folder.problem_with(user={"exec": plugin})
    assert "The exec plugin of the user 'u' in" in said
    assert "v1alpha1'; only v1 and v1beta1 of" in said


@case("exec v1 without interactiveMode")
def _(folder: Folder) -> None:
    plugin = {**PLUGIN, "interactiveMode": None}
    said = folder.problem_with(user={"exec": plugin})
    assert "has the interactiveMode ''. With apiVersion v1 it must be Never or IfAvailable." in said
    assert "has no command." in folder.problem_with(user={"exec": {**PLUGIN, "command": ""}})


@case("exec v1beta1 without interactiveMode")
def _(folder: Folder) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws"}
    assert folder.loaded_with(user={"exec": plugin}).source == ExecPlugin(
        "aws", api_version="client.authentication.k8s.io/v1beta1", interactive_mode="IfAvailable"
    )


@case("exec with interactiveMode Always")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"exec": {**PLUGIN, "interactiveMode": "Always"}})
    assert "wants a terminal (interactiveMode: Always), and there is none here." in said


@case("exec command with a slash")
def _(folder: Folder) -> None:
    def command(given: str) -> str:
        source = folder.loaded_with(user={"exec": {**PLUGIN, "command": given}}).source
        assert isinstance(source, ExecPlugin)
        assert source.args == ("eks", "get-token", "--secret=canary")
        assert source.env == (("AWS_PROFILE", "canary"),)
        assert source.install_hint == "Install it."
        assert "canary" not in repr(source)
        return source.command

    assert command("aws") == "aws"
    assert command("./bin/aws") == f"{folder.path}/bin/aws"
    assert command("/usr/bin/aws") == "/usr/bin/aws"


@case("exec with provideClusterInfo")
def _(folder: Folder) -> None:
    folder.write("ca.crt", "authority")
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    config = folder.loaded_with(
        cluster={"certificate-authority": "ca.crt", "extensions": [extension, "nonsense"]},
        user={"exec": {**PLUGIN, "provideClusterInfo": True}},
    )
    assert isinstance(config.source, ExecPlugin)
    assert config.source.cluster == {
        "server": "https://h:6443",
        "certificate-authority-data": b64("authority"),
        "config": {"audience": "a"},
    }
    plain = folder.loaded_with(user={"exec": PLUGIN}).source
    assert isinstance(plain, ExecPlugin)
    assert plain.cluster is None


@case("auth-provider")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"auth-provider": {"name": "gcp"}})
    assert "signs in with the auth-provider 'gcp', which kubectl dropped" in said
    assert "gke-gcloud-auth-plugin" in said


@case("as, as-uid, as-groups, as-user-extra")
def _(folder: Folder) -> None:
    config = folder.loaded_with(
        user={
            "token": "t",
            "as": "ann",
            "as-uid": "1",
            "as-groups": ["dev"],
            "as-user-extra": {"team": ["a", "b"]},
        }
    )
    assert config.impersonation == Impersonation("ann", "1", ("dev",), (("team", ("a", "b")),))


@case("as-groups without as")
def _(folder: Folder) -> None:
    said = folder.problem_with(user={"token": "t", "as-groups": ["dev"]})
    assert "but no 'as'. Add the name of the user to act as." in said
    assert "not a map of lists" in folder.problem_with(user={"as-user-extra": {"a": "b"}})
    assert "as-groups is not a list of texts" in folder.problem_with(user={"as-groups": "dev"})


@case("proxy-url with http or https")
def _(folder: Folder) -> None:
    folder.environ |= {"HTTPS_PROXY": "http://env:1", "NO_PROXY": "h"}
    config = folder.loaded_with(cluster={"proxy-url": "http://proxy:3128"})
    assert (config.proxy_url, config.proxy_origin) == ("http://proxy:3128", "proxy-url")


@case("proxy-url with socks5")
def _(folder: Folder) -> None:
    said = folder.problem_with(cluster={"proxy-url": "socks5://u:canary@proxy:1"})
    assert said.startswith("proxy-url asks for a SOCKS proxy (socks5://proxy), which is not")
    said = folder.problem_with(cluster={"proxy-url": "ftp://canary"})
    assert "proxy-url is not the URL of a proxy: its scheme is 'ftp'." in said


@case("proxy from the environment")
def _(folder: Folder) -> None:
    folder.environ["HTTPS_PROXY"] = "http://env:1"
    config = folder.loaded_with()
    assert (config.proxy_url, config.proxy_origin) == ("http://env:1", "HTTPS_PROXY")
    folder.environ["NO_PROXY"] = "other,h"
    assert folder.load().proxy_url == ""


@case("disable-compression")
def _(folder: Folder) -> None:
    assert folder.loaded_with().compress
    assert not folder.loaded_with(cluster={"disable-compression": True}).compress
    assert not folder.loaded_with(cluster={"server": "https://127.0.0.1:6443"}).compress


def rows() -> list[str]:
    found = re.findall(r"^\| (.+?) +\|", kubeconfig.__doc__ or "", re.MULTILINE)
    return [row for row in found if row != "case"]


@pytest.mark.parametrize("row", rows())
def test_a_row_of_the_table_holds(row: str, tmp_path: Path) -> None:
    CASES[row](Folder(tmp_path))


def test_every_case_has_its_row_in_the_table() -> None:
    assert list(CASES) == rows()


# -- beyond the table ---------------------------------------------------------------------------


def test_a_client_certificate_is_taken_from_data_and_from_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("key", "k")
    pair = {"client-certificate-data": b64("canary"), "client-key": "key"}
    config = folder.loaded_with(user=pair)
    assert config.client_certificate == ClientCertificate(
        certificate_pem="canary", key_file=str(tmp_path / "key")
    )
    assert "canary" not in repr(config)


def test_without_credentials_nothing_of_ours_is_left(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("crt", "c")
    config = folder.loaded_with(
        cluster={"tls-server-name": "n"},
        user={"token": "t", "as": "ann", "client-certificate": "crt", "client-key": "crt"},
    ).without_credentials()
    assert (config.source, config.client_certificate, config.impersonation) == (
        Anonymous(),
        None,
        None,
    )
    assert (config.server, config.tls_server_name) == ("https://h:6443", "n")


def test_contexts_are_listed_with_what_is_wrong_with_them(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.kubeconfig(
        contexts=[
            {"name": "home", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
            {"name": "away", "context": {"cluster": "gone", "user": "u"}},
            {"name": "bare", "context": None},
        ]
    )
    config = kubeconfig.read(environ=folder.environ)
    home, away, bare = kubeconfig.contexts(config, environ=folder.environ)
    assert home == kubeconfig.ContextInfo("home", "c", "u", "shop", "https://h:6443", current=True)
    assert not away.current
    assert "names the cluster 'gone'" in away.problem
    assert "names no cluster" in bare.problem


@pytest.mark.parametrize(
    "clusters", [["c"], [{"cluster": {}}], [{"name": 1}], [{"name": "c", "cluster": "x"}]]
)
def test_entries_of_the_wrong_shape_are_refused(tmp_path: Path, clusters: list[object]) -> None:
    said = Folder(tmp_path).problem_with(clusters=clusters)
    assert said.startswith("Each of the clusters in ")


def test_sections_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert "Each of the clusters in" in folder.problem_with(clusters={"c": {}})
    assert "clusters in" in folder.problem_with(clusters=7)
    assert "exec is not a map" in folder.problem_with(user={"exec": "aws"})
    assert "args is not a list of texts" in folder.problem_with(
        user={"exec": {**PLUGIN, "args": [1]}}
    )
    for env in ("x", [{"name": "A", "value": 1}], [{"value": "x"}], ["x"]):
        assert " env" in folder.problem_with(user={"exec": {**PLUGIN, "env": env}})


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("config", "\x00\x01")
    assert "is not valid YAML" in folder.problem()


@pytest.mark.parametrize(
    "server",
    ["https://ann:canary@h:6443", "https://h?canary", "https://h#canary", "https://:canary"],
)
def test_a_server_is_an_address_and_nothing_more(tmp_path: Path, server: str) -> None:
    said = Folder(tmp_path).problem_with(cluster={"server": server})
    assert f"The server of the cluster 'c' in {tmp_path}/config is more than an address." in said
    assert "canary" not in said


def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path: Path) -> None:
    assert kubeconfig.paths(environ={"KUBECONFIG": "~/a:~/a:/b"}) == [Path.home() / "a", Path("/b")]
    assert kubeconfig.paths("~/a", environ={}) == [Path.home() / "a"]

import pytest

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.proxies import is_this_machine, proxy_for

PROXY = {"HTTPS_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("server", "no_proxy", "direct"),
    [
        ("https://api.example.com:6443", "", False),
        ("https://api.example.com:6443", "*", True),
        ("https://api.example.com:6443", "example.com", True),
        ("https://api.example.com:6443", ".example.com", True),
        ("https://api.example.com:6443", "*.example.com", True),
        ("https://example.com", ".example.com", False),
        ("https://example.com", "example.com", True),
        ("https://API.Example.com", "EXAMPLE.com", True),
        ("https://notexample.com", "example.com", False),
        ("https://api.example.com:6443", "example.com:6443", True),
        ("https://api.example.com:6443", "example.com:443", False),
        ("https://api.example.com", "example.com:443", True),
        ("https://api.example.com:6443", "other.com, example.com", True),
        ("https://10.43.0.1", "10.43.0.0/16", True),
        ("https://10.44.0.1", "10.43.0.0/16", False),
        ("https://10.43.0.1", "10.43.0.1", True),
        ("https://10.43.0.1", "10.43.0.1:443", True),
        ("https://10.43.0.1", "10.43.0.1:6443", False),
        ("https://[fd00::1]:443", "fd00::/8", True),
        ("https://[fd00::1]:443", "fd00::1", True),
        ("https://api.example.com", "10.0.0.0/99", False),
        ("https://localhost:6443", "", True),
        ("https://127.0.0.1:6443", "", True),
        ("https://[::1]:6443", "", True),
    ],
)
def test_no_proxy_is_read_as_kubectl_reads_it(server: str, no_proxy: str, direct: bool) -> None:
    url, origin = proxy_for(server, environ={**PROXY, "NO_PROXY": no_proxy})
    assert (url, origin) == (("", "") if direct else ("http://proxy:3128", "HTTPS_PROXY"))


def test_the_variable_of_the_servers_own_scheme_counts_and_capitals_come_first() -> None:
    environ = {"https_proxy": "http://small:1", "HTTP_PROXY": "http://plain:1"}
    assert proxy_for("https://h", environ=environ) == ("http://small:1", "https_proxy")
    assert proxy_for("http://h", environ=environ) == ("http://plain:1", "HTTP_PROXY")
    both = {**environ, "HTTPS_PROXY": "http://large:1", "no_proxy": "g"}
    assert proxy_for("https://h", environ=both) == ("http://large:1", "HTTPS_PROXY")
    assert proxy_for("https://g", environ=both) == ("", "")


def test_a_proxy_without_a_scheme_is_an_http_proxy() -> None:
    environ = {"HTTPS_PROXY": "proxy:3128"}
    assert proxy_for("https://h", environ=environ) == ("http://proxy:3128", "HTTPS_PROXY")


def test_a_proxy_in_the_kubeconfig_is_used_for_this_machine_too() -> None:
    found = proxy_for("https://localhost", proxy_url="http://p:1", environ={"NO_PROXY": "*"})
    assert found == ("http://p:1", "proxy-url")


@pytest.mark.parametrize("url", ["socks5://u:canary@p:1", "ftp://canary", "http://", "canary"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        proxy_for("https://h", proxy_url=url, environ={})
    assert str(caught.value).startswith("proxy-url ")
    assert "canary" not in str(caught.value)


def test_this_machine_is_told_from_others() -> None:
    assert is_this_machine("https://127.0.0.2:6443")
    assert not is_this_machine("https://localhost.example.com")

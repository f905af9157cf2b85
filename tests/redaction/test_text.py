"""How masked text reads: what goes, and how much of what is around it stays."""

from __future__ import annotations

import pytest

from kube_mcp.redaction.text import mask_lines, mask_text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password=hunter2 user=bob", "password=<masked: 7 chars> user=bob"),
        ("password=hunter2,user=bob", "password=<masked: 7 chars>,user=bob"),
        ("(password=hunter2)", "(password=<masked: 7 chars>)"),
        ("password := hunter2", "password := <masked: 7 chars>"),
        ("'password' => 'hunter2'", "'password' => '<masked: 7 chars>'"),
        ('"password" : "hunter2", "n": 1', '"password" : "<masked: 7 chars>", "n": 1'),
        (r'{"password":"hun\"ter2","n":1}', '{"password":"<masked: 9 chars>","n":1}'),
        (r"{\"password\":\"hunter2\",\"n\":1}", r"{\"password\":\"<masked: 7 chars>\",\"n\":1}"),
        (r'"password":"ends with \\","n":1', '"password":"<masked: 12 chars>","n":1'),
        ('password="never closed\nuser=bob', 'password="<masked: 12 chars>\nuser=bob'),
        ("password: correct horse battery\nuser: bob", "password: <masked: 21 chars>\nuser: bob"),
        ("log: password: correct horse", "log: password: <masked: 7 chars> horse"),
        (
            "tokens=[a, 'b', \"c\"]",
            "tokens=[<masked: 1 chars>, '<masked: 1 chars>', \"<masked: 1 chars>\"]",
        ),
        ("tokens={a: b}", "tokens={a: b}"),
        ("headers['token'] = 'abc'", "headers['token'] = '<masked: 3 chars>'"),
        ("token: b'abc'", "token: b'<masked: 3 chars>'"),
        ("a password:hunter2]", "a password:<masked: 7 chars>]"),
        ("//auth-token:8080", "//auth-token:8080"),
        ("secret: |\n  a\n\n  b\nuser: c", "secret: |\n  <masked: 6 chars>\nuser: c"),
        ("secret: >-\n  a\n  b", "secret: >-\n  <masked: 5 chars>"),
        ("secret: |\nuser: c", "secret: |\nuser: c"),
        ("secret: | a | b", "secret: <masked: 7 chars>"),
        (
            "tokens:\n- a\n- b\nuser: c",
            "tokens:\n- <masked: 1 chars>\n- <masked: 1 chars>\nuser: c",
        ),
        ("tokens:\n- name: a\n- b", "tokens:\n- name: a\n- b"),
        ("secrets:\n  - true\n  - x", "secrets:\n  - true\n  - <masked: 1 chars>"),
        (
            "credentials:\n  user: a\n  password: b",
            "credentials:\n  user: a\n  password: <masked: 1 chars>",
        ),
        ("x: secret:\n  - a", "x: secret:\n  - a"),
        ("--token abc --x", "--token <masked: 3 chars> --x"),
        ("--token --x", "--token --x"),
        ("--token", "--token"),
        ("password 'hunter2'", "password '<masked: 7 chars>'"),
        ("insecure-password hunter2", "insecure-password <masked: 7 chars>"),
        ("Authorization: Bearer abc", "Authorization: Bearer <masked: 3 chars>"),
        ("'Authorization': 'Basic YTpi'", "'Authorization': 'Basic <masked: 4 chars>'"),
        ("curl -H 'X-Token: abc' https://x", "curl -H 'X-Token: <masked: 3 chars>' https://x"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: <masked: 8 chars>\nHost: x"),
        ("/o?sig=abc%2Bdef&x=1", "/o?sig=<masked: 9 chars>&x=1"),
        ("/o?code=abc123def456&x=1", "/o?code=<masked: 12 chars>&x=1"),
        ("/o?code=404&token=abc", "/o?code=404&token=<masked: 3 chars>"),
        ("/o?token=abc", "/o?token=<masked: 3 chars>"),
        ("using key 9f86d081884c7d659a2feaa0c55ad015", "using key <masked: 32 chars>"),
        ('auth = "dXNlcjpwYXNz"', 'auth = "<masked: 12 chars>"'),
        ("key: Zq8Rt5wYb2Lm9XvT4KcW", "key: <masked: 20 chars>"),
        ("token=<masked: 20 chars>tail", "token=<masked: 22 chars>"),
        ("<password>a b</password>", "<password><masked: 3 chars></password>"),
        ("<password>never closed", "<password><masked: 12 chars>"),
        ("docker login -u bob -p hunter2 r.io", "docker login -u bob -p <masked: 7 chars> r.io"),
        ("helm registry login -p 'hunter2' r", "helm registry login -p '<masked: 7 chars>' r"),
        (
            "mysql -phunter2\nmysql -psecond x",
            "mysql -p<masked: 7 chars>\nmysql -p<masked: 6 chars> x",
        ),
        ("mysql mongo -phunter2", "mysql mongo -p<masked: 7 chars>"),
        ("password='", "password='"),
        ("--token \nabc", "--token \nabc"),
        (f"password={' ' * 99}x", f"password={' ' * 99}<masked: 1 chars>"),
        ("token ' x", "token ' x"),
        ("curl https://x\n-u bob:hunter2", "curl https://x\n-u bob:hunter2"),
        ("İstanbul password=hunter2", "İstanbul password=<masked: 7 chars>"),
        ("\x1b[31mpass\u200bword\x1b[0m=hunter2", "password=<masked: 7 chars>"),
        ("redis://:hunter2@db:6379/0", "redis://:<masked: 7 chars>@db:6379/0"),
        (
            "https://a:b@c,https://d:e@f",
            "https://a:<masked: 1 chars>@c,https://d:<masked: 1 chars>@f",
        ),
    ],
)
def test_only_the_credential_goes(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_a_name_longer_than_any_is_read_from_its_end() -> None:
    assert mask_text("x" * 200 + "_password=hunter2").endswith("_password=<masked: 7 chars>")


def test_a_name_that_starts_mid_line_is_not_taken_for_a_setting() -> None:
    lead = "x " * 60
    assert mask_text(f"{lead}password=a b") == f"{lead}password=<masked: 1 chars> b"


def test_a_key_without_its_end_goes_as_far_as_it_can_be_one() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEabcdefgh\nabc=\n"
    assert mask_text(key + "[main] started") == "<masked: 46 chars>[main] started"
    far = "x_ " * 20_000
    assert mask_text(f"{key}{far}-----END PRIVATE KEY-----").startswith("<masked: ")
    assert mask_text(f"{key}_ {key}_") == "<masked: 46 chars>_ <masked: 46 chars>_"


def test_an_end_without_a_key_before_it_is_only_a_line() -> None:
    text = "nothing here\nat all.\n-----END PRIVATE KEY-----"
    assert mask_text(text) == text
    assert mask_text("-----END PRIVATE KEY-----") == "-----END PRIVATE KEY-----"


def test_lines_of_a_block_are_masked_as_one_and_keep_their_places() -> None:
    assert mask_lines(["a: 1", "secret: |", "  x", "  y", "b: 2"]) == [
        "a: 1",
        "secret: |",
        "  <masked: 5 chars>",
        None,
        "b: 2",
    ]
    assert mask_lines([]) == []
    assert mask_lines(["a\nb", "c\r\nd"]) == ["a b", "c d"]

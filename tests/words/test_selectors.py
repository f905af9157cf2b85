from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.errors import InputError
from kube_mcp.words import selectors
from kube_mcp.words.selectors import Requirement

WEB = {"app": "web", "tier": "front", "build": "12"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("  ", True),
        ("app=web", True),
        ("app==web", True),
        (" app = web , tier=front ", True),
        ("app=api", False),
        ("app!=api", True),
        ("missing!=x", True),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app in(web)", True),
        ("app notin (api,db)", True),
        ("app notin (web)", False),
        ("missing notin (x)", True),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("! missing", True),
        ("!app", False),
        ("build>11", True),
        ("build<12", False),
        ("app>11", False),
        ("missing>1", False),
        ("app=", False),
        ("app in (,web)", True),
        ("app=in", False),
        ("app,tier=front", True),
        ("app.kubernetes.io/name=web", False),
        ("app=web,tier notin (back),!canary,build>3", True),
    ],
)
def test_a_selector_in_text_selects_what_the_api_server_would(text: str, selected: bool) -> None:
    found = selectors.parse(text)
    assert all(requirement.matches(WEB) for requirement in found) is selected
    assert selectors.check_selector(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("app: web", "Use '=' between name and value: app=web."),
        ('{"app":"web"}', "Use '=' between name and value"),
        ("app='web'", "Leave the quotes out"),
        ("app=web*", "without wildcards"),
        ("app=~web", "without wildcards"),
        ("app=web tier=front", "'tier' follows without a comma."),
        ("app=web and tier=front", "A comma means 'and'"),
        ("app=web;tier=front", "A comma means 'and'"),
        ("app=web && tier=front", "A comma means 'and'"),
        ("app=web or app=api", "for 'or', use 'in (a, b)'"),
        ("app in web", "The values for 'app' are not in round brackets."),
        ("app in (web", "The round bracket after 'app' is never closed."),
        ("app in ()", "There are no values for 'app' in the brackets."),
        ("app=web,", "It ends with a comma."),
        (",app=web", "A label's name is expected where ',' stands."),
        ("app,,tier", "A label's name is expected where ',' stands."),
        ("=web", "A label's name is expected where '=' stands."),
        ("!", "A label's name is expected where the end stands."),
        ("app)x", "After 'app' comes ')', which is no operator."),
        ("app=web)", "')' follows without a comma."),
        ("build>many", "'build' can only be compared with a whole number."),
        ("app=-web", "'-web' is not a value a label can have."),
        ("app=" + "x" * 64, "is not a value a label can have."),
        ("a/b/c=d", "'a/b/c' is not the name of a label."),
        ("/app=d", "'/app' is not the name of a label."),
        ("Example.com/app=d", "'Example.com/app' is not the name of a label."),
        ("äpp=web", "'äpp' is not the name of a label."),
        ("a=b&limit=1", "is not a value a label can have."),
        ("a" * 5000, "at most 4096"),
    ],
)
def test_a_selector_that_cannot_be_parsed_is_refused_with_what_to_write(
    text: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        selectors.check_selector(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 700


def test_the_complaint_is_a_sentence_that_quotes_the_selector() -> None:
    with pytest.raises(InputError) as caught:
        selectors.check_selector("app: web")
    assert caught.value.message == (
        "'app: web' is not a label selector. 'app:' is not the name of a label."
    )


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        (None, False),
        ("app=web", False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "api"}}, False),
        ({"matchLabels": {"app": "web", "missing": ""}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "build", "operator": "Gt", "values": ["11"]}]}, True),
        ({"matchExpressions": [{"key": "build", "operator": "Lt", "values": []}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "in", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"operator": "Exists"}]}, False),
        ({"matchExpressions": ["nonsense"]}, False),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": "In", "values": ["back"]}],
            },
            False,
        ),
    ],
)
def test_a_selector_object_selects_what_a_controller_would(
    selector: object, selected: bool
) -> None:
    assert selectors.matches(selector, WEB) is selected


def test_an_object_without_labels_is_selected_by_what_asks_for_none() -> None:
    assert selectors.matches({}, None)
    assert not selectors.matches({"matchLabels": {"app": "web"}}, None)
    assert not selectors.matches_labels({"app": "web"}, "garbage")


def test_a_plain_map_selects_by_every_pair() -> None:
    assert selectors.matches_labels({"app": "web"}, WEB)
    assert not selectors.matches_labels({"app": "web", "tier": "back"}, WEB)
    assert selectors.matches_labels({}, WEB)
    assert not selectors.matches_labels(None, WEB)


def test_a_selector_object_is_shown_as_the_text_kubectl_takes() -> None:
    selector = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "env", "operator": "In", "values": ["prod", "test"]},
            {"key": "tier", "operator": "NotIn", "values": ["back"]},
            {"key": "zone", "operator": "NotIn", "values": ["a", "b"]},
            {"key": "owner", "operator": "Exists"},
            {"key": "canary", "operator": "DoesNotExist"},
            {"key": "build", "operator": "Gt", "values": ["3"]},
        ],
    }
    text = selectors.text_of(selector)
    assert text == ("app=web,env in (prod,test),tier!=back,zone notin (a,b),owner,!canary,build>3")
    assert selectors.parse(text) == selectors.requirements(selector)
    assert selectors.text_of_labels({"app": "web", "tier": "front"}) == "app=web,tier=front"


def test_field_selectors_are_read_term_by_term() -> None:
    assert selectors.parse_field_selector(r"status.phase!=Running,spec.nodeName=w\,1") == (
        ("status.phase", "!=", "Running"),
        ("spec.nodeName", "=", "w,1"),
    )
    assert selectors.parse_field_selector("involvedObject.name==web-1") == (
        ("involvedObject.name", "=", "web-1"),
    )
    assert selectors.check_field_selector(" metadata.name=web ") == "metadata.name=web"
    assert selectors.parse_field_selector("") == ()


@pytest.mark.parametrize(
    "text",
    ["status.phase", "status.phase in (Running)", "a=b=c", "=x", "status phase=x", "a" * 5000],
)
def test_a_field_selector_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="field selector"):
        selectors.check_field_selector(text)


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda name: name not in ("in", "notin")
)
REQUIREMENTS = st.one_of(
    st.builds(lambda key, value: Requirement(key, "In", (value,)), NAMES, NAMES),
    st.builds(
        lambda key, op, values: Requirement(key, op, tuple(values)),
        NAMES,
        st.sampled_from(["In", "NotIn"]),
        st.lists(NAMES, min_size=1, max_size=4),
    ),
    st.builds(
        lambda key, op: Requirement(key, op), NAMES, st.sampled_from(["Exists", "DoesNotExist"])
    ),
)


@given(st.lists(REQUIREMENTS, max_size=5), st.dictionaries(NAMES, NAMES, max_size=4))
def test_text_and_object_say_the_same(wanted: list[Requirement], labels: dict[str, str]) -> None:
    selector = {
        "matchExpressions": [
            {"key": r.key, "operator": r.operator, "values": list(r.values)} for r in wanted
        ]
    }
    parsed = selectors.parse(selectors.text_of(selector))
    assert parsed == tuple(wanted)
    assert all(r.matches(labels) for r in parsed) is selectors.matches(selector, labels)


@given(st.text(max_size=60) | st.text(alphabet="abin!=(),<> -", max_size=40))
def test_any_text_is_a_selector_or_refused_and_nothing_else(text: str) -> None:
    with suppress(InputError):
        for requirement in selectors.parse(text):
            assert requirement.key
            assert requirement.operator

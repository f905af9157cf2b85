from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.errors import InputError
from kube_mcp.words import quantities


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("1", "1"),
        ("+2", "2"),
        ("-3", "-3"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("100m", "0.1"),
        ("1500m", "1.5"),
        ("250u", "0.00025"),
        ("12345n", "0.000012345"),
        ("1k", "1000"),
        ("1M", "1000000"),
        ("1G", "1e9"),
        ("1T", "1e12"),
        ("1P", "1e15"),
        ("1E", "1e18"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("2Ti", "2199023255552"),
        ("1Pi", "1125899906842624"),
        ("1Ei", "1152921504606846976"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("9e+2", "900"),
    ],
)
def test_every_form_of_the_grammar_is_read(text: str, amount: str) -> None:
    assert quantities.parse(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 Gi",
        "1gi",
        "1KI",
        "1ki",
        "1K",
        "Gi",
        "1GiB",
        "1,5",
        "--1",
        "1e",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "١",
        "1e9999",
        "9" * 65,
        "1m\n",
        "1mm",
    ],
)
def test_what_is_no_quantity_is_refused_and_read_as_none(text: str) -> None:
    with pytest.raises(InputError, match="is not a Kubernetes quantity"):
        quantities.parse(text)
    assert quantities.cpu(text) is None
    assert quantities.bytes_(text) is None


@pytest.mark.parametrize("value", [None, True, [], {}, b"1", float("nan"), float("inf")])
def test_values_of_other_types_are_none_not_zero(value: object) -> None:
    assert quantities.cpu(value) is None
    assert quantities.bytes_(value) is None


def test_the_complaint_quotes_the_value_and_shows_what_would_do() -> None:
    with pytest.raises(InputError) as caught:
        quantities.parse("128MB")
    assert str(caught.value) == (
        "'128MB' is not a Kubernetes quantity. "
        "Write a number with an optional suffix, such as '250m', '2', '128Mi' or '1G'."
    )


def test_plain_json_numbers_are_quantities_too() -> None:
    assert quantities.cpu(2) == 2.0
    assert quantities.cpu(0.25) == 0.25
    assert quantities.bytes_(1e9) == 1_000_000_000


def test_bytes_are_rounded_up_like_the_api_server_does() -> None:
    assert quantities.bytes_("1500m") == 2
    assert quantities.bytes_("0.1Ki") == 103
    assert quantities.bytes_("-.3") == -1


def test_huge_amounts_stop_at_the_largest_the_api_server_knows() -> None:
    assert quantities.bytes_("1e999") == 2**63 - 1
    assert quantities.bytes_("-1e999") == -(2**63 - 1)


@pytest.mark.parametrize(
    ("cores", "text"),
    [
        (0, "0"),
        (0.00001, "1m"),
        (0.25, "250m"),
        (0.9996, "1"),
        (1, "1"),
        (1.5, "1.5"),
        (1.239, "1.24"),
        (10, "10"),
        (64, "64"),
        (100.5, "100.5"),
        (-0.5, "-500m"),
    ],
)
def test_cores_are_shown_short(cores: float, text: str) -> None:
    assert quantities.format_cpu(cores) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (900, "900"),
        (1023, "1023"),
        (1024, "1Ki"),
        (128 * 2**20, "128Mi"),
        (1000 * 2**20, "1000Mi"),
        (2**30 - 1, "1Gi"),
        (int(1.5 * 2**30), "1.5Gi"),
        (int(15.63 * 2**30), "15.6Gi"),
        (100 * 2**30, "100Gi"),
        (3 * 2**40, "3Ti"),
        (5000 * 2**60, "5000Ei"),
        (-(2**20), "-1Mi"),
    ],
)
def test_bytes_are_shown_in_the_unit_a_person_would_choose(count: int, text: str) -> None:
    assert quantities.format_bytes(count) == text


@given(st.integers(min_value=0, max_value=2**62))
def test_formatted_bytes_are_a_quantity_within_five_percent(count: int) -> None:
    back = quantities.bytes_(quantities.format_bytes(count))
    assert back is not None
    assert abs(back - count) <= 0.05 * count


@given(st.floats(min_value=0, max_value=10_000))
def test_formatted_cores_are_a_quantity_near_the_amount(cores: float) -> None:
    back = quantities.cpu(quantities.format_cpu(cores))
    assert back is not None
    assert abs(back - cores) <= max(0.001, 0.005 * cores)


@given(st.decimals(min_value=0, max_value=10**6, places=3), st.sampled_from("numkMGT"))
def test_a_smaller_number_of_the_same_unit_is_a_smaller_amount(number: Decimal, unit: str) -> None:
    assert quantities.parse(f"{number}{unit}") < quantities.parse(f"{number + 1}{unit}")


@given(st.text(max_size=80) | st.integers() | st.floats() | st.none())
def test_no_value_from_a_cluster_makes_the_tolerant_readers_raise(value: object) -> None:
    for read in (quantities.cpu, quantities.bytes_, quantities.number):
        found = read(value)
        assert found is None or -(2**63) <= found <= 2**63

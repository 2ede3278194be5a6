"""Whatever JSON is sent: a sentence, never a crash, and nothing half done."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approdo.api.tests.conftest import node_body

WORDS = [
    "name",
    "type",
    "options",
    "node",
    "last",
    "from",
    "to",
    "delay",
    "by",
    "time_range",
    "states",
    "active",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
    | st.sampled_from(["amazon_vendor", "api", "amazon_vendor.download_orders", "Amazon", "7 days", "all", "2026-05-01"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*WORDS, "region", "configuration"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6) | VALUES

SECTIONS = ["nodes", "time-ranges", "order-download-configurations", "connectors"]


@pytest.mark.parametrize("section", SECTIONS)
@given(body=BODIES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_taken_or_refused_with_a_sentence(section, body, caller):
    if caller.get("/nodes/Amazon").status == 404:
        caller.post("/nodes", node_body("Amazon"))
    before = caller.get(f"/{section}", limit=200).data
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = caller.send("POST", f"/{section}", raw)
    if answer.status == 201:
        assert caller.delete(f"/{section}/{answer.data['id']}").status == 204
    else:
        assert answer.status in (400, 409, 422)
        assert answer.data["detail"]
    assert caller.get(f"/{section}", limit=200).data == before


@given(body=BODIES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_is_made_or_refused_whole(body, caller):
    if caller.get("/time-ranges/1").status == 404:
        caller.post("/time-ranges", {"name": "Range", "last": "7 days"})
    (record,) = caller.get("/time-ranges").data["items"]
    answer = caller.patch(f"/time-ranges/{record['id']}", body)
    (after,) = caller.get("/time-ranges").data["items"]
    assert after == (answer.data if answer.status == 200 else record)

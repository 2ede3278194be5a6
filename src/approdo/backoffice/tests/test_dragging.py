"""Connectors dragged into another order within a procedure, with the mouse, in a real browser."""

import browser

from approdo.processes import records
from approdo.processes.models import Connector, Procedure

pytestmark = browser.MARKS


def drag(page, source, target):
    """Take one thing with the mouse and let it go on another, as a hand does it."""
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=12)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] - 2, steps=4)
    page.mouse.up()


def test_a_connector_that_is_dragged_stays_where_it_was_let_go(opened, connector):
    second = Connector.objects.create(
        name="Second", node=connector.node, type=connector.type, configuration=connector.configuration
    )
    third = Connector.objects.create(
        name="Third", node=connector.node, type=connector.type, configuration=connector.configuration
    )
    names = [connector.name, second.name, third.name]
    procedure = records.save(records.PROCEDURES, {"name": "Quarter", "connectors": names}).record
    page = opened(f"/processes/procedure/{procedure.pk}/change/")
    entries = page.locator("[data-ordered] li")
    assert entries.locator(".ap-text").all_inner_texts() == ["Orders", "Second", "Third"]
    drag(page, entries.nth(0).locator(".ap-handle"), entries.nth(2).locator(".ap-handle"))
    page.wait_for_function("document.querySelector('[data-ordered] li .ap-text').textContent === 'Second'")
    assert entries.locator(".ap-text").all_inner_texts() == ["Second", "Third", "Orders"]
    page.locator("button[name=_save], input[name=_save]").first.click()
    page.wait_for_url("**/processes/procedure/")
    saved = Procedure.objects.get(pk=procedure.pk)
    assert [step.connector.name for step in saved.steps.all()] == ["Second", "Third", "Orders"]

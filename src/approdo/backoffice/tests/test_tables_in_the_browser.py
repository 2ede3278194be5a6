"""An import as somebody does it: a file chosen, its preview, the confirmation."""

import browser

from approdo.catalog.models import SkuRecoding

pytestmark = browser.MARKS


def test_a_file_is_chosen_previewed_and_confirmed(opened, tmp_path):
    SkuRecoding.objects.create(external="X1", sku="A1")
    file = tmp_path / "ricodifica.csv"
    file.write_text("SKU esterno;SKU proprio;Titolo\nX1;B1;Olio\nX2;A2;\nX2;A3;\n", encoding="cp1252")
    page = opened("/catalog/skurecoding/", "it", 390)
    page.get_by_role("link", name="Importa").click()
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Mostra l'anteprima").click()
    page.wait_for_selector("#confirm-import")
    assert page.locator(".ap-tile b").all_inner_texts() == ["1", "1", "0", "1"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Conferma l'importazione").click()
    page.wait_for_url("**/catalog/skurecoding/")
    assert "1 riga aggiunta, 1 riga modificata" in page.locator("body").inner_text()
    assert set(SkuRecoding.objects.values_list("external", "sku", "title")) == {("X1", "B1", "Olio"), ("X2", "A2", "")}

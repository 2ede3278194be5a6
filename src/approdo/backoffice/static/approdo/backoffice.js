// What the forms of the back office do in the browser. The server decides everything again by itself.
"use strict";

(function () {
  function row(input) {
    return input.closest(".field-row") || input.closest(".ap-field") || input.parentElement;
  }

  function valueOf(form, name) {
    const inputs = form.querySelectorAll(`[name="${name}"]`);
    for (const input of inputs) {
      if (input.type === "radio" || input.type === "checkbox") {
        if (input.checked) return input.value;
      } else {
        return input.value;
      }
    }
    return "";
  }

  // A field is shown while another one has one of these values.
  function showWhen(form) {
    const dependants = [...form.querySelectorAll("[data-when]")];
    if (!dependants.length) return;
    const update = function () {
      for (const input of dependants) {
        const wanted = JSON.parse(input.dataset.whenValues);
        row(input).hidden = !wanted.includes(valueOf(form, input.dataset.when));
      }
    };
    form.addEventListener("change", update);
    update();
  }

  // A box is offered while another field has one of these values; one that is not is not sent either.
  function offer(form) {
    const boxes = [...form.querySelectorAll("[data-offered]")];
    if (!boxes.length) return;
    const update = function () {
      for (const box of boxes) {
        const offered = JSON.parse(box.dataset.offeredValues).includes(valueOf(form, box.dataset.offered));
        box.disabled = !offered;
        box.closest("label").parentElement.hidden = !offered;
      }
    };
    form.addEventListener("change", update);
    update();
  }

  // The choices of a select stand in groups; only the group of the chosen type stays.
  function narrow(form) {
    for (const select of form.querySelectorAll("select[data-narrowed-by]")) {
      const master = form.querySelector(`[name="${select.dataset.narrowedBy}"]`);
      if (!master) continue;
      const groups = [...select.querySelectorAll("optgroup")];
      const update = function () {
        const label = master.options[master.selectedIndex]?.textContent.trim();
        for (const group of groups) {
          const fits = group.label === label;
          if (fits && !group.isConnected) select.append(group);
          if (!fits && group.isConnected) group.remove();
        }
        const left = select.querySelectorAll("optgroup option");
        if (!select.value && left.length === 1) select.value = left[0].value;
        if (select.selectedIndex < 0) select.value = "";
      };
      master.addEventListener("change", update);
      update();
    }
  }

  // A box above several that ticks them all.
  function tickAll(form) {
    const groups = new Map();
    for (const box of form.querySelectorAll("input[type=checkbox][data-all]")) {
      groups.set(box.name, [...(groups.get(box.name) || []), box]);
    }
    for (const boxes of groups.values()) {
      const all = boxes[0].cloneNode();
      all.removeAttribute("name");
      all.removeAttribute("data-all");
      all.removeAttribute("value");
      all.id = boxes[0].id + "_all";
      const label = document.createElement("label");
      label.className = "ap-all";
      label.append(all, document.createTextNode(boxes[0].dataset.all));
      const holder = boxes[0].closest("label").parentElement.parentElement;
      holder.prepend(label);
      const update = function () {
        const offered = boxes.filter((box) => !box.disabled);
        const ticked = offered.filter((box) => box.checked).length;
        all.checked = ticked === offered.length;
        all.indeterminate = ticked > 0 && ticked < offered.length;
      };
      all.addEventListener("change", function () {
        for (const box of boxes) if (!box.disabled) box.checked = all.checked;
      });
      form.addEventListener("change", update);
      update();
    }
  }

  // Entries in an order of one's own: added from a select, moved by buttons (or dragged), removed.
  function order(list) {
    const entries = list.querySelector("ol");
    const add = list.querySelector("[data-ordered-add]");
    const update = function () {
      const values = [...entries.querySelectorAll("input")].map((input) => input.value);
      list.querySelector("[data-ordered-empty]").hidden = values.length > 0;
      for (const option of add.options) option.hidden = option.disabled = values.includes(option.value);
      add.value = "";
    };
    add.addEventListener("change", function () {
      if (!add.value) return;
      const entry = list.querySelector("template").content.firstElementChild.cloneNode(true);
      entry.querySelector("input").value = add.value;
      entry.querySelector(".ap-text").textContent = add.selectedOptions[0].textContent;
      entries.append(entry);
      update();
    });
    entries.addEventListener("click", function (event) {
      const entry = event.target.closest("li");
      const move = event.target.closest("[data-ordered-move]");
      if (event.target.closest("[data-ordered-remove]")) entry.remove();
      else if (move && move.dataset.orderedMove < 0 && entry.previousElementSibling) entry.previousElementSibling.before(entry);
      else if (move && move.dataset.orderedMove > 0 && entry.nextElementSibling) entry.nextElementSibling.after(entry);
      if (move) move.focus();
      update();
    });
    update();
  }

  // A button that starts something long says so and cannot be pressed twice.
  function busy(event) {
    const button = event.submitter;
    if (!button || !button.dataset.busy) return;
    setTimeout(function () {
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
      button.textContent = button.dataset.busy;
    });
  }

  // Beside the cells of a narrow list stands the column's name, which begins with a capital letter as in its head.
  function capitalise() {
    for (const cell of document.querySelectorAll("[data-label]")) {
      const label = cell.dataset.label;
      cell.dataset.label = label.charAt(0).toUpperCase() + label.slice(1);
    }
  }

  function copy(event) {
    const button = event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) return;
    navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
  }

  // The address bar may be plain HTTP, where browsers give no clipboard: then the text is left selected.
  function copyText(event) {
    const button = event.target.closest("[data-copy-text]");
    if (!button) return;
    if (!navigator.clipboard) {
      window.getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    navigator.clipboard.writeText(button.dataset.copyText);
    button.firstElementChild.textContent = "check";
  }

  // A picture of time begins at its newest end.
  function scrollToEnd() {
    for (const picture of document.querySelectorAll("[data-scroll-end]")) picture.scrollLeft = picture.scrollWidth;
  }

  document.addEventListener("DOMContentLoaded", function () {
    for (const form of document.querySelectorAll("form")) {
      showWhen(form);
      narrow(form);
      offer(form);
      tickAll(form);
    }
    document.querySelectorAll("[data-ordered]").forEach(order);
    capitalise();
    document.addEventListener("submit", busy);
    document.addEventListener("click", copy);
    document.addEventListener("click", copyText);
    scrollToEnd();
  });
  // Coming back with the browser's own button finds the page as it was left.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) window.location.reload();
  });
})();

// Dialogs of the desk, fields that only some choices need, and the field that a refusal names.

document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-dialog]");
  if (opener) open(document.getElementById(opener.dataset.dialog));
  if (target.closest("[data-close]") || target.matches("dialog")) target.closest("dialog").close();
});

function open(dialog) {
  for (const chooser of dialog.querySelectorAll("select[name=kind]")) fit(chooser);
  dialog.showModal();
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("dialog select[name=kind]")) fit(target);
});

// A disabled fieldset is neither sent nor required; it keeps its place, so nothing jumps.
function fit(chooser) {
  for (const fields of chooser.form.querySelectorAll("fieldset[data-with]")) {
    fields.disabled = !fields.dataset.with.split(" ").includes(chooser.value);
  }
  for (const input of chooser.form.querySelectorAll("[data-needed-by]")) {
    input.required = input.dataset.neededBy === chooser.value;
  }
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const missing = detail.successful ? null : fieldOf(detail.xhr);
  const input = missing && detail.elt.closest("form")?.elements[missing];
  if (!input) return;
  input.setAttribute("aria-invalid", "true");
  input.focus();
});

function fieldOf(request) {
  try {
    return JSON.parse(request.responseText).field;
  } catch {
    return null;  // no answer of ours
  }
}

document.addEventListener("input", ({ target }) => target.removeAttribute("aria-invalid"));

// Dialogs of the desk, and fields that only some choices need.

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
}

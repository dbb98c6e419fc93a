// A second tap on a slow telephone does nothing; the console itself would not act twice either.
for (const form of document.querySelectorAll("form.once")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.busy) event.preventDefault();
    form.dataset.busy = "1";
  });
}
window.addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form.once")) delete form.dataset.busy; });
const refused = document.getElementById("refused");
if (refused) refused.focus();

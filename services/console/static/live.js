// Says on the page itself whether what it shows still moves. Without scripts nothing here is needed: nothing moves then.
const show = (name, on) => document.querySelectorAll(`[data-${name}]`).forEach((each) => { each.hidden = !on; });
document.addEventListener("htmx:sseOpen", () => { show("live", true); show("lost", false); });
document.addEventListener("htmx:sseError", () => { show("live", false); show("lost", true); });
document.addEventListener("htmx:sseClose", (event) => {
  if (event.detail.type === "message") { show("live", false); show("lost", false); }
});

// What is typed is never lost: until the console has kept it, it is kept in this tab, and sent again after signing in.
// What was opened beside the form stays open when a new preview comes. The page works without any of it.
(() => {
  const form = document.getElementById("compose");
  if (!form) return;
  const place = `draft:${form.dataset.draft}`;
  const ours = new Set(["csrf", "version", "tab"]);
  const touched = document.getElementById("touched");
  const read = () => [...new FormData(form)].filter(([name, value]) => !ours.has(name) && typeof value === "string");
  const put = (value) => { try { sessionStorage.setItem(place, JSON.stringify(value)); } catch { /* private windows */ } };
  const taken = () => { try { return JSON.parse(sessionStorage.getItem(place) || "null"); } catch { return null; } };
  const forget = () => { try { sessionStorage.removeItem(place); } catch { /* private windows */ } };
  let typed = 0, again = 0;

  form.addEventListener("input", (event) => {
    typed += 1;
    const field = (event.target.name || "").split(".")[0];
    if (field && !touched.value.split(" ").includes(field)) touched.value = `${touched.value} ${field}`.trim();
    put({ version: form.elements.version.value, fields: read() });
  });
  form.addEventListener("htmx:configRequest", (event) => { event.detail.typed = typed; form.dataset.sent = typed; });
  document.body.addEventListener("draft-saved", () => {
    clearTimeout(again);
    if (String(typed) !== form.dataset.sent) return;
    touched.value = "";
    forget();
  });
  const unkept = (event) => {
    if (event.detail.elt !== form) return;
    const kept = document.getElementById("kept");
    if (kept) kept.textContent = form.dataset.unkept;
    clearTimeout(again);
    again = setTimeout(() => form.dispatchEvent(new Event("input", { bubbles: true })), 3000);
  };
  form.addEventListener("htmx:sendError", unkept);
  form.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status >= 500) unkept(event); });
  form.addEventListener("submit", (event) => {
    if (form.dataset.busy) { event.preventDefault(); return; }
    form.dataset.busy = "1";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.busy; });

  if ("kept" in form.dataset) { // all of it came in, and this page is made of it
    forget();
    history.replaceState(null, "", location.pathname + location.hash);
  }
  const before = taken(), restored = before && Array.isArray(before.fields);
  if (restored) {
    for (const box of form.querySelectorAll('input[type="checkbox"]')) box.checked = false;
    for (const [name, value] of before.fields) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "checkbox") field.checked = field.checked || field.value === value;
        else if (field.type !== "hidden" || name === "touched") field.value = value;
      }
    }
    if (before.version) form.elements.version.value = before.version;
  }

  // What this tab had kept, or was typed before all of this was there, on a slow line: the console has not heard it yet.
  window.addEventListener("load", () => {
    const fields = [...form.querySelectorAll("textarea, input:not([type=hidden]):not([type=checkbox])")];
    const typedEarly = fields.some((each) => each.value !== each.defaultValue);
    if (restored || typedEarly) form.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const beside = document.getElementById("beside");
  let open = new Set(), known = new Set(), top = 0;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== beside) return;
    known = new Set([...beside.querySelectorAll("details[id]")].map((each) => each.id));
    open = new Set([...beside.querySelectorAll("details[id][open]")].map((each) => each.id));
    top = beside.scrollTop;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== beside) return;
    for (const each of beside.querySelectorAll("details[id]")) if (known.has(each.id)) each.open = open.has(each.id);
    beside.scrollTop = top;
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const slot of document.querySelectorAll(".said[id]")) {
      const field = form.querySelector(`[aria-describedby~="${slot.id}"]`);
      if (field && field.tagName !== "FIELDSET") field.toggleAttribute("aria-invalid", !!slot.querySelector(".wrong"));
    }
  });
  const first = document.getElementById("refused") || document.getElementById("h-conflict");
  if (first) first.focus();
})();

// Filter, search and keys of the report. Without it everything is still there, only longer.
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // One plot by type at a time.
  const measure = one("#by-type");
  const panels = all(".types");
  const show = () => panels.forEach((p) => { p.hidden = p.dataset.measure !== measure.value; });
  if (measure) { measure.addEventListener("change", show); show(); document.body.classList.add("chosen"); }

  // Disagreements: the first few, the rest on demand.
  const more = one("#all-disputes");
  if (more) {
    more.hidden = false;
    one(".disputes").classList.add("folded");
    more.addEventListener("click", () => { one(".disputes").classList.remove("folded"); more.remove(); });
  }

  const form = one(".filter");
  if (!form) return;
  form.hidden = false;
  const rows = all(".q");
  const words = new Map();
  const text = (row) => {
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return words.get(row);
  };
  const find = one("#find"), type = one("#type"), chips = all(".chip");

  const apply = () => {
    const wanted = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const groups = {};
    chips.filter((c) => c.getAttribute("aria-pressed") === "true")
      .forEach((c) => (groups[c.dataset.key] ??= []).push(c.dataset.value));
    let count = 0;
    for (const row of rows) {
      const fits = (!type.value || row.dataset.type === type.value)
        && Object.entries(groups).every(([key, values]) => values.includes(row.dataset[key]))
        && wanted.every((word) => text(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    one("#shown").textContent = count === rows.length ? `${count} 题` : `${count} / ${rows.length} 题`;
    one("#none").hidden = count > 0;
  };
  let waiting = 0;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  type.addEventListener("change", apply);
  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    apply();
  }));
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  form.addEventListener("reset", () => {
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    setTimeout(apply);
  });

  // A link to a question opens it, also when the filter hides it.
  const open = (hash) => {
    const row = hash.startsWith("#q-") && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!row) return;
    if (row.hidden) { form.reset(); row.hidden = false; }
    row.open = true;
    row.scrollIntoView({ block: "start" });
    row.querySelector("summary").focus({ preventScroll: true });
  };
  all("[data-open]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    open(link.getAttribute("href"));
  }));
  open(location.hash);

  // "/" searches, Escape leaves the search, arrows go from row to row.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !typing) { event.preventDefault(); find.focus(); find.select(); }
    if (event.key === "Escape" && event.target === find) { find.value = ""; apply(); find.blur(); }
    const here = event.target.closest?.(".q > summary");
    if (here && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const seen = rows.filter((row) => !row.hidden);
      const next = seen[seen.indexOf(here.parentElement) + (event.key === "ArrowDown" ? 1 : -1)];
      next?.querySelector("summary").focus();
    }
  });
})();

// The filters beside the box; each change searches anew.
import { el } from "./dom.js";

const AMOUNT_MS = 250;

export function filters(start, changed) {
  const select = (name, label, options) =>
    el("label.s-filter", el("span", label), el("select", { name, onchange: () => { mark(); changed(); } },
      el("option", { value: "" }, "全部"), options.map(([value, text]) => el("option", { value }, text))));
  let timer = 0;
  const amount = (name, label) =>
    el("label.s-filter.s-amount", el("span", label),
      el("input", { name, type: "number", min: 0, step: "any", inputMode: "decimal", "aria-label": `${label}多少万元`, oninput: () => {
        mark();
        clearTimeout(timer);
        timer = setTimeout(changed, AMOUNT_MS);
      } }), el("span", "万元"));
  const element = el("form.s-filters", { "aria-label": "筛选", onsubmit: (event) => event.preventDefault() },
    select("region", "城市", start.regions.map((r) => [r, r])),
    select("document", "文件", start.documents.map((d) => [d.value, d.name])),
    select("status", "状态", start.statuses.map((s) => [s.value, s.name])),
    select("department", "部门", start.departments.map((d) => [d, d])),
    amount("least", "至少"), amount("most", "至多"),
    el("button.s-link", { type: "button", hidden: true, onclick: () => { clear(); changed(); } }, "清除筛选"));
  const fields = [...element.querySelectorAll("[name]")];
  const button = element.querySelector("button");
  element.elements.region.value = start.region;

  function mark() {
    for (const field of fields) field.classList.toggle("s-chosen", field.value !== "");
    button.hidden = fields.every((field) => field.value === "");
  }

  function clear() {
    for (const field of fields) field.value = "";
    mark();
  }

  function values() {
    const found = {};
    for (const field of fields) {
      if (field.type !== "number") found[field.name] = field.value;
      else found[field.name] = field.value === "" || !field.validity.valid ? null : Number(field.value);
    }
    return found;
  }

  mark();
  return { element, values, clear };
}

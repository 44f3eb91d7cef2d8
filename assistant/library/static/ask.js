// One question in a dialog: what will be done, and sometimes a reason.
import { el } from "./dom.js";

/** Resolves to the reason ("" where none is asked for), or to null when it was called off. */
export function ask(title, lines, action, { reason = false, grave = false } = {}) {
  return new Promise((resolve) => {
    const text = reason && el("textarea", { rows: 4, maxLength: 1000, required: true, id: "reason" });
    const form = el("form", { method: "dialog" },
      el("h2", title), lines.filter(Boolean).map((line) => el("p", line)),
      reason ? el("label", { htmlFor: "reason" }, "原因（上传的人会看到）") : "", text || "",
      el("p.actions", el("button", { type: "button", onclick: () => dialog.close() }, "取消"),
        el(grave ? "button.grave" : "button.primary", { type: "submit", value: "yes" }, action)));
    const dialog = el("dialog", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (text ? text.value : "") : null);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (text) text.focus();
  });
}

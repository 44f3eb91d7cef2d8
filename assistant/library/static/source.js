// The source beside the clauses: the page as a picture where the file has pages, else its text with the clause marked.
import { el } from "./dom.js";

/** A panel for one previewed file; `show(clause)` brings a clause into sight, `at(start, page)` a place. */
export function sourcePanel(preview) {
  const { item, text } = preview;
  const plain = /[\ud800-\udfff]/.test(text) ? null : text;
  const characters = plain === null ? Array.from(text) : null;
  const slice = (start, end) => (plain === null ? characters.slice(start, end).join("") : plain.slice(start, end));
  const length = plain === null ? characters.length : text.length;
  let page = 1;
  let span = null;
  let pictured = preview.drawn;

  const number = el("span", { role: "status" });
  const back = el("button", { type: "button", onclick: () => turn(page - 1) }, "上一页");
  const on = el("button", { type: "button", onclick: () => turn(page + 1) }, "下一页");
  const views = preview.drawn
    ? el("button", { type: "button", onclick: () => { pictured = !pictured; draw(); } })
    : "";
  const body = el("div.sheet", { tabIndex: 0, role: "region", "aria-label": "原件内容" });
  const panel = el("section.source", { "aria-label": "原件" },
    el("div.bar", el("h3", "原件"), number, preview.drawn ? [back, on, views] : "",
      el("a", { href: `/api/library/files/${item.id}/original`, download: item.name }, "下载原件")), body);

  function turn(to) {
    page = Math.min(Math.max(to, 1), preview.pages || 1);
    draw();
  }

  function picture() {
    const shown = page;
    const image = el("img", { alt: `第 ${shown} 页`, src: `/api/library/files/${item.id}/pages/${shown}.png` });
    image.addEventListener("load", () => { panel.dataset.page = String(shown); });
    image.addEventListener("error", () => image.replaceWith(el("p.soft", `第 ${shown} 页的图像没有打开，请看文字或下载原件。`)));
    return image;
  }

  function words() {
    if (!span) return el("pre", text);
    const mark = el("mark", slice(span[0], span[1]));
    requestAnimationFrame(() => mark.scrollIntoView({ block: "center" }));
    return el("pre", slice(0, span[0]), mark, slice(span[1], length));
  }

  function draw() {
    delete panel.dataset.page;
    number.textContent = preview.pages ? `第 ${page} / ${preview.pages} 页` : "";
    back.disabled = page <= 1;
    on.disabled = page >= preview.pages;
    back.hidden = on.hidden = !pictured;
    if (views) views.textContent = pictured ? "看读出的文字" : "看页面图像";
    body.replaceChildren(pictured ? picture() : words());
    body.scrollTop = 0;
  }

  draw();
  return {
    panel,
    at(start, end, onPage) {
      span = [start, end];
      if (pictured && onPage === page && panel.dataset.page) return;
      if (onPage) page = onPage;
      draw();
    },
  };
}

// 两地对照: one matter, two places, clause against clause.
import { badge, el } from "./dom.js";
import { post } from "./wire.js";

export function comparison(root, start) {
  const choice = (name, label, chosen) =>
    el("label.s-filter", el("span", label), el("select", { name }, start.regions.map((r) => el("option", { value: r, selected: r === chosen }, r))));
  const matter = el("input", { name: "matter", required: true, maxLength: 500, placeholder: "一件事，如 升规奖励、检验检测、人才住房", "aria-label": "对照什么" });
  const form = el("form.s-line", { "aria-label": "两地对照", onsubmit: (event) => { event.preventDefault(); run(); } },
    matter, choice("left", "左边", start.regions[0]), choice("right", "右边", start.regions[1]), el("button.s-primary", { type: "submit" }, "对照"));
  const status = el("p.s-note", { role: "status" }, start.regions.length < 2 ? "只收录了一个地区的文件，没有可对照的。" : "写一件事，左右各找相应的条款，一边没有的会写明。");
  const table = el("div", { id: "s-pairs" });
  root.replaceChildren(form, status, table);
  let current = 0;

  async function run() {
    const mine = ++current;
    status.className = "s-note";
    status.textContent = "正在对照……";
    const { left, right } = form.elements;
    try {
      const found = await post("/compare", { matter: matter.value, left: left.value, right: right.value });
      if (mine !== current) return;
      status.textContent = found.remarks.join(" ") || `${found.pairs.length} 组条款，按意思相近的排在同一行。`;
      table.replaceChildren(el("div.s-row.s-captions", el("h3", found.left), el("h3", found.right)),
        ...found.pairs.map((pair) => el("div.s-row", side(pair.left, found.left, found), side(pair.right, found.right, found))));
      if (!found.pairs.length) table.replaceChildren();
    } catch (error) {
      if (mine !== current) return;
      status.className = "s-note s-bad";
      status.textContent = error.message;
    }
  }

  function side(clause, region, found) {
    if (!clause) {
      const none = found.remarks.some((line) => line.startsWith(region));
      return el("div.s-none", none ? `${region}的文件里没有找到相应条款。` : `${region}没有另外对应的条款。`);
    }
    const document = found.documents[clause.document];
    return el("article.s-side", el("h4", `${clause.place} ${clause.title}`, badge(document)), el("p.s-soft", document.title + (document.number ? `（${document.number}）` : "")),
      el("p.s-text", clause.text), clause.offices.length ? el("p.s-soft", clause.offices.map((o) => `${o.role}：${o.names.join("、")}`).join("；")) : "");
  }
}

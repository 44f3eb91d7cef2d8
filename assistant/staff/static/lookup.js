// 查询: one box, results as you type, the clause at the right; every answer of an earlier key is thrown away.
import { badge, el, marked, snippet } from "./dom.js";
import { post, Trouble } from "./wire.js";
import { Detail } from "./detail.js";
import { filters } from "./filters.js";
import { helpPanel } from "./help.js";

const DEBOUNCE_MS = 100;
const SCRIPT_MS = 350; // words to read out are wanted when the typing has ended, not for each half word
const RETRY_MS = 3000;
const SLOW_MS = 400;

export function lookup(root, start) {
  const box = el("input", {
    id: "s-box", type: "text", autocomplete: "off", spellcheck: false, maxLength: 500, role: "combobox",
    placeholder: "字词、问题、条号（409号文第8条）或文号", "aria-label": "查询", "aria-controls": "s-results",
    "aria-expanded": "true", "aria-autocomplete": "list",
  });
  const help = helpPanel();
  const asks = el("button.s-round", { type: "button", id: "s-help", title: "快捷键和说明（?）", "aria-label": "快捷键和说明", onclick: () => help.showModal() }, "?");
  const chosen = filters(start, () => search());
  const status = el("p", { id: "s-status", role: "status" });
  const list = el("ul", { id: "s-results", role: "listbox", "aria-label": "结果" });
  const detail = new Detail(() => box.focus());
  root.replaceChildren(el("div.s-line", box, asks), chosen.element, status, el("div.s-columns", list, detail.element), help);

  let number = 0; // of the last request; answers to earlier ones are thrown away
  let running = null, timer = 0, scriptTimer = 0, typed = 0, found = null, at = -1;

  function later() {
    typed = performance.now();
    clearTimeout(timer);
    timer = setTimeout(search, DEBOUNCE_MS);
  }

  async function search() {
    clearTimeout(timer);
    clearTimeout(scriptTimer);
    const mine = ++number;
    const line = box.value, since = typed || performance.now();
    typed = 0;
    running?.abort();
    running = new AbortController();
    const slow = setTimeout(() => mine === number && say("正在查找……"), SLOW_MS);
    try {
      const answer = await post("/search", { line, ...chosen.values() }, running.signal);
      if (mine !== number) return;
      show(answer);
      list.dataset.line = line;
      list.dataset.took = String(Math.round(performance.now() - since));
      scriptTimer = setTimeout(() => mine === number && script(mine), SCRIPT_MS);
    } catch (error) {
      if (mine !== number || error.name === "AbortError") return;
      trouble(error, mine);
    } finally {
      clearTimeout(slow);
    }
  }

  async function script(mine) {
    const line = box.value.trim();
    if (line.length < 2 || found.kind !== "clauses" || !found.rows.length) return detail.script(null);
    try {
      const words = await post("/script", { question: line, region: chosen.values().region });
      if (mine === number) detail.script({ ...words, question: line, region: chosen.values().region });
    } catch {
      if (mine === number) detail.script(null);
    }
  }

  function trouble(error, mine) {
    list.classList.add("s-stale");
    const line = error instanceof Trouble ? error.message : "页面出错，请刷新。";
    status.className = "s-bad";
    status.replaceChildren(line + (found ? "下面还是上一次的结果。" : ""),
      error.signIn ? el("a.s-link", { href: "/login?next=/staff/" }, "去登录") : "");
    if (error.again) setTimeout(() => mine === number && search(), RETRY_MS);
  }

  function say(text) {
    status.className = "";
    status.replaceChildren(text);
  }

  function show(answer) {
    found = answer;
    list.classList.remove("s-stale");
    if (answer.kind === "start") welcome();
    else {
      list.replaceChildren(...answer.rows.map(row));
      const count = answer.rows.length + answer.more;
      const opened = answer.opened && answer.documents[answer.opened];
      const what = opened ? `《${opened.title}》${opened.number ? `（${opened.number}）` : ""}，共 ${count} 条` : `${count} 条`;
      say([answer.remark, count ? what : ""].filter(Boolean).join(" "));
      detail.script(null);
    }
    select(answer.rows.length ? 0 : -1);
    if (!answer.rows.length) detail.empty(answer.kind === "start" ? "选中的条款显示在这里。" : answer.remark);
  }

  function row(clause, i) {
    const document = found.documents[clause.document];
    const lead = clause.offices[0];
    return el("li", { id: `s-r${i}`, role: "option", "aria-selected": "false", onclick: () => { select(i); detail.element.scrollIntoView({ block: "nearest" }); } },
      el("p.s-head", clause.place ? `${clause.place} ` : "", el("b", clause.title ? marked(clause.title, clause.title_marks) : clause.place ? "" : "前言或结尾")),
      el("p.s-snippet", snippet(clause.text, clause.marks)),
      el("p.s-facts", badge(document, true), el("span", /\d+号$/.exec(document.number)?.[0] || document.region), lead ? el("span", `${lead.role}：${lead.names.slice(0, 2).join("、")}${lead.names.length > 2 ? "等" : ""}`) : ""));
  }

  function welcome() {
    list.replaceChildren(...start.documents.map((d) =>
      el("li.s-document", { role: "option", "aria-selected": "false", onclick: () => { chosen.clear(); box.value = d.name; search(); box.focus(); } }, el("b", d.name))));
    say(`已收录 ${start.documents.length} 份文件。输入字词、问题、条号或文号，结果随打随出。`);
  }

  function select(i) {
    list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    at = i;
    const option = document.getElementById(`s-r${i}`);
    if (i < 0 || !option) return box.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
    detail.show(found.rows[i], found.documents[found.rows[i].document]);
  }

  function move(step) {
    if (found?.rows.length) select(Math.max(0, Math.min(found.rows.length - 1, at + step)));
  }

  box.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  box.addEventListener("compositionend", later);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (step) move(step);
    else if (event.key === "Enter") at >= 0 ? detail.open() : search();
    else if (event.key === "Escape") box.select();
    else return;
    event.preventDefault();
  });

  addEventListener("keydown", (event) => {
    if (!root.offsetParent || event.isComposing || help.open) return;
    const typing = event.target.closest?.("input, textarea, select");
    const alone = !event.altKey && !event.ctrlKey && !event.metaKey;
    const alt = event.altKey && !event.ctrlKey && !event.metaKey;
    const key = (code) => event.code === code && (alt || (alone && !typing));
    if (key("KeyC")) detail.quote();
    else if (key("KeyS")) detail.read();
    else if (event.key === "Escape" && event.target !== box) { box.focus(); box.select(); }
    else if (event.key === "/" && alone && !typing) { box.focus(); box.select(); }
    else if ((event.key === "?" || event.key === "？") && !typing) help.showModal();
    else if (alone && !typing && event.key === "ArrowDown") move(1);
    else if (alone && !typing && event.key === "ArrowUp") move(-1);
    else if (alone && !typing && event.key === "ArrowLeft") detail.step("previous");
    else if (alone && !typing && event.key === "ArrowRight") detail.step("next");
    else return;
    event.preventDefault();
  });
  addEventListener("online", search);

  box.focus();
  search();
}

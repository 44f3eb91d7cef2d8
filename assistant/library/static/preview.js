// The right half: one file, its clauses beside its source, its facts, its account, and the decision about it.
import { el, tell } from "./dom.js";
import { accountPanel } from "./account.js";
import { ask } from "./ask.js";
import { factsForm } from "./facts.js";
import { get, post, remove } from "./net.js";
import { sourcePanel } from "./source.js";
import { changesPanel, named, versionChoice } from "./versions.js";

const BUSY = new Set(["reading", "publishing", "correcting", "withdrawing"]);

function clauseButton(clause, onclick) {
  const own = `${clause.label} ${clause.title}`.trim();
  const above = clause.path.slice(-1).filter((heading) => heading.replace(/\s/g, "") !== own.replace(/\s/g, ""));
  const place = [...above, own].filter(Boolean).join(" › ");
  return el("button.clause", { type: "button", onclick },
    el("span.place", place || "（无编号）", clause.page ? el("span.soft", ` 第 ${clause.page} 页`) : ""),
    el("span.text", clause.text),
    clause.departments.length ? el("span.soft", `部门：${clause.departments.map((d) => d.name + (d.lead ? "（牵头）" : "")).join("、")}`) : "",
    clause.footnotes.map((f) => el("span.soft", `脚注 ${f.mark}：${f.text}`)));
}

/** Arrow keys go from clause to clause. */
function withArrows(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches(".clause")) return;
    event.preventDefault();
    const all = [...list.querySelectorAll(".clause")];
    const next = all[all.indexOf(event.target) + step];
    if (next) { next.focus(); next.click(); }
  });
  return list;
}

function tabs(panels, chosen, onchange) {
  const bar = el("div.tabs", { role: "tablist", "aria-label": "预览" });
  const buttons = panels.map(([key, name, panel], i) => {
    panel.id = `panel-${key}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${key}`);
    return el("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, onclick: () => show(i) }, name);
  });
  function show(i) {
    panels.forEach(([, , panel], j) => { panel.hidden = i !== j; });
    buttons.forEach((button, j) => { button.ariaSelected = String(i === j); button.tabIndex = i === j ? 0 : -1; });
    onchange(panels[i][0]);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    buttons[next].focus();
    show(next);
  });
  bar.append(...buttons);
  show(Math.max(panels.findIndex(([key]) => key === chosen), 0));
  return [bar, panels.map(([, , panel]) => panel), (key) => show(panels.findIndex(([k]) => k === key))];
}

/**
 * The right half of the page.
 * root: its element. start: who is signed in. changed(line): an item is another than the list knows. failed(error).
 */
export function previewer(root, start, { changed, failed }) {
  let tab = "clauses";
  let asked = 0;

  function empty() {
    root.removeAttribute("data-item");
    root.replaceChildren(el("p.empty", "选择左边的一份文件，核对条款和原件，再发布。"));
  }

  async function doing(work, said, refreshed) {
    try {
      const line = await work();
      failed(null);
      if (said) tell(said);
      return line;
    } catch (error) {
      failed(error);
      if (error.conflict && refreshed) await refreshed();
      return null;
    }
  }

  function actions(preview) {
    const { item, may } = preview;
    const path = `/files/${item.id}`;
    const name = `《${item.title || item.name}》`;
    const order = async (answer, verb, body, said) => {
      const line = answer !== null && (await doing(() => post(`${path}/${verb}`, body), said));
      if (line) changed(line);
    };
    const buttons = [];
    if (may.publish) {
      buttons.push(el("button.primary", {
        type: "button", id: "publish", onclick: async () => {
          const replaced = preview.matches.find((m) => m.document_id === preview.version_of);
          const lows = preview.account.lows;
          await order(await ask(`发布${name}？`, [
            `${preview.clauses.length} 条条款将进入问答，企业马上能问到。`,
            replaced ? `它替换已发布的${named(replaced)}；撤回时恢复原来那一版。` : "",
            lows ? `还有 ${lows} 处识别存疑，请确认已对照原件。` : "",
          ], "发布"), "publish", { fingerprint: preview.fingerprint }, "开始发布");
        },
      }, item.state === "withdrawn" ? "再次发布" : "发布"));
    }
    if (may.reject) {
      buttons.push(el("button", {
        type: "button", id: "reject", onclick: async () => {
          const reason = await ask(`退回${name}？`, ["退回的文件不进入问答，可以撤销退回。"], "退回", { reason: true, grave: true });
          await order(reason, "reject", { reason }, "已退回");
        },
      }, "退回"));
    }
    if (may.undo) {
      const rejected = item.state === "rejected";
      buttons.push(el(rejected ? "button" : "button.grave", {
        type: "button", id: "undo", onclick: async () => {
          const lines = rejected ? ["文件回到待审。"] : ["它的条款不再出现在问答里；如果它替换过另一版，恢复那一版。"];
          await order(await ask(rejected ? `撤销退回${name}？` : `撤回${name}？`, lines, rejected ? "撤销退回" : "撤回", { grave: !rejected }), "undo", {}, rejected ? "已回到待审" : "开始撤回");
        },
      }, rejected ? "撤销退回" : "撤回发布"));
    }
    if (may.delete) {
      buttons.push(el("button", {
        type: "button", id: "delete", onclick: async () => {
          const sure = await ask(`删除${item.name}？`, ["原件从文件库删除，不能恢复；操作留在审计里。"], "删除", { grave: true });
          if (sure !== null && (await doing(() => remove(path), "已删除"))) changed(null);
        },
      }, "删除"));
    }
    if (may.undo_facts) {
      buttons.push(el("button", {
        type: "button", id: "undo-facts", onclick: async () => {
          await order(await ask(`撤销对${name}的上次改正？`, ["文件信息回到改正之前，企业马上看到。"], "撤销改正"), "facts/undo", {}, "正在撤销改正");
        },
      }, "撤销上次改正"));
    }
    if (!start.decides && may.undo_facts) return el("p.actions", buttons.slice(-1));
    return start.decides ? el("p.actions", buttons) : el("p.soft", may.publish ? "发布、退回由管理员来做。" : "");
  }

  function head(preview) {
    const { item } = preview;
    return el("div.head",
      el("div", el("h2", item.title || item.name), el("p.soft",
        [item.number, item.name, preview.kind, preview.pages ? `${preview.pages} 页` : "", `${item.uploader} 上传`].filter(Boolean).join(" · "))),
      el(`span.badge.s-${item.state}`, item.state_name), actions(preview));
  }

  function notes(item) {
    return [
      item.error ? el("p.bad", { role: "alert" }, item.error) : "",
      item.reason ? el("p.bad", `退回原因（${item.decider}）：${item.reason}`) : "",
      item.progress ? el("p.soft", { role: "status" }, progressLine(item.progress)) : "",
    ];
  }

  function draw(preview, keep) {
    const source = sourcePanel(preview);
    const list = withArrows(el("div.clauses", { role: "group", "aria-label": "条款" }));
    const pick = (clause, button) => {
      for (const other of list.querySelectorAll('[aria-current="true"]')) other.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
      source.at(clause.start, clause.end, clause.page);
    };
    list.append(...preview.clauses.map((clause) => {
      const button = clauseButton(clause, () => pick(clause, button));
      return button;
    }));
    const clauses = el("div.beside", el("section", { "aria-label": "条款" }, el("div.bar", el("h3", `${preview.clauses.length} 条条款`)), list), source.panel);
    const jump = (start, end, page) => { show("clauses"); source.at(start, end, page); };
    const facts = factsForm(preview, {
      save: (values, drop, seen) => send(preview.item, { values, drop, seen }),
      jump: (fact) => jump(fact.start, fact.start + fact.quote.length, fact.page),
    });
    const doubts = preview.account.lows + preview.account.gaps.length + preview.account.doubts.length;
    const panels = [
      ["clauses", "条款与原件", clauses],
      ["facts", "文件信息", el("div.scroll", facts)],
      ["account", `去向与存疑${doubts ? `（${doubts}）` : ""}`, el("div.scroll", accountPanel(preview.account, (page) => jump(0, 0, page)))],
    ];
    if (preview.changes) {
      panels.push(["changes", `与已发布版本比较（${preview.changes.changed}）`, el("div.scroll", changesPanel(preview.changes))]);
    }
    const [bar, bodies, show] = tabs(panels, keep ? tab : "clauses", (key) => { tab = key; });
    root.replaceChildren(head(preview), ...notes(preview.item).filter(Boolean),
      versionChoice(preview, (id) => send(preview.item, { version_of: id })), bar, ...bodies);
    root.dataset.item = preview.item.id;
    root.dataset.state = preview.item.state;
    root.dataset.saved = String(Number(root.dataset.saved || 0) + 1);
  }

  async function send({ id, state }, body) {
    // Whoever was not the first sees what the other one has done, with the line that says so above it.
    const again = () => get(`/files/${id}/preview`).then((now) => root.dataset.item === id && draw(now, true), () => null);
    const said = state === "published" ? "已保存，正在生效" : "已保存";
    const preview = await doing(() => post(`/files/${id}/facts`, body), said, again);
    if (preview && root.dataset.item === id) {
      draw(preview, true);
      changed(preview.item);
    }
  }

  /** Show an item of the list; `keep` stays on the tab. */
  async function show(line, keep = false) {
    const turn = ++asked;
    if (line.state === "reading" || line.state === "unreadable") {
      const waiting = line.state === "reading";
      root.dataset.item = line.id;
      root.dataset.state = line.state;
      const preview = { item: line, may: { delete: !waiting }, kind: "", pages: 0 };
      root.replaceChildren(head(preview), waiting ? el("p.empty", { role: "status" }, "正在读取；扫描件每页约需十秒，可以先看别的文件。") : el("p.bad", { role: "alert" }, line.error));
      return;
    }
    const preview = await doing(() => get(`/files/${line.id}/preview`));
    if (preview && turn === asked) draw(preview, keep);
  }

  empty();
  return { show, empty };
}

export function progressLine(progress) {
  const share = progress.total ? `（${progress.done} / ${progress.total}）` : "";
  return `${progress.stage}${share}…`;
}

export const busy = (line) => BUSY.has(line.state);

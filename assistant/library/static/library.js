// The library: uploads and the list on the left, one file on the right.
import { el } from "./dom.js";
import { begin, get, Trouble, upload } from "./net.js";
import { busy, previewer, progressLine } from "./preview.js";

const FILTERS = [
  ["waiting", "待审", (l) => ["reading", "staged", "unreadable"].includes(l.state)],
  ["published", "已发布", (l) => ["publishing", "published", "correcting", "withdrawing"].includes(l.state)],
  ["all", "全部", () => true],
];
const OFTEN_MS = 1200;
const SELDOM_MS = 15_000;
const $ = (id) => document.getElementById(id);

let lines = [];
let filter = "waiting";
let chosen = "";
let shownState = "";
let timer = 0;
let drawn = "";
let right = null;

/** Say what went wrong, at the top of the page; null takes it back. */
function failed(error) {
  if (!error) { $("trouble").replaceChildren(); return; }
  const line = error instanceof Trouble ? error.message : "页面出错，请刷新。";
  $("trouble").dataset.passing = String(Boolean(error.again));
  $("trouble").replaceChildren(line, error.signIn ? el("a", { href: "/login?next=/library" }, " 去登录") : "");
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function row(line) {
  const facts = [line.number, line.clauses ? `${line.clauses} 条` : "", line.doubts ? `存疑 ${line.doubts} 处` : "", line.kind, size(line.size)];
  return el("li", el("button.file", {
    type: "button", "aria-current": line.id === chosen ? "true" : null, onclick: () => choose(line.id),
  },
  el("span.name", line.title || line.name), el(`span.badge.s-${line.state}`, line.state_name),
  el("span.soft", facts.filter(Boolean).join(" · ")),
  line.progress ? el("span.soft", progressLine(line.progress),
    line.progress.total ? el("progress", { max: line.progress.total, value: line.progress.done }) : "") : "",
  line.error ? el("span.wrong", line.error) : ""));
}

function draw() {
  const state = JSON.stringify([lines, filter, chosen]);
  if (state === drawn) return;  // a button that is replaced under the finger is not pressed
  drawn = state;
  const focused = document.activeElement && document.activeElement.closest("#files li");
  const at = focused ? [...$("files").children].indexOf(focused) : -1;
  $("filters").replaceChildren(...FILTERS.map(([key, name, fits]) =>
    el("button", { type: "button", "aria-pressed": String(filter === key), onclick: () => { filter = key; draw(); } }, `${name} ${lines.filter(fits).length}`)));
  const shown = lines.filter(FILTERS.find(([key]) => key === filter)[2]);
  $("files").replaceChildren(...(shown.length ? shown.map(row) : [el("li.soft", "没有文件。")]));
  if (at >= 0) $("files").children[Math.min(at, shown.length - 1)]?.querySelector("button")?.focus();
}

function choose(id) {
  chosen = id;
  const line = lines.find((l) => l.id === id);
  draw();
  if (!line) { right.empty(); return; }
  shownState = line.state;
  $("trouble").replaceChildren();
  right.show(line);
}

async function refresh() {
  clearTimeout(timer);
  try {
    lines = await get("/files");
    if ($("trouble").dataset.passing === "true") failed(null);
    draw();
    const line = lines.find((l) => l.id === chosen);
    if (chosen && !line) choose("");
    else if (line && (line.state !== shownState)) {
      shownState = line.state;
      right.show(line, true);
    }
  } catch (error) {
    failed(error);
    if (error.signIn) return;
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, lines.some(busy) ? OFTEN_MS : SELDOM_MS);
}

async function send(file) {
  const bar = el("progress", { max: 1, value: 0, "aria-label": file.name });
  const said = el("span.soft", "上传中");
  const entry = el("li", el("span.name", file.name), bar, said);
  $("uploads").append(entry);
  try {
    const added = await upload(file, (share) => {
      bar.value = share;
      said.textContent = share < 1 ? `已传 ${Math.floor(share * 100)}%` : "存入文件库";
    });
    entry.remove();
    filter = "waiting";
    await refresh();
    if (!chosen && added.length) choose(added[0].id);
  } catch (error) {
    bar.remove();
    said.className = "wrong";
    said.textContent = error.message;
    entry.append(el("button.link", { type: "button", onclick: () => entry.remove() }, "知道了"));
    if (error.signIn) failed(error);
  }
}

async function sendAll(files) {
  for (const file of files) await send(file);  // one after the other: each gets the whole line
}

function uploads(limits) {
  $("limits").textContent = `Word、PDF、扫描件和图片、网页、文本，或它们的 zip；单个不超过 ${limits.bytes / 1024 / 1024} MB，待审不超过 ${limits.waiting} 份。`;
  $("picker").accept = limits.kinds.join(",");
  $("choose").addEventListener("click", () => $("picker").click());
  $("picker").addEventListener("change", async () => {
    const files = [...$("picker").files];
    $("picker").value = "";
    await sendAll(files);
  });
  for (const kind of ["dragenter", "dragover"]) addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").dataset.over = "true";
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) delete $("drop").dataset.over; });
  addEventListener("drop", (event) => {
    event.preventDefault();
    delete $("drop").dataset.over;
    sendAll([...event.dataTransfer.files]);
  });
}

try {
  const start = await begin();
  $("me").replaceChildren(el("a", { href: "/staff/" }, "工作台"), el("span", `${start.person}（${start.role}）`), el("a", { href: "/account" }, "账号"));
  right = previewer($("right"), start, {
    changed: (line) => {
      if (line) {
        shownState = "";
        lines = lines.map((l) => (l.id === line.id ? line : l));
      } else chosen = "";
      if (!line) right.empty();
      refresh();
    },
    failed,
  });
  uploads(start.limits);
  await refresh();
  document.documentElement.dataset.ready = "true";
} catch (error) {
  failed(error);
}

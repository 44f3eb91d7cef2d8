// The workbench: finds the places that the page keeps for us and fills them, tab by tab.
import { el } from "./dom.js";
import { begin, Trouble } from "./wire.js";
import { lookup } from "./lookup.js";
import { callersFile } from "./package.js";
import { comparison } from "./compare.js";

const PLACES = { "s-lookup": lookup, "s-package": callersFile, "s-compare": comparison };

function place(id) {
  const found = document.getElementById(id);
  if (found) return Promise.resolve(found);
  return new Promise((resolve) => {
    const watch = new MutationObserver(() => {
      const element = document.getElementById(id);
      if (!element) return;
      watch.disconnect();
      resolve(element);
    });
    watch.observe(document.documentElement, { childList: true, subtree: true });
  });
}

function signedIn(me, start) {
  const out = el("form", { method: "post", action: "/logout" },
    el("input", { type: "hidden", name: "csrf", value: start.csrf }), el("button.s-link", { type: "submit" }, "退出"));
  me.replaceChildren(el("span", `${start.person}（${start.role}）`),
    start.library ? el("a.s-link", { href: "/library" }, "文件库") : "", el("a.s-link", { href: "/account" }, "账号"), out);
}

async function started(me) {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      return await begin();
    } catch (error) {
      const line = error instanceof Trouble ? error.message : "页面没能打开，请刷新。";
      me.replaceChildren(el("span.s-bad", { role: "alert" }, line),
        error.signIn ? el("a.s-link", { href: "/login?next=/staff/" }, "去登录") : "");
      if (!error.again) return null;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

// Alt+1, Alt+2 … go to the tabs.
addEventListener("keydown", (event) => {
  const number = event.altKey && !event.ctrlKey && !event.metaKey && /^Digit([1-9])$/.exec(event.code);
  const tab = number && document.querySelectorAll('#s-tabs [role="tab"]:not([aria-hidden="true"])')[number[1] - 1];
  if (!tab) return;
  event.preventDefault();
  tab.click();
});

const me = await place("s-me");
const start = await started(me);
if (start) {
  signedIn(me, start);
  for (const [id, fill] of Object.entries(PLACES)) place(id).then((root) => fill(root, start));
}

// 问策 on any page: <script src="https://HOST/widget.js" data-site="KEY" defer></script>
//
// Draws one button in a shadow tree; the conversation is an iframe that is made when it is first opened. The page
// around it may be hostile: its styles cannot reach in, its Content-Security-Policy needs no 'unsafe-inline'
// (styles go through CSSOM, elements through createElement), and nothing of it is touched but one child of <html>.
(() => {
  "use strict";
  if (window.Wence) return;

  const script = document.currentScript || document.querySelector("script[data-site][src*='widget.js']");
  const base = new URL(".", script ? script.src : location.href).href;
  const origin = new URL(base).origin;
  const SLOW_MS = 12000; // a conversation page that has not reported by then is offered again
  const SILENT_MS = 1500; // one that has loaded without reporting was refused by the browser or by the server
  const ID = /^[0-9a-f]{32}$/;
  const WORDS = {
    zh: {
      label: "问政策", title: "政策问答", open: "打开政策问答", unread: "有新回答", wait: "正在打开……",
      failed: "暂时打不开。可能是网络不通，或本网站尚未登记。", retry: "重试", close: "关闭",
    },
    en: {
      label: "Ask", title: "Policy questions", open: "Open policy questions", unread: "new answer", wait: "Opening…",
      failed: "Cannot be opened: no connection, or this site is not registered.", retry: "Try again", close: "Close",
    },
  };
  const ICONS = {
    talk: ["M4 5.5h16v11H11l-4.5 3.5v-3.5H4z", "M8 9.5h8M8 13h5"],
    close: ["M6 6l12 12M18 6L6 18"],
  };
  const STYLE = `
*{box-sizing:border-box}
[hidden]{display:none!important}
.root{font:400 15px/1.6 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",system-ui,sans-serif;color:#1c2733}
button{font:inherit;margin:0;cursor:pointer;touch-action:manipulation;-webkit-tap-highlight-color:transparent}
button:focus-visible{outline:3px solid #fff;outline-offset:-5px;box-shadow:0 0 0 3px var(--brand)}
.launch{position:fixed;display:flex;align-items:center;gap:8px;height:52px;padding:0 20px 0 16px;border:0;border-radius:26px;background:var(--brand);color:var(--ink);font-size:16px;font-weight:600;letter-spacing:1px;box-shadow:0 1px 2px rgb(16 32 56/16%),0 6px 20px rgb(16 32 56/20%);transition:transform .16s,box-shadow .16s}
.launch:hover{transform:translateY(-2px);box-shadow:0 2px 4px rgb(16 32 56/16%),0 10px 26px rgb(16 32 56/26%)}
.launch.bare{width:52px;padding:0;justify-content:center}
.dot{position:absolute;top:1px;right:3px;width:14px;height:14px;border:2px solid #fff;border-radius:50%;background:#d93025}
.panel{position:fixed;display:flex;flex-direction:column;width:var(--w);max-width:calc(100vw - 32px);height:var(--h);max-height:calc(100vh - 2*var(--gap));border-radius:14px;overflow:hidden;background:#f4f6f9;box-shadow:0 0 0 1px rgb(16 32 56/10%),0 12px 48px rgb(16 32 56/26%);animation:rise .18s ease-out}
.panel.dark{background:#12171d;color:#e4eaf0}
.panel.wide{width:1080px;height:900px}
.launch,.panel{bottom:var(--gap);right:var(--gap)}
.left .launch,.left .panel{right:auto;left:var(--gap)}
.top .launch,.top .panel{bottom:auto;top:var(--gap)}
iframe{flex:1;width:100%;min-height:0;border:0;background:transparent;color-scheme:normal}
.cover{position:absolute;inset:0;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:16px;padding:32px;text-align:center;color:inherit}
.cover button{min-width:96px;padding:8px 20px;border:1px solid currentColor;border-radius:8px;background:none;color:inherit}
.cover .x{position:absolute;top:10px;right:10px;display:flex;min-width:0;padding:10px;border:0}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
@media (max-width:640px),(max-height:480px){.panel.panel{top:0;right:0;bottom:0;left:0;width:100%;max-width:none;height:100%;max-height:none;border-radius:0}}
@media (max-width:640px){.launch{width:52px;padding:0;justify-content:center}.launch .label{display:none}}
@media (prefers-reduced-motion:reduce){.launch,.panel{transition:none;animation:none}.launch:hover{transform:none}}
@media print{.root{display:none}}`;
  const fullScreen = matchMedia("(max-width:640px),(max-height:480px)");
  const listeners = new Map();
  let widget = null;
  let promised = null; // options of the script tag, until the button is drawn

  function el(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    node.append(...children);
    return node;
  }

  function icon(name) {
    const make = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const key in attributes) node.setAttribute(key, attributes[key]);
      return node;
    };
    const svg = make("svg", {
      viewBox: "0 0 24 24", width: 24, height: 24, fill: "none", stroke: "currentColor", "stroke-width": 1.9,
      "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
    });
    svg.append(...ICONS[name].map((d) => make("path", { d })));
    return svg;
  }

  function emit(name, detail) {
    for (const listener of listeners.get(name) || []) {
      try {
        listener(detail);
      } catch (error) {
        console.error("[Wence]", error);
      }
    }
  }

  // [r, g, b, a] of a computed colour; null for what is transparent or not written as rgb.
  function channels(colour) {
    const found = /^rgba?\(/.test(colour) && colour.match(/[\d.]+/g).map(Number);
    return found && found[3] !== 0 ? found : null;
  }

  const bright = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b) / 255;

  // "auto" follows the page and not the system: a dark panel on a page that is always light looks foreign.
  function theme(wanted) {
    if (wanted === "dark" || wanted === "light") return wanted;
    for (const node of [document.body, document.documentElement]) {
      const shown = node && channels(getComputedStyle(node).backgroundColor);
      if (shown) return bright(shown) < 0.4 ? "dark" : "light";
    }
    const follows = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    return follows && matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light";
  }

  const paints = (colour) => Boolean(colour && window.CSS && CSS.supports("color", colour));
  const list = (value) => (Array.isArray(value) ? value : String(value || "").split("|")).map((s) => String(s).trim()).filter(Boolean);
  const pixels = (value, otherwise) => (Number(value) > 0 ? Number(value) : otherwise) + "px";

  // What the host page may remember is one bit: that the panel was open when the visitor went to the next page.
  const remember = {
    get open() {
      try {
        return sessionStorage.getItem("wence") === "open";
      } catch {
        return false;
      }
    },
    set open(value) {
      try {
        if (value) sessionStorage.setItem("wence", "open");
        else sessionStorage.removeItem("wence");
      } catch {
        // A page without storage forgets it.
      }
    },
  };

  function create(options) {
    const words = WORDS[/^en/i.test(options.language || "") ? "en" : "zh"];
    const title = options.title || words.title;
    const label = options.label === undefined ? words.label : options.label;
    const said = label ? `${label}（${words.open}）` : words.open;
    let frame = null, ready = false, opened = false, slow = 0, waiting = [];

    const host = el("div", { "data-wence": "" });
    // Inline and important: nothing that a page's style sheet says comes after it.
    for (const [key, value] of [
      ["all", "initial"], ["display", "block"], ["position", "fixed"], ["top", "0"], ["left", "0"], ["width", "0"],
      ["height", "0"], ["z-index", String(Number(options.zIndex) || 2147483000)], ["direction", "ltr"],
    ]) host.style.setProperty(key, value, "important");
    const shadow = host.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.append(el("style", {}, STYLE)); // Safari before 16.4
    }

    const dot = el("span", { class: "dot", hidden: "" });
    const launch = el("button", { type: "button", class: label ? "launch" : "launch bare", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": said });
    launch.append(icon("talk"), ...(label ? [el("span", { class: "label" }, label)] : []), dot);
    const panel = el("div", { class: "panel", role: "dialog", "aria-label": title, hidden: "" });
    const root = el("aside", { class: `root ${String(options.position || "").replace("-", " ")}`, "aria-label": title, lang: words === WORDS.en ? "en" : "zh-CN" }, launch, panel);
    shadow.append(root);
    const edges = [el("div"), el("div")];
    for (const edge of edges) edge.addEventListener("focus", () => frame.focus());
    panel.append(...edges);

    root.style.setProperty("--brand", paints(options.color) ? options.color : "#1d5fb4");
    root.style.setProperty("--ink", "#fff");
    root.style.setProperty("--w", pixels(options.width, 420));
    root.style.setProperty("--h", pixels(options.height, 720));
    root.style.setProperty("--gap", pixels(options.offset, 24));
    document.documentElement.append(host);
    const fill = paints(options.color) && channels(getComputedStyle(launch).backgroundColor);
    if (fill && bright(fill) > 0.62) root.style.setProperty("--ink", "#101c2c");

    function post(type, detail) {
      if (ready) frame.contentWindow.postMessage({ wence: 1, type, ...detail }, origin);
      else waiting.push([type, detail]);
    }

    function cover(text, again) {
      const old = panel.querySelector(".cover");
      if (old) old.remove();
      if (!text) return;
      const node = el("div", { class: "cover" }, el("p", { role: "status" }, text));
      const x = el("button", { type: "button", class: "x", "aria-label": words.close }, icon("close"));
      x.addEventListener("click", close);
      node.append(x);
      if (again) {
        const button = el("button", { type: "button" }, words.retry);
        button.addEventListener("click", load);
        node.append(button);
      }
      panel.append(node);
    }

    function load() {
      if (frame) frame.remove();
      ready = false;
      frame = el("iframe", {
        title, allow: "clipboard-write", referrerpolicy: "origin",
        sandbox: "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox",
        src: `${base}embed?site=${encodeURIComponent(options.site)}`,
      });
      edges[0].after(frame);
      panel.classList.toggle("dark", theme(options.theme) === "dark");
      cover(words.wait);
      frame.addEventListener("load", () => ready || wait(SILENT_MS));
      wait(SLOW_MS);
    }

    function wait(ms) {
      clearTimeout(slow);
      slow = setTimeout(() => {
        cover(words.failed, true);
        emit("error", { reason: "unreachable" });
      }, ms);
    }

    // The exchange happens here and not in the iframe: only here does the browser itself say which site is asking.
    async function token({ conversation, visitor }) {
      const ids = { conversation: ID.test(conversation) ? conversation : undefined, visitor: ID.test(visitor) ? visitor : undefined };
      const own = options.tokenEndpoint;
      try {
        const response = await fetch(own || `${base}api/token`, {
          method: "POST", headers: { "Content-Type": "application/json" }, credentials: own ? "same-origin" : "omit",
          body: JSON.stringify(own ? ids : { site: options.site, ...ids }),
        });
        post("token", { status: response.status, wait: response.headers.get("Retry-After"), body: await response.json() });
      } catch {
        post("token", { status: 0, body: null });
      }
    }

    const asked = {
      __proto__: null,
      token,
      hello() {
        clearTimeout(slow);
        cover("");
        const { title, color, region, greeting, language } = options;
        const chosen = { title, color, region, greeting, language, questions: list(options.questions), theme: theme(options.theme) };
        ready = true;
        post("init", { options: chosen, full: fullScreen.matches });
        waiting.splice(0).forEach(([type, detail]) => post(type, detail));
        emit("ready", {});
      },
      close,
      widen: (data) => panel.classList.toggle("wide", data.wide === true),
      event(data) {
        if (!["question", "answer", "feedback", "error"].includes(data.name)) return;
        if (data.name === "answer" && !opened) unread(true);
        emit(data.name, data.detail || {});
      },
    };

    function hear(event) {
      const data = event.data;
      if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
      if (data && data.wence === 1 && typeof data.type === "string" && asked[data.type]) asked[data.type](data);
    }

    function unread(yes) {
      dot.hidden = !yes;
      launch.setAttribute("aria-label", yes ? `${said}，${words.unread}` : said);
    }

    // Full screen covers the page, so it is modal there and Tab stays inside; beside a page it is neither.
    function fit() {
      const full = fullScreen.matches;
      if (full) panel.setAttribute("aria-modal", "true");
      else panel.removeAttribute("aria-modal");
      for (const edge of edges) edge.tabIndex = full ? 0 : -1;
      return full;
    }

    function refit() {
      const full = fit();
      if (opened) post("opened", { focus: false, full });
    }

    function open(focus = true) {
      if (!frame) load();
      panel.hidden = false;
      launch.hidden = opened = remember.open = true;
      launch.setAttribute("aria-expanded", "true");
      unread(false);
      post("opened", { focus, full: fit() });
      if (focus) frame.focus();
      emit("open", {});
    }

    function close() {
      if (!opened) return;
      panel.hidden = true;
      launch.hidden = opened = remember.open = false;
      launch.setAttribute("aria-expanded", "false");
      launch.focus({ preventScroll: true });
      emit("close", {});
    }

    const escape = (event) => event.key === "Escape" && close();
    launch.addEventListener("click", () => open());
    panel.addEventListener("keydown", escape);
    fullScreen.addEventListener("change", refit);
    addEventListener("message", hear);
    if (remember.open && !fullScreen.matches) open(false);

    return {
      open, close, post,
      toggle: () => (opened ? close() : open()),
      destroy() {
        clearTimeout(slow);
        removeEventListener("message", hear);
        fullScreen.removeEventListener("change", refit);
        host.remove();
      },
    };
  }

  const act = (name, ...rest) => {
    if (promised) Wence.init(promised);
    if (widget) widget[name](...rest);
    else console.warn("[Wence] init({site: …}) first");
  };

  window.Wence = Object.freeze({
    /** Draw the button. Options are the data attributes in camel case; `site` is required. A second call starts over. */
    init(options) {
      if (!options || !options.site) return console.warn("[Wence] init needs {site: KEY}");
      Wence.destroy();
      widget = create({ ...options });
    },
    open: () => act("open"),
    close: () => act("close"),
    toggle: () => act("toggle"),
    /** Open and ask. */
    ask(question) {
      act("open");
      act("post", "ask", { question: String(question) });
    },
    /** What this page is about: {region, greeting, questions, language}. Nothing else is passed on. */
    setContext({ region, greeting, questions, language } = {}) {
      act("post", "context", { context: { region, greeting, language, questions: questions && list(questions) } });
    },
    /** ready, open, close, question, answer, feedback, error. Returns what ends it. The words of visitors are not told. */
    on(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
      return () => listeners.get(name).delete(listener);
    },
    destroy() {
      if (widget) widget.destroy();
      widget = promised = null;
    },
  });
  // The button is drawn when the page has nothing better to do; a call that needs it draws it at once.
  if (script && script.dataset.site) {
    promised = { ...script.dataset };
    (window.requestIdleCallback || setTimeout)(() => promised && Wence.init(promised), { timeout: 2000 });
  }
})();

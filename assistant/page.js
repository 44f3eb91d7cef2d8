// Jumping between [n] and its clause, copying, and keeping the newest question in sight.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const behavior = () => (calm.matches ? "auto" : "smooth");

  function show(element, block) {
    element.scrollIntoView({ behavior: behavior(), block });
  }

  function light(element, name) {
    document.querySelectorAll("." + name).forEach((other) => other.classList.remove(name));
    element.classList.add(name);
  }

  function toClause(ref) {
    const card = document.getElementById(ref.getAttribute("href").slice(1));
    if (!card) return;
    const spot = document.getElementById(ref.dataset.spot) || card;
    light(card, "w-lit");
    light(spot, "w-spot");
    // A card taller than the screen is shown from the quoted words on.
    const tall = card.getBoundingClientRect().height > innerHeight * 0.7;
    show(tall ? spot : card, tall ? "center" : "nearest");
    card.focus({ preventScroll: true });
  }

  function toAnswer(link) {
    const turn = link.closest(".w-turn");
    const ref = turn && turn.querySelector(`.w-ref[href="${link.getAttribute("href")}"]`);
    if (ref) show(ref, "center");
  }

  async function copy(button) {
    const text = button.dataset.copy;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages over plain http have no clipboard; the old way still works there.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      area.style.cssText = "position:fixed;opacity:0";
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const label = button.dataset.label || (button.dataset.label = button.textContent);
    button.textContent = done ? "已复制" : "请手动选择复制";
    setTimeout(() => (button.textContent = label), 1600);
  }

  document.addEventListener("click", (event) => {
    const found = (selector) => event.target.closest && event.target.closest(selector);
    let element;
    if ((element = found(".w-ref"))) toClause(element);
    else if ((element = found(".w-n"))) toAnswer(element);
    else if ((element = found("[data-copy]"))) copy(element);
    else return;
    event.preventDefault();
  });

  // A short answer stays beside its long list of clauses; one taller than the screen must scroll with them.
  function fit() {
    document.querySelectorAll(".w-main").forEach((main) => {
      main.style.position = main.offsetHeight > innerHeight - 150 ? "static" : "";
    });
  }
  addEventListener("resize", fit);

  // The framework reports trouble in English, in its own corner; here it is one Chinese line above the question.
  const TROUBLE = [
    [/re-?established|restored/i, ""],
    [/busy|full|too many/i, "当前提问的人较多，请稍后再试。"],
    [/lost|connect/i, "与服务器的连接已断开，正在重新连接……"],
    [/\S/, "这次没能完成，请稍后再试。"],
  ];
  function report() {
    const toast = document.querySelector(".toast-wrap");
    const said = toast ? toast.textContent.trim() : "";
    const composer = document.getElementById("w-composer");
    if (!composer) return;
    const text = (TROUBLE.find(([pattern]) => pattern.test(said)) || [0, ""])[1];
    let line = document.getElementById("w-trouble");
    if (!line && !text) return;
    if (!line) {
      line = Object.assign(document.createElement("p"), { id: "w-trouble" });
      line.setAttribute("role", "alert");
      composer.prepend(line);
    }
    if (line.textContent !== text) line.textContent = text;
    const waiting = text && document.querySelector(".w-busy span");
    if (waiting && waiting.textContent !== "回答中断，请重新提问") waiting.textContent = "回答中断，请重新提问";
  }

  let newest = "";
  new MutationObserver(() => {
    fit();
    report();
    const turn = document.querySelector("#w-live .w-turn");
    if (!turn || turn.id === newest) {
      if (!turn) newest = "";
      return;
    }
    newest = turn.id;
    // Earlier exchanges move up in the same update; their place is known a moment later.
    setTimeout(() => show(turn, "start"), 60);
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["id"] });
})();

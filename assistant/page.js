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

  let newest = "";
  new MutationObserver(() => {
    const turn = document.querySelector("#w-live .w-turn");
    if (!turn || turn.id === newest) {
      if (!turn) newest = "";
      return;
    }
    newest = turn.id;
    requestAnimationFrame(() => show(turn, "start"));
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["id"] });
})();

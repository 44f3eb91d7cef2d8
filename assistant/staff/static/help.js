// The “?” panel: keys, and how to work with the page.
import { el } from "./dom.js";

const KEYS = [
  ["/", "回到查询框"], ["↑ ↓", "在结果里移动"], ["Enter", "打开选中的条款"], ["Esc", "从任何地方回到查询框"],
  ["Alt + C", "复制引用：《文件》（文号）第几条：原文"], ["Alt + S", "复制话术（按复制时才存入记录）"],
  ["← →", "看文件里的上一条、下一条（先按 Enter 打开）"], ["Alt + 1 2 3", "换标签页"], ["?", "打开这个说明"],
];
const WORDS = [
  ["查什么", "直接打字：首台套、临港中试、升规奖励。也可以打整句问题。打“409号文第8条”直达那一条，只打“409号”打开整份文件。"],
  ["颜色标签", "绿色是现行有效；黄色是征求意见稿、即将到期或已有正式文件，答复时要说明；红色是已过期或废止；蓝色是已印发、没有载明有效期；灰色是答复函等，不能据以申报。"],
  ["话术", "右侧“可读话术”只用条款原文或核对过的句子，数字已写成读法，最后报出处。黄色的“请注意”也要读给来电人。"],
  ["没有写明", "“文件没有写明”的事项不要猜，按“转交”里的部门请来电人核实。"],
  ["服务包", "填城市、企业类型和发生的事，逐条对照条件：符合、不符合、需询问。问过来电人后点“是”或“不是”，可导出一页 Word。"],
  ["两地对照", "同一件事在两个城市各怎么规定；一边没有的会写明。"],
];

export function helpPanel() {
  const panel = el("dialog", { id: "s-help-panel", "aria-labelledby": "s-help-title" },
    el("header", el("h2", { id: "s-help-title" }, "怎么用"), el("button.s-round", { type: "button", "aria-label": "关闭", onclick: () => panel.close() }, "×")),
    el("h3", "快捷键"), el("dl.s-keys", KEYS.map(([key, what]) => [el("dt", el("kbd", key)), el("dd", what)])),
    el("p.s-soft", "光标不在输入框里时，C 和 S 不用加 Alt。"),
    el("h3", "说明"), el("dl.s-rows", WORDS.map(([name, what]) => [el("dt", name), el("dd", what)])));
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  return panel;
}

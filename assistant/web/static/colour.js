// A site's own colour, kept legible: what is written in it or on it always has the contrast that WCAG AA asks for.

const SHEETS = { light: [255, 255, 255], dark: [26, 33, 41] };
const INK = [16, 28, 44];
const ENOUGH = 4.6;

const mix = (a, b, share) => a.map((v, i) => Math.round(v * share + b[i] * (1 - share)));
const css = (rgb) => `rgb(${rgb.join(" ")})`;

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG contrast of two colours, 1 to 21. */
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function read(colour) {
  if (!CSS.supports("color", colour)) return null;
  const probe = document.createElement("i");
  probe.style.color = colour;
  document.body.append(probe);
  const found = /^rgba?\(/.test(getComputedStyle(probe).color) && getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  return found ? found.slice(0, 3).map(Number) : null;
}

/** Paint the page in a site's colour; a colour that cannot be read leaves the house colours. */
export function paint(colour, theme) {
  const brand = colour && read(colour);
  if (!brand) return;
  const sheet = SHEETS[theme];
  const pale = mix(brand, sheet, theme === "dark" ? 0.22 : 0.09);
  const away = theme === "dark" ? [255, 255, 255] : [0, 0, 0];
  let written = brand;
  for (let share = 1; contrast(written, pale) < ENOUGH && share > 0; share -= 0.05) written = mix(brand, away, share);
  const white = [255, 255, 255];
  const on = contrast(white, brand) >= ENOUGH || contrast(white, brand) > contrast(INK, brand) ? white : INK;
  // A middling colour carries neither white nor black well: it is deepened until white can be read on it.
  let fill = brand;
  if (on === white) for (let share = 1; contrast(white, fill) < ENOUGH && share > 0; share -= 0.05) fill = mix(brand, [0, 0, 0], share);
  const style = document.documentElement.style;
  for (const [name, value] of [["brand", written], ["brand-pale", pale], ["fill", fill], ["on-fill", on]]) {
    style.setProperty(`--${name}`, css(value));
  }
}

// The contrast of every text that is shown (WCAG 2), with the text. Runs in the page.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const bytes = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = (rgb) => {
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = rgb.map((byte) => linear(byte / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const [r, g, b, alpha] = bytes(getComputedStyle(at).backgroundColor);
    if (alpha === 255) return [r, g, b];
  }
  return [255, 255, 255];
};
const contrast = (element, pseudo) => {
  const ink = bytes(getComputedStyle(element, pseudo).color).slice(0, 3);
  const [dark, light] = [luminance(ink), luminance(background(element))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const shown = [];
const add = (element, text, pseudo) =>
  shown.push({ text: text.slice(0, 40), on: element.id || element.className, contrast: contrast(element, pseudo) });
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (text && element.checkVisibility() && !element.closest("script, style, noscript, datalist, textarea")) add(element, text);
}
// What one sees of the cookie's field is the coloured text behind it, which is among the above.
for (const field of document.querySelectorAll("input, select, textarea:not(#cookie)")) {
  if (field.checkVisibility() && !field.disabled) add(field, field.value);
}
for (const element of document.querySelectorAll(".verdict, summary.row, .value.text")) {
  if (element.checkVisibility()) add(element, "the sign before it", "::before");
}
return shown;

// Contrast of every text that is shown, in both lights.
export const measure = () => {
  const shade = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    shade.clearRect(0, 0, 1, 1);
    shade.fillStyle = colour;
    shade.fillRect(0, 0, 1, 1);
    return [...shade.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => top.map((part, at) => (at === 3 ? 255 : (part * top[3] + under[at] * (255 - top[3])) / 255));
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(rgba(getComputedStyle(one).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255, 255]);
  };
  const ratioOf = (front, back) => {
    const [one, other] = [light(over(rgba(front), back)), light(back)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const bad = [];
  // The browser's own colours of what is selected are none that can be measured, and few that can be read.
  const selected = getComputedStyle(document.body, "::selection");
  const isOurs = rgba(selected.backgroundColor)[3] === 255;
  if (!isOurs || ratioOf(selected.color, rgba(selected.backgroundColor)) < 4.5) bad.push("what is selected");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest(".sr, option, dialog:not([open])")) continue;
    const ratio = ratioOf(getComputedStyle(element).color, behind(element));
    if (ratio < 4.5) bad.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return bad;
};

export default async function play({ open }) {
  const found = {};
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open({ colorScheme });
    found[colorScheme] = await page.evaluate(measure);
    await page.locator('#board .who:has-text("Grace Invented")').click();
    await page.locator(".details").waitFor();
    found[`${colorScheme} details`] = await page.evaluate(measure);
  }
  return found;
}

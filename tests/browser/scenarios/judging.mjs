// What anybody can be troubled by on a page, whatever is on it: in both lights, wide, on a phone and narrower still.
import { measure } from "./reading.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };
const SIGHTS = {
  wide: {},
  "wide, dark": { colorScheme: "dark" },
  phone: PHONE,
  "phone, dark": { ...PHONE, colorScheme: "dark" },
  narrow: { ...PHONE, width: 320 },
};

// In the page: each answers a sentence for everything that is wrong.
function judge({ least, main }) {
  // What is only read out is clipped away.
  const isClipped = (one) => Boolean(one) && (getComputedStyle(one).clipPath !== "none" || isClipped(one.parentElement));
  const seen = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !one.closest(".skip, [inert]") && !isClipped(one);
  const say = (one) => `${one.localName}${one.id ? `#${one.id.replace(/[0-9a-f-]{36}/, "…")}` : ""}.${[...one.classList].join(".")} “${(one.ariaLabel ?? one.textContent).trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const top = document.querySelector("dialog:modal") ?? document;
  const all = (selector) => [...top.querySelectorAll(selector)].filter(seen);
  const box = (one) => (one.matches("input") && one.labels?.[0]?.contains(one) ? one.labels[0] : one).getBoundingClientRect();

  function wide() {
    const over = document.documentElement.scrollWidth - innerWidth;
    return over > 0 ? [`the page is ${over} px too wide`] : [];
  }

  // A small one is well enough in a line of text, with room around it, or on a card: the card opens the same beside it.
  function small() {
    const targets = all("a[href], button, input:not([type=hidden]), select, textarea, summary").filter((one) => getComputedStyle(one).display !== "inline" && !one.matches(".card *"));
    const boxes = targets.map(box).filter((at) => at.width > 1 && at.height > 1);
    const isSmall = (at) => at.width < least - 0.5 || at.height < least - 0.5;
    const near = (one, other) => {
      const [x, y] = [one.left + one.width / 2, one.top + one.height / 2];
      const dx = Math.max(other.left - x, 0, x - other.right);
      const dy = Math.max(other.top - y, 0, y - other.bottom);
      return Math.hypot(dx, dy) < least / 2;
    };
    return targets.filter((one) => {
      const at = box(one);
      return at.width > 1 && isSmall(at) && boxes.some((other) => !(other.left === at.left && other.top === at.top) && near(at, other));
    }).map((one) => `${say(one)} is ${Math.round(box(one).width)} × ${Math.round(box(one).height)}, with another one too near`);
  }

  function low() {
    if (!main) return [];
    return all("button.primary, a.primary, [type=submit]").filter((one) => one.getBoundingClientRect().height < main - 0.5).map((one) => `${say(one)} is ${Math.round(one.getBoundingClientRect().height)} high`);
  }

  function nameless() {
    const named = (one) => one.ariaLabel || one.getAttribute("aria-labelledby") || one.labels?.length || one.textContent.trim() || one.title;
    return all("a[href], button, input:not([type=hidden]), select, textarea, [role=region], [role=img], nav, dialog").filter((one) => (one.matches("input, select, textarea") ? !(one.labels?.length || one.ariaLabel) : !named(one))).map((one) => `${say(one)} has no name`);
  }

  function headings() {
    const levels = [...(top === document ? [] : [1]), ...all("h1, h2, h3, h4").map((one) => Number(one.localName[1]))];
    const skips = levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
    const firsts = [...document.querySelectorAll("h1")].filter(seen).length;
    return [...(firsts === 1 ? [] : [`${firsts} headings of the first level`]), ...skips.map((level) => `a heading of level ${level} skips one`)];
  }

  function doubled() {
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))].map((id) => `the id ${id} twice`);
  }

  function tables() {
    return all("table").filter((one) => !one.querySelector("thead th[scope]")).map((one) => `${say(one)} has no headings`);
  }

  // Two lines of text that lie over each other.
  function over() {
    const texts = all("*").filter((one) => !one.closest("svg, .board, .top, select, thead, dialog:not([open])")).flatMap((one) => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()).map((node) => [one, node]));
    const lines = texts.flatMap(([one, node]) => {
      const range = document.createRange();
      range.selectNode(node);
      return [...range.getClientRects()].filter((at) => at.width > 2 && at.height > 2).map((at) => [one, at]);
    });
    const crossing = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 6;
    const pairs = lines.flatMap(([one, at], place) => lines.slice(place + 1).filter(([other, there]) => !one.contains(other) && !other.contains(one) && crossing(at, there)).map(([other]) => `${say(one)} lies over ${say(other)}`));
    return [...new Set(pairs)].slice(0, 5);
  }

  // What is cut without a sign, or of which nothing tells the rest.
  function cut() {
    return all("*").filter((one) => {
      const style = getComputedStyle(one);
      const hides = style.overflowX === "hidden" || style.overflowX === "clip";
      return hides && one.scrollWidth > one.clientWidth + 1 && style.textOverflow !== "ellipsis" && !one.closest("svg, .board, .top, progress");
    }).map((one) => `${say(one)} is cut`);
  }

  return Object.entries({ wide, small, low, nameless, headings, doubled, tables, over, cut }).flatMap(([, find]) => find());
}

export default async function play({ open, shots, base, told }) {
  const found = {};
  for (const [sight, options] of Object.entries(SIGHTS)) {
    const { page, trouble } = await open(options);
    const isPhone = "isMobile" in options;
    for (const [name, path] of Object.entries(told.pages)) {
      // Another row of the same day would be the same page.
      await page.goto("about:blank");
      await page.goto(base + path);
      if (path.includes("#open-")) await page.locator(".details").waitFor();
      await page.evaluate(() => document.querySelectorAll("main details").forEach((one) => { one.open = true; }));
      const wrong = [...await page.evaluate(judge, { least: 24, main: isPhone ? 44 : 0 }), ...(await page.evaluate(measure)).map((one) => `contrast of ${one}`)];
      if (wrong.length) found[`${name}, ${sight}`] = wrong;
      if (told.pictures) await page.screenshot({ path: `${shots}/${name}-${sight.replace(", ", "-")}.png`, fullPage: true });
    }
    const told400 = trouble.filter((one) => !/status of (403|404)/.test(one));
    if (told400.length) found[`trouble, ${sight}`] = told400;
    await page.context().close();
  }
  return found;
}

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
function judge({ least, main, touch }) {
  // What is only read out is clipped away.
  const isClipped = (one) => Boolean(one) && (getComputedStyle(one).clipPath !== "none" || isClipped(one.parentElement));
  const seen = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !one.closest(".skip, [inert]") && !isClipped(one);
  const say = (one) => `${one.localName}${one.id ? `#${one.id.replace(/[0-9a-f-]{36}/, "…")}` : ""}.${[...one.classList].join(".")} “${(one.ariaLabel ?? one.textContent).trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const top = document.querySelector("dialog:modal") ?? document;
  const all = (selector) => [...top.querySelectorAll(selector)].filter(seen);
  const box = (one) => (one.matches("input") && one.labels?.[0]?.contains(one) ? one.labels[0] : one).getBoundingClientRect();

  function wide() {
    const over = document.documentElement.scrollWidth - innerWidth;
    const within = top === document ? 0 : top.scrollWidth - top.clientWidth;
    return [...(over > 0 ? [`the page is ${over} px too wide`] : []), ...(within > 0 ? [`${say(top).slice(0, 40)} is ${within} px too wide for itself`] : [])];
  }

  function tall() {
    const over = top === document ? 0 : top.getBoundingClientRect().height - innerHeight;
    return over > 0 ? [`a dialog is ${Math.round(over)} px higher than the screen`] : [];
  }

  // What is only read out is clipped away, and still lengthens a page that it is placed in by itself.
  function long() {
    const over = document.documentElement.scrollHeight - Math.max(innerHeight, document.body.getBoundingClientRect().bottom + scrollY);
    return over > 1 ? [`the page goes on for ${Math.round(over)} px below what is on it`] : [];
  }

  // What stands out of the box it is in, over whatever is beside it.
  function spilt() {
    return all("main *, dialog *").filter((one) => {
      const style = getComputedStyle(one);
      return style.overflowX === "visible" && !style.display.startsWith("inline") && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1 && !one.closest("svg, .board, select, .sr");
    }).map((one) => `${say(one)} is ${one.scrollWidth - one.clientWidth} px wider than its place`);
  }

  // A button in which the words have no room.
  function tight() {
    return all("button, .button").filter((one) => one.scrollHeight > one.clientHeight + 1 && !one.matches(".card *, .field, .who")).map((one) => `${say(one)} is too low for its words`);
  }

  // A finger needs more than a pointer; a word in a line of text, and a card, are as large as they are.
  function slight() {
    if (!touch) return [];
    return all("a[href], button, input:not([type=hidden]), select, textarea, summary").filter((one) => getComputedStyle(one).display !== "inline" && !one.matches(".card *")).map((one) => [one, box(one).width, Math.max(box(one).height, one.getBoundingClientRect().height)]).filter(([, width, height]) => width > 1 && height < touch - 0.5).map(([one, , height]) => `${say(one)} is ${Math.round(height)} high, too low for a finger`);
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
    const texts = all("*").filter((one) => !one.closest("svg, .board, .top, .details > header, select, thead, dialog:not([open]), [popover]")).flatMap((one) => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()).map((node) => [one, node]));
    const lines = texts.flatMap(([one, node]) => {
      const range = document.createRange();
      range.selectNode(node);
      const hold = one.closest(".table")?.getBoundingClientRect();
      const isShown = (at) => !hold || (at.top >= hold.top && at.bottom <= hold.bottom);
      return [...range.getClientRects()].filter((at) => at.width > 2 && at.height > 2 && isShown(at)).map((at) => [one, at]);
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

  return Object.entries({ wide, tall, long, spilt, tight, small, slight, low, nameless, headings, doubled, tables, over, cut }).flatMap(([, find]) => find());
}

// An address, and what is pressed there one after another before it is looked at.
async function judgeAt(page, address, presses, isPhone) {
  // Another row of the same day would be the same page.
  await page.goto("about:blank");
  await page.goto(address);
  if (address.includes("#open-")) await page.locator(".details").waitFor();
  await page.evaluate(() => document.querySelectorAll("main details").forEach((one) => { one.open = true; }));
  for (const selector of presses) await page.locator(selector).first().click();
  const wrong = await page.evaluate(judge, { least: 24, main: isPhone ? 44 : 0, touch: isPhone ? 40 : 0 });
  return [...wrong, ...(await page.evaluate(measure)).map((one) => `contrast of ${one}`)];
}

export default async function play({ open, shots, base, told }) {
  const found = {};
  for (const [sight, options] of Object.entries(SIGHTS)) {
    const { page, trouble } = await open(options);
    const look = async ([name, asked]) => {
      const [path, ...presses] = [asked].flat();
      const wrong = await judgeAt(page, base + path, presses, "isMobile" in options);
      if (wrong.length) found[`${name}, ${sight}`] = wrong;
      await page.screenshot({ path: `${shots}/judged-${name}-${sight.replace(", ", "-")}.png` });
    };
    for (const one of Object.entries(told.pages)) await look(one);
    await page.context().clearCookies();
    for (const one of Object.entries(told.outside ?? {})) await look(one);
    const strange = trouble.filter((one) => !/status of (403|404|500)/.test(one));
    if (strange.length) found[`trouble, ${sight}`] = strange;
    await page.context().close();
  }
  return found;
}

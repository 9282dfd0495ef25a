// Every button of some pages is pressed by keyboard alone: whatever becomes of it, nobody loses their place.
const MOST = 80;
const FLEETING = ["version", "value", "name", "busy", "label", "choices", "entry", "ready", "tip"];

// In the page: counts what is on its way, and says which buttons there are and what they are for.
function watch(fleeting) {
  const { fetch } = window;
  window.underWay = 0;
  window.fetch = async (...asked) => {
    window.underWay += 1;
    try {
      return await fetch(...asked);
    } finally {
      window.underWay -= 1;
    }
  };
  const plain = (text) => text.replace(/[0-9a-f-]{36}|\d+/g, "").trim();
  const purpose = (one) => {
    const told = Object.entries(one.dataset).filter(([name]) => !fleeting.includes(name));
    const words = told.map(([name, value]) => `${name}=${plain(value)}`).join(" ");
    return `${one.closest("dialog")?.getAttribute("aria-labelledby") ?? ""} ${words || plain(one.textContent) || plain(one.ariaLabel ?? "")}`.trim();
  };
  const isLast = (one) => one.matches("[data-close], [data-keep]") || /^(Cancel|Close|Leave them)$/.test(one.textContent.trim());
  // Of what lies on top, the first that was not pressed yet; what closes a dialog comes last.
  window.nextButton = (pressed) => {
    const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
    const all = [...(dialog ?? document).querySelectorAll("button, summary")];
    const open = all.filter((one) => one.checkVisibility() && !one.matches(":disabled, [aria-disabled=true]") && one.textContent.trim() !== "Sign out");
    const fresh = open.filter((one) => !pressed.includes(purpose(one)));
    const next = fresh.find((one) => !isLast(one)) ?? (dialog ? open.find(isLast) : fresh[0]);
    return next ? { next, purpose: purpose(next) } : null;
  };
  // What a form has to have before its button does anything.
  window.fillIn = () => {
    const typed = { url: "https://hooks.example.com/pressed", date: "2026-11-24", time: "16:40", number: "1", email: "ann@example.org" };
    const top = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
    for (const one of top.querySelectorAll("input:required, dialog[data-deed] input")) {
      if (one.checkVisibility() && !one.value) one.value = typed[one.type] ?? "Tried";
    }
    const choice = top.querySelector(".who-list input:not(:checked)");
    if (choice) choice.click();
  };
}

const calm = (page) => page.waitForFunction(() => new Promise((then) => {
  let still = 0;
  const look = () => {
    still = document.readyState === "complete" && !window.underWay ? still + 1 : 0;
    if (still > 3) then(true);
    else requestAnimationFrame(look);
  };
  look();
}));

const isSomewhere = (page) => page
  .waitForFunction(() => document.activeElement && document.activeElement !== document.body, null, { timeout: 10000 })
  .then(() => true, (trouble) => {
    if (trouble.name !== "TimeoutError") throw trouble;
    return false;
  });

// A page that is asked for again meanwhile is waited for.
async function steady(page, doing) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await doing();
    } catch (trouble) {
      if (tries > 4 || !/context was destroyed|navigation/i.test(trouble.message)) throw trouble;
      await page.waitForLoadState("load");
    }
  }
}

async function press(page, pressed) {
  await page.evaluate(() => window.fillIn());
  const handle = await page.evaluateHandle((all) => window.nextButton(all), pressed);
  const purpose = await handle.evaluate((found) => found?.purpose);
  if (purpose === undefined) return null;
  const button = await handle.getProperty("next");
  await button.asElement().focus();
  await page.keyboard.press("Enter");
  return purpose;
}

async function walk(page, address) {
  const [pressed, lost] = [[], []];
  // Another row of the same day would be the same page.
  await page.goto("about:blank");
  await page.goto(address);
  const path = new URL(address).pathname;
  while (pressed.length < MOST) {
    await steady(page, () => calm(page));
    const purpose = await steady(page, () => press(page, pressed));
    if (purpose === null) break;
    pressed.push(purpose);
    await steady(page, () => calm(page));
    if (new URL(page.url()).pathname !== path) {
      await page.goto(address);
      continue;
    }
    if (!await steady(page, () => isSomewhere(page))) lost.push(purpose);
    const editor = page.locator("[data-editor]:popover-open");
    if (!await editor.count()) continue;
    await page.keyboard.press("Escape");
    if (!await isSomewhere(page)) lost.push(`${purpose}, left`);
  }
  return { pressed, lost };
}

export default async function play({ open, base, told }) {
  const { page, trouble } = await open();
  await page.addInitScript(watch, FLEETING);
  const found = {};
  for (const path of told.paths) found[path] = await walk(page, base + path);
  // What is refused is told in a line of the browser's own, too.
  return { found, trouble: trouble.filter((one) => !/status of 4\d\d/.test(one)) };
}

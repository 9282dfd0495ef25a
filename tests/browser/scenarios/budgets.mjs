// An operator weighs a frequency, sees what it comes to, and saves it; then fair shares and callers.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };
const PAGES = { shares: "/queues/shares", callers: "/queues/callers" };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/${name}.png`, fullPage: true });

  await page.goto(`${base}/queues`);
  await go(page.getByRole("link", { name: "What if" }));
  found.title = await page.locator("h1").textContent();
  await page.locator(`[name="every-${told.clinic}"]`).fill("1");
  await page.getByRole("button", { name: "Work it out" }).click();
  await page.waitForURL(/every-/);
  found.address = new URL(page.url()).search;
  found.verdict = await page.locator(".verdict").first().innerText();
  found.habit = await page.locator(`[data-habit="${told.clinic}"]`).innerText();
  await shot(page, "what-if-1280-light");
  const asked = page.url();
  await page.locator("[data-save]").click();
  await page.locator("[data-toasts] p").last().waitFor();
  found.saved = await page.locator("[data-toasts] p").last().textContent();
  found.was = await page.locator(`[data-habit="${told.clinic}"] .was`).innerText();
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(base + path);
    found[name] = await page.locator(".pool").first().innerText();
    await shot(page, `${name}-1280-light`);
  }
  for (const colorScheme of ["light", "dark"]) {
    const phone = await open({ ...PHONE, colorScheme });
    for (const [name, path] of Object.entries({ "what-if": asked.slice(base.length), ...PAGES })) {
      await phone.page.goto(base + path);
      await shot(phone.page, `${name}-390-${colorScheme}`);
      found[`width-${name}-${colorScheme}`] = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    }
    trouble.push(...phone.trouble);
  }
  const dark = await open({ colorScheme: "dark" });
  for (const [name, path] of Object.entries({ "what-if": asked.slice(base.length), ...PAGES })) {
    await dark.page.goto(base + path);
    await shot(dark.page, `${name}-1280-dark`);
  }
  found.trouble = [...trouble, ...dark.trouble];
  return found;
}

// A practice changes its PMS: what becomes of the old one's rows, all at once and one by one.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const PICTURES = { light: {}, dark: { colorScheme: "dark" }, phone: PHONE, "phone-dark": { ...PHONE, colorScheme: "dark" } };
const NAME = "Example Clinic";

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/connections`);
  found.before = await page.locator("#removed").isVisible();
  await go(page.getByRole("link", { name: NAME }));
  const address = page.url();
  for (const [name, options] of Object.entries(PICTURES)) {
    const seen = await open(options);
    await seen.page.goto(address);
    await seen.page.getByRole("button", { name: "Remove…" }).click();
    await seen.page.screenshot({ path: `${shots}/leaving-${name}.png` });
    found[`width leaving ${name}`] = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    trouble.push(...seen.trouble);
  }
  await page.getByRole("button", { name: "Remove…" }).click();
  found.asked = await page.locator(".leaving legend").textContent();
  found.chosen = await page.locator(".leaving :checked").inputValue();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.waitForURL(`${base}/connections`);
  const said = page.locator("#removed .to-come");
  found.kept = await said.textContent();

  await page.getByRole("button", { name: "Take off the sheet…" }).click();
  found.warned = await page.locator("[data-left-count]").textContent();
  await page.getByRole("button", { name: "Leave them" }).click();
  found.left = await said.textContent();
  await page.getByRole("button", { name: "Take off the sheet…" }).click();
  await page.screenshot({ path: `${shots}/take-off-asked.png` });
  await page.getByRole("button", { name: "Take off", exact: true }).click();
  await said.filter({ hasText: "taken off" }).waitFor();
  found.off = await said.textContent();
  for (const [name, options] of Object.entries(PICTURES)) {
    const seen = await open(options);
    await seen.page.goto(`${base}/connections`);
    await seen.page.screenshot({ path: `${shots}/removed-${name}.png`, fullPage: true });
    found[`width removed ${name}`] = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    trouble.push(...seen.trouble);
  }

  await page.goto(`${base}/?date=2026-11-23`);
  const card = page.locator(".card", { hasText: "Grace Invented" });
  await card.locator("[data-open]").click();
  const panel = page.locator("[data-panel]");
  found.nobody = await panel.locator(".flag").first().textContent();
  await page.screenshot({ path: `${shots}/left-row.png` });
  await panel.getByRole("button", { name: "Take off the sheet" }).click();
  await panel.getByText("Taken off by").waitFor();
  await panel.getByRole("button", { name: "Put back on the sheet" }).click();
  await panel.getByRole("button", { name: "Take off the sheet" }).waitFor();
  found.single = await panel.locator(".chip").first().textContent();
  await page.keyboard.press("Escape");

  await page.goto(`${base}/connections`);
  await page.getByRole("button", { name: "Put back", exact: true }).click();
  await said.filter({ hasNotText: "taken off" }).waitFor();
  found.back = await said.textContent();
  found.trouble = trouble;
  return found;
}

// One connection is looked at and changed on its own page.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const PICTURES = { light: {}, dark: { colorScheme: "dark" }, phone: PHONE, "phone-dark": { ...PHONE, colorScheme: "dark" } };

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/connections`);
  found.cards = (await page.locator(".connection").allTextContents()).length;
  found.badges = (await page.locator(".connection .state").allTextContents()).map((one) => one.trim());
  found.todo = await page.locator(".callout.bad strong").first().textContent();
  await go(page.getByRole("link", { name: "Harbour Allied Health" }));
  const address = page.url();

  const syncing = page.locator('[data-form="general"]');
  await syncing.getByLabel("Name").fill("   ");
  await syncing.getByRole("button", { name: "Save" }).click();
  found.refused = await syncing.locator("[data-error]").textContent();
  await syncing.getByLabel("Name").fill("x".repeat(201));
  await syncing.getByRole("button", { name: "Save" }).click();
  found.long = await syncing.locator("[data-error]", { hasText: "at most" }).textContent();
  found.focused = await page.evaluate(() => document.activeElement.name);
  await syncing.getByLabel("Name").fill("Harbour Health");
  await syncing.getByLabel("Hourly").check();
  await syncing.getByLabel("Days ahead").fill("7");
  await page.reload();
  found.draft = await syncing.getByLabel("Name").inputValue();
  await syncing.getByRole("button", { name: "Save" }).click();
  await syncing.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();

  const hours = page.locator('[data-form="hours"]');
  await hours.getByLabel("Always open").uncheck();
  const monday = hours.locator('[data-day="mon"]');
  await monday.getByLabel("Monday opens").fill("09:00");
  await monday.getByLabel("Monday closes").fill("12:30");
  await monday.getByRole("button", { name: "Add a shift" }).click();
  await monday.getByLabel("Monday opens").nth(1).fill("13:15");
  await monday.getByLabel("Monday closes").nth(1).fill("17:00");
  await hours.getByRole("button", { name: "Copy to Tue–Fri" }).click();
  await hours.getByRole("button", { name: "Save" }).click();
  await hours.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  await page.reload();
  found.name = await syncing.getByLabel("Name").inputValue();
  found.often = await syncing.locator("[name=frequency]:checked").inputValue();
  found.days = await syncing.getByLabel("Days ahead").inputValue();
  found.friday = await hours.locator('[data-day="fri"] [type=time]').evaluateAll((all) => all.map((one) => one.value));
  found.saturday = await hours.locator('[data-day="sat"] [data-open]').isChecked();

  // Somebody else saves first: nothing of theirs is overwritten, nothing typed is lost.
  const other = await open();
  await other.page.goto(address);
  const theirs = other.page.locator('[data-form="general"]');
  await theirs.getByLabel("Days ahead").fill("3");
  await theirs.getByRole("button", { name: "Save" }).click();
  await theirs.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  await syncing.getByLabel("Days ahead").fill("14");
  await syncing.getByRole("button", { name: "Save" }).click();
  found.stale = await syncing.locator("[data-error]").filter({ hasText: /\S/ }).textContent();
  found.typed = await syncing.getByLabel("Days ahead").inputValue();
  trouble.length = 0;

  await page.locator('[data-form="webhooks"]').getByRole("button", { name: "Make a key" }).click();
  await page.locator("[data-webhook-facts] code").first().waitFor();
  found.key = (await page.locator("[data-webhook-facts] code").allTextContents()).length;

  for (const [name, options] of Object.entries(PICTURES)) {
    const seen = await open(options);
    await seen.page.goto(address);
    await seen.page.screenshot({ path: `${shots}/connection-${name}.png`, fullPage: true });
    found[`width ${name}`] = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await seen.page.goto(`${base}/connections`);
    await seen.page.screenshot({ path: `${shots}/connections-${name}.png`, fullPage: true });
    found[`width all ${name}`] = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    trouble.push(...seen.trouble);
  }

  // A look at the connection that is still on its way: the removal must not overtake it.
  const removed = page.waitForResponse((answer) => answer.request().method() === "DELETE");
  await page.route("**/standing", async (asked) => {
    await Promise.race([removed, page.waitForTimeout(700)]);
    await asked.continue();
  });
  const looked = page.waitForRequest("**/standing");
  await page.goto(address);
  await looked;
  await page.getByRole("button", { name: "Remove…" }).click();
  found.warned = await page.locator("[data-sure]").textContent();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.waitForURL(`${base}/connections`);
  found.left = await page.locator(".connection").count();
  found.trouble = trouble;
  return found;
}

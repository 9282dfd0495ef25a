// What reached us: filtered, one done again after a question, new ones shown as they come.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/deliveries-${name}.png`, fullPage: true });
  const lines = page.locator("#lines > li");

  await page.goto(`${base}/`);
  await go(page.getByRole("link", { name: "Deliveries" }));
  found.title = await page.locator("h1").textContent();
  found.lines = await lines.count();
  found.first = (await lines.first().locator(".what").innerText()).trim();
  found.calls = await page.locator("#calls > li").allInnerTexts();
  found.offices = await page.locator("#offices > li .what").allInnerTexts();
  await shot(page, "all");

  await page.locator("#filters").getByRole("link", { name: "Ignored" }).click();
  await page.waitForURL(/state=ignored/);
  await lines.first().waitFor();
  found.ignored = await lines.count();
  await page.locator("#filters").getByRole("link", { name: "Any state" }).click();
  await page.waitForURL(/deliveries$/);
  await page.locator("#filters").getByRole("link", { name: "Sikka" }).click();
  await page.waitForURL(/sender=sikka/);
  await lines.first().waitFor();
  found.senders = [...new Set(await lines.locator(".what strong").allTextContents())];

  await page.locator("[data-replay]").first().click();
  found.asked = await page.locator("[data-sure-title]").textContent();
  await shot(page, "sure");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator("[data-replay]").first().click();
  await page.locator("[data-sure-yes]").click();
  await page.locator("[data-toasts] p").first().waitFor();
  found.replayed = await page.locator("[data-toasts] p").first().textContent();

  found.first_section = await page.locator("#deliveries h2").first().textContent();
  await page.goto(`${base}/deliveries`);
  const early = await open(PHONE);
  await early.page.goto(`${base}/deliveries`);
  await shot(early.page, "phone-untold");
  found.untold = (await page.locator("#untold > li").allInnerTexts()).join(" ");
  await page.getByRole("button", { name: /^Call them/ }).click();
  await page.locator("[data-sure-title]", { hasText: "Call them back" }).waitFor();
  found.back = await page.locator("[data-sure-text]").textContent();
  await shot(page, "call-back");
  await page.getByRole("button", { name: "They were called" }).click();
  await page.locator("#untold > li").nth(1).waitFor({ state: "detached", timeout: 45_000 });
  await page.getByRole("button", { name: /^Tell them/ }).click();
  await page.locator("[data-sure-title]", { hasText: "Tell the caller" }).waitFor();
  found.tell = await page.locator("[data-sure-text]").textContent();
  await shot(page, "tell");
  await page.getByRole("button", { name: "They know now" }).click();
  await page.locator("#untold").waitFor({ state: "detached", timeout: 45_000 });

  await fetch(`${told.vendor}/_sim/authorise`, { method: "POST", body: JSON.stringify({ tenant: told.office, url: told.webhook, extra: { n: 2 } }) });
  await page.waitForFunction((before) => document.querySelectorAll("#lines > li").length > before, await lines.count(), { timeout: 45_000 });
  found.live = true;

  const dark = await open({ colorScheme: "dark" });
  await dark.page.goto(`${base}/deliveries`);
  await shot(dark.page, "dark");
  const phone = await open(PHONE);
  await phone.page.goto(`${base}/deliveries`);
  await shot(phone.page, "phone");
  found.width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
  found.html = await page.content();
  found.trouble = [...trouble, ...dark.trouble, ...phone.trouble];
  return found;
}

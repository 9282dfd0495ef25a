// An operator looks on: what is wrong, who carries what; finds a job, retries it, and pauses a queue.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/queues-${name}.png`, fullPage: true });
  const toast = () => page.locator("[data-toasts] p").last();

  await page.goto(`${base}/`);
  await go(page.getByRole("link", { name: "Queues" }));
  found.title = await page.locator("h1").textContent();
  found.alarms = await page.locator(".alarm").allInnerTexts();
  found.cards = await page.locator(".queue-card h2").allTextContents();
  found.oldest = await page.locator("#queue-sync .depth div").last().innerText();
  found.bars = await page.locator("#queue-sync .chart rect.came").count();
  found.groups = await page.locator("#dead .groups > li .what").allInnerTexts();
  found.hands = await page.locator(".hands > li").allInnerTexts();
  await page.locator(".foreseen > li").first().waitFor();
  found.troubles = await page.locator("#troubles li").allInnerTexts();
  found.foreseen = await page.locator(".foreseen > li").allInnerTexts();
  await shot(page, "1280-light");

  await page.locator("#dead .groups > li").first().getByRole("button", { name: "Retry" }).click();
  await page.locator("[data-deed][open]").waitFor();
  found.asked = await page.locator("[data-deed-title]").textContent();
  found.kinds = await page.locator("[data-deed-kinds] li").allTextContents();
  await shot(page, "retry");
  await page.locator("[data-deed-yes]").click();
  await toast().waitFor();
  found.retried = await toast().textContent();

  await page.getByLabel("State").selectOption("dead");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/state=dead/);
  found.dead = await page.locator("#lines > li").count();
  await page.getByRole("button", { name: "Discard all that match" }).click();
  await page.locator("[data-deed][open]").waitFor();
  await page.locator("[data-deed-yes]").click();
  found.lacking = await page.locator("[data-deed-error]").textContent();
  await page.locator("[data-deed-reason]").fill("Mended by hand.");
  await shot(page, "discard");
  await page.locator("[data-deed-yes]").click();
  await page.locator("#lines > li").first().waitFor({ state: "detached" });
  found.discarded = await toast().textContent();

  await page.locator("h1").click();
  await page.keyboard.press("/");
  await page.keyboard.type(told.trace);
  await page.getByLabel("State").selectOption("");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/q=/);
  await page.locator("#lines > li a").first().click();
  await page.waitForURL(/queues\/jobs/);
  found.trail = await page.locator(".steps > li .what strong").allTextContents();
  found.args = await page.locator(".job-card .facts").innerText();
  await shot(page, "job");

  await page.goto(`${base}/queues`);
  await page.locator("#queue-sync [data-pause]").click();
  await page.locator("[data-deed-reason]").fill("The PMS is being mended.");
  await page.locator("[data-deed-yes]").click();
  await page.locator("#queue-sync [data-resume]").waitFor();
  found.paused = await page.locator("#queue-sync").innerText();
  const dark = await open({ colorScheme: "dark" });
  await dark.page.goto(`${base}/queues`);
  await dark.page.locator(".foreseen > li").first().waitFor();
  await shot(dark.page, "1280-dark");
  await page.locator("#queue-sync [data-resume]").click();
  await page.locator("#queue-sync [data-pause]").waitFor();

  for (const colorScheme of ["light", "dark"]) {
    const phone = await open({ ...PHONE, colorScheme });
    await phone.page.goto(`${base}/queues`);
    await phone.page.locator(".foreseen > li").first().waitFor();
    await shot(phone.page, `390-${colorScheme}`);
    await phone.page.screenshot({ path: `${shots}/queues-390-${colorScheme}-top.png`, fullPage: true, clip: { x: 0, y: 0, width: 390, height: 1500 } });
    await phone.page.screenshot({ path: `${shots}/queues-390-${colorScheme}-jobs.png`, fullPage: true, clip: { x: 0, y: 1500, width: 390, height: 1400 } });
    found[`width-${colorScheme}`] = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    trouble.push(...phone.trouble);
    await phone.page.goto(`${base}/queues/jobs/${told.job}`);
    await shot(phone.page, `job-390-${colorScheme}`);
    found[`width-job-${colorScheme}`] = await phone.page.evaluate(() => document.documentElement.scrollWidth);
  }
  found.trouble = [...trouble, ...dark.trouble];
  return found;
}

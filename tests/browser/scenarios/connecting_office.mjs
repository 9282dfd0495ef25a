// An office at AdvancedMD is connected by hand: a wrong password, a locked account, then all five steps.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };
const LOGIN = 150_000;

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/office-${name}.png`, fullPage: true });
  const error = (where) => where.locator("[data-connect] [data-error]");
  const step = (where) => where.locator(".steps .current .title").textContent();

  await page.goto(`${base}/setup`);
  found.card = (await page.getByRole("link", { name: /AdvancedMD/ }).filter({ has: page.locator(".choice-title") }).innerText()).split("\n");
  await go(page.locator("a.choice", { hasText: "AdvancedMD" }));
  found.asked = await page.locator("[data-connect] label:visible").evaluateAll((all) => all.map((one) => one.firstChild.textContent.trim()));
  await page.locator("#timezone").fill("");
  await shot(page, "1-empty");

  // Without a time zone nothing is asked.
  await fill(page, told.ours, "not the password");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  found.zoneless = await error(page).textContent();
  await page.locator("#timezone").fill(told.zone);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await error(page).filter({ hasText: /failed/ }).waitFor({ timeout: LOGIN });
  found.wrong = await error(page).textContent();
  found.wrongStep = await step(page);
  found.kept = [await page.locator("#site").inputValue(), await page.locator("#secrets-username").inputValue(), await page.locator("#secret-password").inputValue()];
  await shot(page, "2-wrong");

  // A locked account: asked once, however often the button is pressed, the page reloaded, or another one opened.
  const locked = await open();
  await locked.page.goto(`${base}/setup?vendor=advancedmd`);
  await locked.page.locator("[data-connect]").waitFor();
  await fill(locked.page, told.locked, told.locked.password);
  await locked.page.locator("#timezone").fill(told.zone);
  await locked.page.getByRole("button", { name: "Connect", exact: true }).click();
  await error(locked.page).filter({ hasText: /locked/ }).waitFor({ timeout: LOGIN });
  found.locked = await error(locked.page).textContent();
  found.lockedStep = await step(locked.page);
  await shot(locked.page, "3-locked");
  for (const reload of [false, true]) {
    if (reload) await locked.page.reload();
    await locked.page.getByRole("button", { name: "Connect", exact: true }).click();
    await error(locked.page).filter({ hasText: /locked/ }).waitFor({ timeout: LOGIN });
  }
  found.attempts = await logins(told, told.locked.office_key);

  // The right password after the wrong one: the office's next minute has to come first.
  await page.locator("#secret-password").fill(told.ours.password);
  await page.getByText("More choices").click();
  await page.getByLabel("What you call it").fill("Northside Behavioral Health");
  await page.getByLabel("Columns of the scheduler to read").fill(told.columns.join(","));
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("[data-practitioners]").waitFor({ timeout: LOGIN });
  await page.waitForLoadState("load");
  found.columns = await page.locator("[data-practitioner]").evaluateAll((all) => all.map((one) => one.dataset.practitioner));
  found.names = await page.locator("[data-practitioner] .who-name").allTextContents();
  await shot(page, "4-columns");
  await go(page.getByRole("button", { name: "Continue" }));

  found.types = await page.locator("[data-type]").count();
  for (const id of told.telehealth) await page.locator(`[data-type="${id}"] [data-telehealth]`).check();
  await shot(page, "5-types");
  await go(page.getByRole("button", { name: "Continue" }));

  found.facts = (await page.locator("[data-fact]").allTextContents()).map((one) => one.replace(/\s+/g, " ").trim());
  found.often = await page.locator("[data-frequency] label span").allInnerTexts();
  await page.getByRole("button", { name: "Test Connection" }).click();
  const said = page.locator("[data-test-said]").filter({ hasText: /\S/ });
  await said.waitFor({ timeout: LOGIN });
  found.tested = await said.textContent();
  await shot(page, "6-summary");
  await page.getByRole("button", { name: "Save & Start Sync" }).click();
  await page.locator("[data-first-done]").waitFor({ timeout: 45_000 });
  found.title = await page.locator("[data-first-title]").textContent();
  found.created = Number(await page.locator("[data-count-of=created]").textContent());
  await go(page.getByRole("link", { name: "Open the run sheet" }));
  await page.locator("#board .card").first().waitFor();
  found.cards = await page.locator("#board .card").count();
  found.nav = await page.getByRole("link", { name: "AdvancedMD", exact: true }).count();
  found.logins = await logins(told, told.ours.office_key);

  const phone = await open({ ...PHONE });
  await phone.page.goto(`${base}/setup?vendor=advancedmd`);
  await phone.page.locator("[data-connect]").waitFor();
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  await shot(phone.page, "phone");
  await phone.page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await shot(phone.page, "phone-dark");
  found.trouble = [...trouble, ...locked.trouble, ...phone.trouble];
  return found;
}

async function fill(page, office, password) {
  await page.locator("#site").fill(office.office_key);
  await page.locator("#secrets-username").fill(office.username);
  await page.locator("#secret-password").fill(password);
  await page.locator("#secrets-app_name").fill(office.app_name);
}

async function logins({ vendor }, office) {
  const { calls } = await (await fetch(`${vendor}/_sim/calls?tenant=${office}`)).json();
  return calls.filter((one) => one.action === "login").length;
}

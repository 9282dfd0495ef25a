// A practice lets us in at Sikka, another is claimed by its code; then what callers may do there.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/sikka-${name}.png`, fullPage: true });
  const control = (path, body) => fetch(`${told.vendor}/_sim/${path}`, { method: "POST", body: JSON.stringify(body) });

  await page.goto(`${base}/setup`);
  found.choices = await page.locator(".choice-title").allTextContents();
  await shot(page, "0-choose");
  await go(page.getByRole("link", { name: "Other practice systems (through Sikka)" }));
  found.copy = [
    await page.locator("h1").textContent(),
    await page.locator(".lead").textContent(),
    await page.locator("[data-authorise]").textContent(),
    await page.locator(".market .hint").textContent(),
  ];
  await shot(page, "1-panel");

  await page.getByLabel("Office id or code").fill("D99999");
  await page.getByRole("button", { name: "Find it" }).click();
  const error = page.locator("[data-named] [data-error]");
  await error.filter({ hasText: /\S/ }).waitFor();
  found.missed = await error.textContent();

  const popup = page.waitForEvent("popup");
  await page.locator("[data-authorise]").click();
  const market = await popup;
  await market.waitForURL(/state=/);
  const state = new URL(market.url()).searchParams.get("state");
  await market.close();
  await page.locator("[data-waiting]").waitFor();
  found.waiting = await page.locator("[data-waiting]").textContent();
  await control("authorise", { tenant: told.office, url: `${told.webhook}?state=${state}`, shape: "handshake" });
  await page.locator("[data-state=connected]").waitFor({ timeout: 45_000 });
  found.connected = await page.locator("[data-state=connected] h2").textContent();
  found.said = await page.locator("[data-state=connected] .said").textContent();
  found.practices = await page.locator("[data-state=connected] .practices li").count();
  await shot(page, "2-connected");

  await control("authorise", { tenant: told.second, url: told.webhook });
  await page.getByLabel("Office id or code").fill(told.second.toLowerCase());
  // Sikka's word of it has to be carried first.
  const looked = () => page.waitForResponse((answer) => answer.url().includes("/setup/sikka/named"));
  let answer;
  do [answer] = await Promise.all([looked(), page.getByRole("button", { name: "Find it" }).click()]);
  while (!answer.ok());
  await page.locator("#named h2").waitFor();
  found.named = await page.locator("#named .hint").textContent();
  await shot(page, "3-named");
  await page.getByRole("button", { name: "Connect this practice" }).click();
  await page.locator("[data-state=connected]").nth(1).waitFor({ timeout: 45_000 });
  found.offices = await page.locator("[data-state=connected]").count();

  await page.getByRole("button", { name: "Make a code" }).click();
  await page.locator("[data-shown]").filter({ hasText: /\S/ }).waitFor();
  found.code = await page.locator("[data-shown]").textContent();

  await control("revoke", { tenant: told.office, url: told.webhook });
  await page.locator("[data-state=connected] .state", { hasText: "Needs sign-in" }).waitFor({ timeout: 45_000 });
  found.left = await page.locator("[data-state=connected]", { hasText: told.office }).locator(".said").textContent();
  await shot(page, "6-left");
  await go(page.locator("[data-state=connected] .practices a").first());
  found.features = await page.locator("[data-feature]").count();
  await page.getByRole("button", { name: "Test Connection" }).click();
  await page.locator("[data-test-said]").filter({ hasText: /\S/ }).waitFor({ timeout: 45_000 });
  found.tested = await page.locator("[data-test-said]").textContent();
  await page.getByText("Insurance", { exact: true }).click();
  await page.getByLabel("Shortest notice").fill("999999");
  await page.getByRole("button", { name: "Save and finish" }).click();
  found.refused = await page.locator("[data-rules] [data-error]").filter({ hasText: /\S/ }).textContent();
  await page.getByLabel("Shortest notice").fill("120");
  await shot(page, "4-rules");
  await page.getByRole("button", { name: "Save and finish" }).click();
  await page.locator(".ready").waitFor();
  found.enabled = await page.locator(".enabled strong").allTextContents();
  found.number = await page.locator(".test-number strong").textContent();
  await shot(page, "5-ready");

  const dark = await open({ colorScheme: "dark", ...PHONE });
  for (const [name, path] of [["panel", "/setup/sikka"], ["rules", new URL(page.url()).pathname + new URL(page.url()).search.replace("&ready=true", "")], ["ready", new URL(page.url()).pathname + new URL(page.url()).search]]) {
    await dark.page.goto(base + path);
    await shot(dark.page, `phone-${name}`);
    found[`width-${name}`] = await dark.page.evaluate(() => document.documentElement.scrollWidth);
  }
  found.trouble = [...trouble, ...dark.trouble].filter((one) => !one.includes("status of 404 "));
  return found;
}

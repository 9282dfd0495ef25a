// Access is lost: the card says so by itself, and a new code mends it without mapping anew.
import { go } from "../going.mjs";

const figures = (page) => page.locator(".figures dd").evaluateAll((all) => all.slice(3).map((one) => one.textContent.replace(/\s+/g, " ").trim()));

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const badge = (words) => page.locator(".connection .state").filter({ hasText: words }).waitFor({ timeout: 45_000 });
  await page.goto(`${base}/connections`);
  found.before = await figures(page);
  await page.getByRole("button", { name: "Sync now" }).click();
  await badge("Needs sign-in");
  found.todo = await page.locator(".callout.bad").textContent();
  await page.screenshot({ path: `${shots}/connections-signed-out.png`, fullPage: true });
  await go(page.getByRole("link", { name: "Sign in again" }));

  const form = page.locator('[data-form="pair"]');
  await form.getByLabel("Pairing code").fill("nocode99");
  await form.getByRole("button", { name: "Pair again" }).click();
  found.refused = await form.locator("[data-error]").filter({ hasText: /\S/ }).textContent({ timeout: 45_000 });
  await form.getByLabel("Pairing code").fill(told.code);
  await form.getByRole("button", { name: "Pair again" }).click();
  await form.locator("[data-said]").filter({ hasText: "Signed in again." }).waitFor({ timeout: 45_000 });
  await page.screenshot({ path: `${shots}/connection-signed-in.png` });

  await page.goto(`${base}/connections`);
  await badge("On time");
  found.after = await figures(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await badge("Paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await badge("On time");
  await page.getByRole("button", { name: "Test" }).click();
  const toast = page.locator("[data-toasts] p").filter({ hasText: "successful" });
  await toast.waitFor({ timeout: 45_000 });
  found.tested = await toast.textContent();
  found.trouble = trouble;
  return found;
}

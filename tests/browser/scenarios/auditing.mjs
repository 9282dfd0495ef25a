// An owner looks through the audit: what is worth a look, who saw a patient, and an agreement.
import { go } from "../going.mjs";

const A4 = { width: 718, height: 1046 };
const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/audit-${name}.png`, fullPage: true });

  await page.goto(`${base}/audit`);
  found.title = await page.locator("h1").textContent();
  found.count = await page.locator('[data-count="/audit"]').textContent();
  found.finding = await page.locator(".findings .about").first().innerText();
  await shot(page, "1280-light");
  const version = page.locator("[data-agreement] [name=version]");
  const notes = page.getByPlaceholder("What did you find out?");
  await version.fill("2026-01");
  await page.getByLabel("Trace id").fill("half a");
  await notes.last().fill("Still to be asked.");
  await notes.first().fill("Letters to everybody on the list.");
  await page.getByRole("button", { name: "Looked at" }).first().click();
  await page.locator(".findings .about", { hasText: "Letters" }).waitFor();
  found.settled = await page.locator(".findings .about", { hasText: "Letters" }).innerText();
  found.left = await page.locator('[data-count="/audit"]').textContent();
  found.focused = await page.evaluate(() => document.activeElement.closest("#findings") !== null);
  await page.locator("[data-agreement] [name=signed_by]").fill("Ann Example");
  await page.getByRole("button", { name: "Record" }).click();
  await page.locator("#agreements tbody tr").waitFor();
  found.agreement = await page.locator("#agreements tbody tr").first().innerText();
  found.typed = [await notes.inputValue(), await page.getByLabel("Trace id").inputValue(), await version.inputValue()];
  await page.getByLabel("Trace id").fill("");
  await page.getByLabel("Patient's id at the PMS").fill("p-77");
  await go(page.getByRole("button", { name: "Search" }));
  found.rows = await page.locator(".dense").first().locator("tbody tr").count();
  const asked = page.url();
  await page.setViewportSize(A4);
  await page.emulateMedia({ media: "print" });
  found.printed = await page.locator(".dense").first().evaluate((one) => one.scrollWidth - one.clientWidth);
  await shot(page, "paper");
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 1280, height: 860 });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Who saw this patient" }).click(),
  ]);
  found.file = download.suggestedFilename();
  await shot(page, "patient-1280-light");
  for (const colorScheme of ["light", "dark"]) {
    const phone = await open({ ...PHONE, colorScheme });
    await phone.page.goto(`${base}/audit`);
    await shot(phone.page, `390-${colorScheme}`);
    found[`width-${colorScheme}`] = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    trouble.push(...phone.trouble);
  }
  const dark = await open({ colorScheme: "dark" });
  await dark.page.goto(asked);
  await shot(dark.page, "patient-1280-dark");
  await dark.page.goto(`${base}/audit`);
  await shot(dark.page, "1280-dark");
  found.trouble = [...trouble, ...dark.trouble];
  return found;
}

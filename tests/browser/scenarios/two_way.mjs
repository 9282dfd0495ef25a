// A practice that takes changes: its dashboard, its badges on the sheet, a row's card, its settings.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name, fullPage = true) => where.screenshot({ path: `${shots}/advancedmd-${name}.png`, fullPage });
  const dark = (where) => where.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  const light = (where) => where.evaluate(() => { document.documentElement.dataset.theme = "light"; });

  // A card that is renewed meanwhile begins its own anew: the one before never finishes.
  const settled = (where) => where.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => null));

  const tops = await page.locator(".tools > *").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  found.toolsAreOneLine = Math.max(...tops) - Math.min(...tops) < 12;
  found.pagesFit = await page.evaluate(() => {
    document.querySelector(".me .name").textContent = "Mara Manager";
    const pages = document.querySelector(".top nav");
    // An account whose first week is over has one more.
    pages.insertAdjacentHTML("beforeend", '<a href="/summary">Week</a>');
    return pages.scrollWidth <= pages.clientWidth;
  });
  await shot(page, "sheet-light", false);
  await page.locator(".who", { hasText: "Ben Sketch" }).click();
  await page.locator("#push").waitFor();
  await settled(page);
  await shot(page, "entry-light", false);
  const panel = page.locator("[data-panel]");
  const editor = page.locator("[data-editor]");
  await panel.locator("[data-edit=status]").click();
  found.statuses = await editor.locator("option").allTextContents();
  found.asksAtOnce = await editor.locator("[data-editor-why]").isVisible();
  await editor.locator("select").selectOption("cancelled");
  found.asksWhy = await editor.locator("[data-editor-why]").isVisible();
  await editor.locator("[data-editor-why] input").fill("Has a cold");
  await shot(page, "cancelling-light", false);
  await editor.locator("[data-editor-why] input").press("Enter");
  await panel.locator(".chip", { hasText: "Cancelled" }).waitFor();
  await panel.locator("[data-history] summary").click();
  found.why = await panel.locator("[data-history-inside] .from").first().innerText();
  await panel.locator("[data-edit=clinician]").click();
  found.clinicians = await editor.locator("option").allTextContents();
  await editor.locator("select").selectOption({ label: "Omar Supposed LCSW" });
  await editor.locator("select").press("Enter");
  await panel.locator("header p", { hasText: "Omar Supposed LCSW" }).waitFor();
  found.clinicianSaid = await panel.locator("header p").first().innerText();
  await page.getByRole("button", { name: "Close" }).first().click();
  await page.locator(".who", { hasText: "Joan Walkin" }).click();
  await page.locator("#push-patient").waitFor();
  await settled(page);
  await page.locator("#push-patient").scrollIntoViewIfNeeded();
  await shot(page, "patient-light", false);
  await page.getByRole("button", { name: "Choose the patient" }).click();
  await page.locator(".who-list label").first().waitFor();
  found.mayLink = await page.locator("[data-linking-yes]").isEnabled();
  await page.locator(".who-list label").first().click();
  found.mayLinkThen = await page.locator("[data-linking-yes]").isEnabled();
  await shot(page, "linking-light", false);
  await page.locator("[data-linking-cancel]").click();
  await page.getByRole("button", { name: "Close" }).first().click();

  await page.locator("[data-send]").click();
  await page.locator("[data-sending-wait]", { hasText: /\S/ }).waitFor();
  await shot(page, "sending-light", false);
  await page.locator("[data-sending-close]").click();
  await dark(page);
  await shot(page, "sheet-dark", false);
  await light(page);

  await go(page.getByRole("link", { name: "AdvancedMD" }));
  found.title = (await page.locator("h1").innerText()).replace(/^\S\n?/, "").trim();
  await page.locator("#people").getByRole("button", { name: "Choose" }).click();
  await page.locator(".who-list label").first().waitFor();
  found.chosen = await page.locator(".who-list strong").allTextContents();
  await page.locator("[data-linking-cancel]").click();
  await shot(page, "wide-light");
  await dark(page);
  await shot(page, "wide-dark");
  await light(page);

  await page.goto(`${base}/connections/${told.connection}`);
  const both = page.locator("#both-ways");
  found.before = await both.getByLabel("Send changes by themselves").isChecked();
  await both.getByLabel("Send changes by themselves").uncheck();
  await both.getByLabel("Create visits that are entered here").check();
  await both.getByRole("button", { name: "Save" }).click();
  await both.getByText("Saved.").waitFor();
  found.office = await page.locator("#sign-in dl").innerText();
  found.presets = await page.locator("[data-frequency] label span").allInnerTexts();
  await shot(page, "settings-light");
  await dark(page);
  await shot(page, "settings-dark");

  const { page: phone, trouble: more } = await open({ viewport: { width: PHONE.width, height: PHONE.height }, ...PHONE });
  await shot(phone, "phone-sheet", false);
  await phone.goto(`${base}/advancedmd`);
  await phone.locator("#two-way").waitFor();
  found.width = await phone.evaluate(() => document.documentElement.scrollWidth);
  await shot(phone, "phone-light");
  await dark(phone);
  await shot(phone, "phone-dark");
  await phone.goto(`${base}/connections/${told.connection}`);
  await phone.locator("#both-ways").waitFor();
  found.settingsWidth = await phone.evaluate(() => document.documentElement.scrollWidth);
  await shot(phone, "phone-settings");
  return { ...found, trouble: [...trouble, ...more] };
}

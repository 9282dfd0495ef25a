// Six clinicians with short visits: even columns, signs on short cards, and a name for who has none.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  await page.goto(new URL("/?date=2026-11-24", page.url()).href);
  await page.locator("#board").waitFor();
  const found = await page.evaluate(() => {
    const board = document.getElementById("board");
    const edge = board.getBoundingClientRect();
    const columns = [...board.querySelectorAll(".column")].map((one) => one.getBoundingClientRect());
    const first = board.querySelector(".card:not(.off)").getBoundingClientRect();
    return {
      headings: [...board.querySelectorAll("h2")].map((one) => one.textContent),
      widths: [...new Set(columns.map((one) => Math.round(one.width)))],
      whole: columns.filter((one) => one.right <= edge.right + 1).length,
      firstIsShown: first.top >= edge.top && first.bottom <= edge.bottom,
      scrolled: board.scrollTop,
    };
  });

  const card = page.locator('.card:has-text("Early Onyx")');
  const seen = (part) => card.locator(part).evaluate((one) => one.checkVisibility() && one.offsetWidth > 8);
  const noted = await seen('[data-edit="notes"] .glyph').catch(() => false);
  await card.hover();
  found.short = {
    time: await card.locator('[data-edit="start"]').textContent(),
    name: await card.locator(".who").textContent(),
    noted: noted || (await card.locator('[data-edit="notes"]').isVisible()),
    phone: await card.locator('[data-edit="patient_phone"]').isVisible(),
    heard: (await card.ariaSnapshot()).includes("Booked"),
  };
  await card.locator('[data-edit="patient_phone"]').hover();
  found.tip = await page.locator("[data-tip]:popover-open").textContent();
  await page.screenshot({ path: `${shots}/crowded-light.png` });
  const other = page.locator('.card:has-text("Second Onyx")');
  await other.hover();
  await other.locator('[data-edit="notes"]').click();
  await page.keyboard.type("Bring the referral.");
  await page.keyboard.press("Enter");
  await page.locator(".toasts p").filter({ hasText: "Notes saved" }).waitFor();

  await page.getByRole("button", { name: /Rename Unnamed/ }).click();
  await page.keyboard.type("Dr Ana Quiet");
  await page.keyboard.press("Enter");
  const refused = page.locator("[data-renaming-error]").filter({ hasText: "already" });
  await refused.waitFor();
  found.refused = await refused.textContent();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("Dr Fay Named");
  await page.keyboard.press("Enter");
  await page.locator("#board h2").filter({ hasText: "Dr Fay Named" }).waitFor();
  found.choices = await page.locator('[data-filter="clinician"] option').allTextContents();

  await page.emulateMedia({ media: "print" });
  const paper = await page.pdf({ preferCSSPageSize: true });
  found.sheets = paper.toString("latin1").match(/\/Type\s*\/Page[^s]/g).length;
  await page.setViewportSize({ width: 1050, height: 740 });
  await page.screenshot({ path: `${shots}/printed.png` });
  return { ...found, trouble: trouble.filter((line) => !line.includes("status of 422 ")) };
}

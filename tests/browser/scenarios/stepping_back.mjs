// The history of a row says from what to what, and a step of it is undone.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  await page.locator('#board .who:has-text("Jun Unreal")').click();
  await page.locator("[data-history] summary").click();
  await page.locator(".steps li").first().waitFor();
  const found = {
    was: await page.locator(".steps .was").allTextContents(),
    became: await page.locator(".steps .became").allTextContents(),
    by: (await page.locator(".steps .when").first().textContent()).trim(),
  };
  await page.screenshot({ path: `${shots}/history-steps.png` });
  await page.getByRole("button", { name: "Undo this" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".steps li").length === 2);
  found.time = await page.locator('.details [data-edit="start"] [data-shown]').textContent();
  return { ...found, trouble };
}

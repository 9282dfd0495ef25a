// Signed out in one window: the others show nobody any more.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const sibling = await page.context().newPage();
  await sibling.goto(page.url());
  await sibling.locator("#board").waitFor();
  const stale = await open();
  await sibling.getByRole("button", { name: "Sign out" }).click();
  await sibling.waitForURL("**/login");

  // The same browser hears of it; another one at its next request.
  await page.locator("h1").filter({ hasText: "Signed out" }).waitFor();
  await stale.page.keyboard.press("s");
  await stale.page.locator("h1").filter({ hasText: "Signed out" }).waitFor();
  await page.screenshot({ path: `${shots}/signed-out.png` });
  const texts = await Promise.all([page, stale.page].map((one) => one.locator("body").textContent()));
  const link = await page.getByRole("link", { name: "Sign in" }).getAttribute("href");
  for (const key of ["?", "/", "j"]) await page.keyboard.press(key);
  return {
    names: texts.filter((text) => text.includes("Example")).length,
    title: await page.title(),
    link,
    trouble: [...trouble, ...stale.trouble].filter((line) => !line.includes("status of 401 ")),
  };
}

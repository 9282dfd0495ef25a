// An owner has a program told of changes, copies its secret, tests it, and reads how it went.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  await page.goto(new URL("/outgoing", page.url()).href);
  const found = { title: await page.locator("h1").innerText() };
  await page.getByRole("button", { name: "Add", exact: true }).click();
  found.empty = await page.locator("[data-error]").innerText();
  await page.getByLabel("Address of a program").fill("http://hooks.example.com/");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  found.refused = await page.locator("[data-error]", { hasText: "https://" }).innerText();
  await page.getByLabel("Address of a program").fill("https://hooks.example.com/new");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.locator("[data-secret]").waitFor();
  found.secret = await page.locator("[data-secret-text]").innerText();
  found.focused = await page.evaluate(() => document.activeElement.hasAttribute("data-secret"));
  found.copies = await page.getByRole("button", { name: "Copy the secret" }).count();
  found.current = await page.locator('nav a[aria-current="page"]').innerText();
  const line = page.locator("#endpoints li", { hasText: "https://hooks.example.com/new" });
  await line.waitFor();
  await page.getByLabel("Address of a program").fill("https://hooks.example.com/ano");
  await page.getByRole("button", { name: "Pause: https://hooks.example.com/pms-sync/a-rather-long-path" }).click();
  await page.getByRole("button", { name: "Resume: https://hooks.example.com/pms-sync/a-rather-long-path" }).waitFor();
  found.still = await page.locator("[data-secret-text]").innerText();
  found.typed = await page.getByLabel("Address of a program").inputValue();
  found.pressed = await page.evaluate(() => document.activeElement.textContent);
  await page.screenshot({ path: `${shots}/outgoing-1280-light.png`, fullPage: true });
  found.endpoints = await page.locator("#endpoints li").count();
  await line.getByRole("button", { name: "Send a test" }).click();
  const test = page.locator("#messages li", { hasText: "https://hooks.example.com/new" });
  await test.waitFor();
  found.test = await test.locator(".how").innerText();
  await line.getByRole("button", { name: "Remove" }).click();
  await page.locator("[data-sure-yes]").click();
  await page.waitForFunction((count) => document.querySelectorAll("#endpoints li").length < count, found.endpoints);
  found.heir = await page.evaluate(() => document.activeElement.ariaLabel);
  found.forgotten = await page.locator("[data-secret]").isHidden();
  found.disabled = await page.locator("#endpoints .about").first().innerText();
  found.messages = await page.locator("#messages li").count();
  for (const colorScheme of ["light", "dark"]) {
    const small = await open({ width: 390, height: 844, colorScheme });
    await small.page.goto(page.url());
    found[`width-${colorScheme}`] = await small.page.evaluate(
      () => document.documentElement.scrollWidth,
    );
    await small.page.screenshot({ path: `${shots}/outgoing-390-${colorScheme}.png`, fullPage: true });
    trouble.push(...small.trouble);
  }
  const wide = await open({ colorScheme: "dark" });
  await wide.page.goto(page.url());
  await wide.page.screenshot({ path: `${shots}/outgoing-1280-dark.png`, fullPage: true });
  return { ...found, trouble: trouble.filter((one) => !one.includes("422")) };
}

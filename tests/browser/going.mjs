// Follow a link or a form to a page of its own, until that page and its scripts are there.
export async function go(link) {
  await Promise.all([link.page().waitForEvent("load"), link.click()]);
}

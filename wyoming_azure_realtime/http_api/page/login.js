// The form in the reader's language, and why it stands here again.

import { loadTexts, t } from "./texts.js";

await loadTexts();
for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
document.title = t("login.title");
const why = new URLSearchParams(location.search).get("failed");
if (why) {
  const failed = document.getElementById("failed");
  failed.hidden = false;
  failed.textContent = t(why === "often" ? "login.often" : "login.failed");
}

"use strict";
(function () {
  function say(button, text) {
    button.textContent = text;
    window.setTimeout(() => { button.textContent = "copy"; }, 2000);
  }

  function select(code) {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function addCopy(code) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", "Copy the command that runs variant " + code.textContent);
    button.title = code.dataset.command;
    button.addEventListener("click", () => {
      const copied = navigator.clipboard ? navigator.clipboard.writeText(code.dataset.command) : Promise.reject();
      copied.then(() => say(button, "copied"), () => { select(code); say(button, "selected"); });
    });
    code.after(button);
  }

  document.querySelectorAll("code[data-command]").forEach(addCopy);
})();

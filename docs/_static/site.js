// A stepper is a page of its own: it is told which theme its reader has chosen here.
const steppers = () => document.querySelectorAll("iframe.fp-page");
const tell = stepper =>
    stepper.contentWindow?.postMessage({light: document.documentElement.dataset.theme !== "dark"}, "*");

addEventListener("DOMContentLoaded", () => {
    for (const stepper of steppers()) {
        stepper.addEventListener("load", () => tell(stepper));
        tell(stepper);
    }
    new MutationObserver(() => steppers().forEach(tell)).observe(
        document.documentElement, {attributeFilter: ["data-theme"]});
});

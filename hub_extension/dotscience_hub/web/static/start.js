// Before the pages' own script: when a part of that does not come, there is nothing on the page that could say so.
// It is fetched again once, then said.
(() => {
  const AGAIN = "dotscience-again";
  const remembered = (work) => {
    try {
      return work(sessionStorage);
    } catch {
      return true; // a browser that keeps nothing: it could begin again without end
    }
  };
  addEventListener(
    "error",
    ({ target }) => {
      if (!(target instanceof HTMLScriptElement)) return;
      if (!remembered((kept) => kept.getItem(AGAIN))) {
        remembered((kept) => kept.setItem(AGAIN, "1"));
        location.reload();
        return;
      }
      remembered((kept) => kept.removeItem(AGAIN));
      const said = document.createElement("p");
      said.setAttribute("role", "alert");
      said.textContent = "This page did not come whole. Look whether you are connected, and load it again.";
      document.getElementById("app").replaceChildren(said);
    },
    true,
  );
  addEventListener("load", () => {
    if (document.querySelector("#app > *")) remembered((kept) => kept.removeItem(AGAIN));
  });
})();

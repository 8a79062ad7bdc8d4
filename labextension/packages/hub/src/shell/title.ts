import { useEffect } from "react";

const titles = new Set<{ readonly title: string; readonly depth: number }>();

/** Names the page in the browser's tab and history.
 *
 * @param depth of pages within pages the deepest one's name is shown: 0 for what is around others
 */
export function useTitle(title: string, depth = 1): void {
  useEffect(() => {
    const mine = { title, depth };
    titles.add(mine);
    show();
    return () => {
      titles.delete(mine);
      show();
    };
  }, [title, depth]);
}

function show(): void {
  const deepest = [...titles].reduce((a, b) => (b.depth >= a.depth ? b : a), { title: "", depth: -1 });
  if (deepest.title !== "") document.title = `${deepest.title} · Dotscience`;
}

import type { CellDiff, Line } from "./notebookcells";

const WORDS = { same: "unchanged", changed: "changed", added: "added", removed: "removed" } as const;

/** Two versions of a notebook, cell by cell: cells without a change are only counted. */
export function NotebookDiff({ cells }: { readonly cells: readonly CellDiff[] }): JSX.Element {
  if (cells.every((cell) => cell.change === "same")) return <p className="ds-hint">The two versions hold the same cells.</p>;
  return (
    <ol className="ds-diff">
      {grouped(cells).map((group, index) =>
        typeof group === "number" ? (
          <li key={index} className="ds-quiet">
            {group === 1 ? "1 unchanged cell" : `${group} unchanged cells`}
          </li>
        ) : (
          <li key={index} aria-label={`${group.type} cell, ${WORDS[group.change]}`}>
            <p className={`ds-kind ds-${group.change}`}>
              {group.type} cell, {WORDS[group.change]}
            </p>
            <Lines lines={group.source} />
            {group.outputs.length > 0 && (
              <details>
                <summary>Output</summary>
                <Lines lines={group.outputs} />
              </details>
            )}
          </li>
        ),
      )}
    </ol>
  );
}

/** Lines with their marks; screen readers hear what was removed and added. */
export function Lines({ lines }: { readonly lines: readonly Line[] }): JSX.Element {
  return (
    <pre className="ds-lines">
      {lines.map(([mark, text], index) => {
        const content = `${mark} ${text}\n`;
        if (mark === "+") return <ins key={index}>{content}</ins>;
        if (mark === "-") return <del key={index}>{content}</del>;
        return <span key={index}>{content}</span>;
      })}
    </pre>
  );
}

/** Cells that changed, and between them the number of those that did not. */
function grouped(cells: readonly CellDiff[]): (CellDiff | number)[] {
  const groups: (CellDiff | number)[] = [];
  for (const cell of cells) {
    const last = groups[groups.length - 1];
    if (cell.change !== "same") groups.push(cell);
    else if (typeof last === "number") groups[groups.length - 1] = last + 1;
    else groups.push(1);
  }
  return groups;
}

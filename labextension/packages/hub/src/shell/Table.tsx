import type { ReactNode } from "react";

interface TableProps {
  /** Headings of the columns; one that is false is not there. */
  readonly columns: readonly (string | false)[];
  /** Its rows. */
  readonly children: ReactNode;
}

/** A table that is scrolled sideways where there is little room. */
export function Table({ columns, children }: TableProps): JSX.Element {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            {columns.map(
              (name) =>
                name !== false && (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

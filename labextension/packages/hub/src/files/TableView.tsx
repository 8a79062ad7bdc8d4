import { useMemo, useState } from "react";

import { Problems } from "../shell/Failure";
import { parseCsv } from "./csv";
import { extensionOf } from "./names";
import { NoText, Rest } from "./Rest";
import { useText, type ContentProps } from "./useText";

const AT_ONCE = 200;
const COLUMNS = 200;

/** A file of separated values as a table; its first line names the columns. */
export function TableView(props: ContentProps): JSX.Element {
  const { text, found } = useText(props);
  const [shown, setShown] = useState(AT_ONCE);
  const separator = extensionOf(props.file.path) === "tsv" ? "\t" : ",";
  const rows = useMemo(() => parseCsv(text ?? "", separator, !found.hasNextPage), [text, separator, found.hasNextPage]);
  if (text === null) return <NoText />;
  if (text === "") return <p className="ds-quiet">The file is empty.</p>;
  const [names = [], ...values] = rows;
  return (
    <>
      <Problems of={found.error} />
      <div className="scroll table-view" role="region" aria-label="Content" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {names.slice(0, COLUMNS).map((name, index) => (
                <th key={index} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {values.slice(0, shown).map((row, index) => (
              <tr key={index}>
                {row.slice(0, COLUMNS).map((value, column) => (
                  <td key={column}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {names.length > COLUMNS && <p className="ds-quiet">The first {COLUMNS} of {names.length} columns; see the source for all.</p>}
      {values.length > shown ? (
        <p className="inline">
          <button type="button" onClick={() => setShown(shown + AT_ONCE)}>
            Show more
          </button>
          <span className="ds-quiet">
            {shown} of {values.length} rows{found.hasNextPage && " read so far"}
          </span>
        </p>
      ) : (
        <Rest of={found} file={props.file} />
      )}
    </>
  );
}

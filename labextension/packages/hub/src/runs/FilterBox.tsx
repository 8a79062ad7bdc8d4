import { completions } from "@dotscience/ui";
import { useEffect, useState, type FormEvent } from "react";

import { Combobox } from "../shell/Combobox";

interface FilterBoxProps {
  readonly filter: string | undefined;
  readonly columns: readonly string[];
  /** What a column is known to have. */
  readonly valuesOf: (column: string) => readonly string[];
  /** What the hub says is wrong with it. */
  readonly error: Error | null;
  readonly onFilter: (filter: string | undefined) => void;
}

/** A filter in the API's language, with what can come next. */
export function FilterBox({ filter, columns, valuesOf, error, onFilter }: FilterBoxProps): JSX.Element {
  const [text, setText] = useState(filter ?? "");
  useEffect(() => setText(filter ?? ""), [filter]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFilter(text.trim() || undefined);
  };
  return (
    <form className="runs-filter" role="search" onSubmit={submit}>
      <Combobox
        aria-label="Filter runs"
        list="Completions"
        aria-invalid={error !== null}
        placeholder="parameters.lr < 0.1 and status = succeeded"
        value={text}
        choices={completions(text, columns, valuesOf).map(({ label, text: whole }) => ({ label, value: whole }))}
        takenBy={["Tab"]}
        onChange={setText}
      />
      <button type="submit">Filter</button>
      {filter !== undefined && (
        <button type="button" onClick={() => onFilter(undefined)}>
          Clear
        </button>
      )}
    </form>
  );
}

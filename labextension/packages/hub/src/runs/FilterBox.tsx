import { completions } from "@dotscience/ui";
import { useEffect, useId, useState, type FormEvent, type KeyboardEvent } from "react";

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
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const list = useId();
  useEffect(() => setText(filter ?? ""), [filter]);
  const offered = open ? completions(text, columns, valuesOf) : [];
  const type = (typed: string) => {
    setText(typed);
    setActive(-1);
    setOpen(true);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setOpen(false);
    onFilter(text.trim() || undefined);
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      const count = offered.length + 1;
      setActive((old) => ((old + 1 + step + count) % count) - 1);
    } else if (event.key === "Escape") {
      setOpen(false);
    } else if ((event.key === "Enter" || event.key === "Tab") && offered[active]) {
      event.preventDefault();
      type(offered[active].text);
    }
  };
  return (
    <form className="runs-filter" role="search" onSubmit={submit}>
      <input
        role="combobox"
        aria-label="Filter runs"
        aria-expanded={offered.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
        aria-invalid={error !== null}
        autoComplete="off"
        spellCheck={false}
        placeholder="parameters.lr < 0.1 and status = succeeded"
        value={text}
        onChange={(event) => type(event.target.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={move}
      />
      <button type="submit">Filter</button>
      {filter !== undefined && (
        <button type="button" onClick={() => onFilter(undefined)}>
          Clear
        </button>
      )}
      <ul id={list} role="listbox" aria-label="Completions" className="completions" hidden={offered.length === 0}>
        {offered.map(({ label, text: whole }, index) => (
          <li
            key={label}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              type(whole);
            }}
          >
            {label}
          </li>
        ))}
      </ul>
    </form>
  );
}

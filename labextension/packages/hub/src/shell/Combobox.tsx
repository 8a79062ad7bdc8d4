import { useId, useState, type InputHTMLAttributes, type KeyboardEvent } from "react";

/** Something that can be chosen. */
export interface Choice {
  readonly label: string;
  readonly value: string;
}

interface ComboboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "list" | "onChange" | "value"> {
  /** What the list is called. */
  readonly list: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  /** Whether a choice is all there is to say: then the list closes, else the next ones follow. */
  readonly closes?: boolean;
  /** Keys, besides Enter, that take the marked choice. */
  readonly takenBy?: readonly string[];
  readonly onChange: (value: string) => void;
}

/** A field with what can be put into it, by keyboard and mouse; see the combobox pattern of WAI-ARIA. */
export function Combobox({ list: name, value, choices, closes = false, takenBy = [], onChange, ...rest }: ComboboxProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const list = useId();
  const offered = open ? choices : [];
  const marked = offered[active];
  const type = (typed: string, more = true) => {
    onChange(typed);
    setActive(-1);
    setOpen(more);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      const count = offered.length + 1;
      setActive((old) => ((old + 1 + step + count) % count) - 1);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setOpen(false);
    } else if (marked !== undefined && ["Enter", ...takenBy].includes(event.key)) {
      event.preventDefault();
      type(marked.value, !closes);
    } else if (event.key === "Enter") {
      setOpen(false);
    }
  };
  return (
    <>
      <input
        {...rest}
        role="combobox"
        aria-expanded={offered.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={marked === undefined ? undefined : `${list}-${active}`}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => type(event.target.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      <ul id={list} role="listbox" aria-label={name} className="completions" hidden={offered.length === 0}>
        {offered.map((choice, index) => (
          <li
            key={choice.label}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              type(choice.value, !closes);
            }}
          >
            {choice.label}
          </li>
        ))}
      </ul>
    </>
  );
}

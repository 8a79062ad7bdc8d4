import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState, type KeyboardEvent } from "react";

import { usersQuery } from "./queries";

const PAUSE = 200;

interface UserBoxProps {
  readonly label: string;
  readonly value: string;
  /** Who is not offered. */
  readonly without: readonly string[];
  readonly onChange: (name: string) => void;
}

/** A user's name, with those that the hub knows as it is typed. */
export function UserBox({ label, value, without, onChange }: UserBoxProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const list = useId();
  const asked = useSettled(value.trim());
  const found = useQuery({ ...usersQuery(asked), enabled: open && asked.length >= 2, placeholderData: keepPreviousData });
  const known = value.trim().length >= 2 ? (found.data ?? []) : [];
  const offered = open ? known.filter((name) => !without.includes(name) && name !== value) : [];
  const choose = (name: string) => {
    onChange(name);
    setOpen(false);
    setActive(-1);
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
    } else if (event.key === "Enter" && offered[active] !== undefined) {
      event.preventDefault();
      choose(offered[active]);
    }
  };
  return (
    <span className="user-box">
      <input
        role="combobox"
        aria-label={label}
        aria-expanded={offered.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={offered[active] === undefined ? undefined : `${list}-${active}`}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder="User name"
        required
        maxLength={255}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setActive(-1);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      <ul id={list} role="listbox" aria-label="Users" className="completions" hidden={offered.length === 0}>
        {offered.map((name, index) => (
          <li
            key={name}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              choose(name);
            }}
          >
            {name}
          </li>
        ))}
      </ul>
    </span>
  );
}

/** A text once it has not changed for a moment: not each letter is a question to the hub. */
function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Combobox } from "../shell/Combobox";
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
  const asked = useSettled(value.trim());
  const found = useQuery({ ...usersQuery(asked), enabled: asked.length >= 2, placeholderData: keepPreviousData });
  const known = value.trim().length >= 2 ? (found.data ?? []) : [];
  const offered = known.filter((name) => !without.includes(name) && name !== value);
  return (
    <span className="user-box">
      <Combobox
        aria-label={label}
        list="Users"
        autoCapitalize="none"
        placeholder="User name"
        required
        maxLength={255}
        value={value}
        choices={offered.map((name) => ({ label: name, value: name }))}
        closes
        onChange={onChange}
      />
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

import type { ReactNode } from "react";

/** Names and values; what has no value is left out. */
export function Facts({ facts }: { readonly facts: Readonly<Record<string, ReactNode>> }): JSX.Element {
  const known = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <dl className="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

import { useState, type ReactNode } from "react";

const SHOWN = 10;

/** Names and values, side by side; nothing at all when there are none. */
export function Values({ title, values }: { readonly title: string; readonly values: Readonly<Record<string, string>> }): JSX.Element | null {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return (
    <section className="ds-values">
      <h4>{title}</h4>
      <Clamped
        items={entries.map(([name, value]) => (
          <div key={name}>
            <dt title={name}>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
        as="dl"
      />
    </section>
  );
}

/** Paths, one a line; nothing at all when there are none. */
export function Files({ title, files, onOpen }: { readonly title: string; readonly files: readonly string[]; readonly onOpen?: (path: string) => void }): JSX.Element | null {
  if (files.length === 0) return null;
  return (
    <section className="ds-files">
      <h4>{title}</h4>
      <Clamped as="ul" items={files.map((file) => <File key={file} file={file} onOpen={onOpen} />)} />
    </section>
  );
}

function File({ file, onOpen }: { readonly file: string; readonly onOpen?: (path: string) => void }): JSX.Element {
  const [path, version] = split(file);
  return (
    <li title={file}>
      {onOpen ? (
        <button type="button" className="ds-link" onClick={() => onOpen(path)}>
          {path}
        </button>
      ) : (
        path
      )}
      {version && <span className="ds-version">@{version.slice(0, 7)}</span>}
    </li>
  );
}

/** `path@commit` in its two parts; an `@` of the path's own stays there. */
export function split(file: string): readonly [path: string, version: string | undefined] {
  const found = /^(.*)@([0-9a-f]{40})$/s.exec(file);
  return found ? [found[1]!, found[2]] : [file, undefined];
}

/** The first ten of a list, and a button for the others. */
export function Clamped({ items, as: List }: { readonly items: readonly ReactNode[]; readonly as: "ul" | "dl" }): JSX.Element {
  const [all, showAll] = useState(false);
  const hidden = items.length - SHOWN;
  return (
    <>
      <List>{all ? items : items.slice(0, SHOWN)}</List>
      {hidden > 0 && !all && (
        <button type="button" className="ds-link" onClick={() => showAll(true)}>
          … and {hidden} more
        </button>
      )}
    </>
  );
}

import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { pageOf } from "../files/place";
import { Command } from "../shell/Command";

/** How to come here with something to look at. */
export function NoStart({ project }: { readonly project: string }): JSX.Element {
  const navigate = useNavigate();
  const [path, setPath] = useState("");
  const [at, setAt] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: ".", search: { path: path.trim(), ...(at.trim() && { at: at.trim() }) } as never });
  };
  const place = { kind: "project", id: project } as const;
  return (
    <section className="empty">
      <p>
        See what a file comes from, and what became of it: name one, or come from a <Link to={pageOf(place, "runs")}>run</Link> or a{" "}
        <Link to={pageOf(place, "files")}>file</Link>.
      </p>
      <form className="inline" onSubmit={submit}>
        <input aria-label="Path of a file" placeholder="model.pkl" required value={path} onChange={({ target }) => setPath(target.value)} />
        <input aria-label="Version" placeholder="main, or a commit" value={at} onChange={({ target }) => setAt(target.value)} />
        <button type="submit" disabled={path.trim() === ""}>
          Look
        </button>
      </form>
      <p>Nothing recorded yet? A run that names what it reads and writes is enough:</p>
      <Command>{`ds run -p ${project} -u . -- python train.py`}</Command>
    </section>
  );
}

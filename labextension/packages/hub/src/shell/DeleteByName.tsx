import { useState } from "react";

import { Dialog } from "./Dialog";

interface DeleteProps {
  /** What it is, such as "project". */
  readonly noun: string;
  readonly name: string;
  /** What goes with it. */
  readonly consequence: string;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onDelete: () => void;
}

/** Deletes a thing for ever, once its name was typed. */
export function DeleteByName({ noun, name, consequence, busy, error, onDelete }: DeleteProps): JSX.Element {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  return (
    <>
      <h2>Delete</h2>
      <p>{consequence} There is no undelete.</p>
      <button type="button" className="danger" onClick={() => setAsking(true)}>
        Delete this {noun}
      </button>
      {asking && (
        <Dialog
          title={`Delete ${name}?`}
          action="Delete for ever"
          busy={busy}
          error={error}
          ready={typed === name}
          onAct={onDelete}
          onClose={() => setAsking(false)}
        >
          <label>
            Type its name to confirm
            <input autoFocus autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
        </Dialog>
      )}
    </>
  );
}

import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";

import { Problems } from "./Failure";

interface DialogProps {
  readonly title: string;
  /** What the button that does it says. */
  readonly action: string;
  readonly busy: boolean;
  readonly error: Error | null;
  /** Whether it may be done now. */
  readonly ready?: boolean;
  readonly onAct: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before something is done. The browser keeps the keyboard in it, and Escape closes it. */
export function Dialog({ title, action, busy, error, ready = true, onAct, onClose, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const act = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !busy) onAct();
  };
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <form onSubmit={act}>
        <h2 id={heading}>{title}</h2>
        {children}
        <Problems of={error} />
        <p className="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={!ready || busy}>
            {action}
          </button>
        </p>
      </form>
    </dialog>
  );
}

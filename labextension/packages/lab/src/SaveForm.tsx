import { useState, type FormEvent } from 'react';

/** One line to say what a version is about, and a button that makes it. */
export function SaveForm({ onSave }: { readonly onSave: (message: string) => Promise<void> }): JSX.Element {
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSave(message.trim());
      setMessage('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="ds-save" onSubmit={event => void submit(event)}>
      <input
        aria-label="What this version is about"
        placeholder="What this version is about"
        maxLength={10_000}
        value={message}
        onChange={event => setMessage(event.target.value)}
      />
      <button type="submit" disabled={busy}>
        Save a version
      </button>
    </form>
  );
}

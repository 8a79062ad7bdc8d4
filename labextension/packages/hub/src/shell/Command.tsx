import { useState } from "react";

/** A command to type, with a button that copies it. */
export function Command({ children: command }: { readonly children: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <div className="command">
      <pre tabIndex={0}>
        <code>{command}</code>
      </pre>
      {/* Pages that came without TLS from elsewhere than this machine may not use the clipboard. */}
      {"clipboard" in navigator && (
        <button type="button" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
      )}
    </div>
  );
}

import { useEffect, useRef, type ReactNode } from "react";

interface MenuProps {
  readonly label: string;
  readonly children: ReactNode;
}

/** What a button unfolds; it folds with Escape and with a press elsewhere. */
export function Menu({ label, children }: MenuProps): JSX.Element {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const elsewhere = ({ target }: PointerEvent) => {
      if (place.current?.open && !place.current.contains(target as Node)) place.current.open = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, []);
  return (
    <details
      ref={place}
      className="menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !place.current?.open) return;
        place.current.open = false;
        place.current.querySelector("summary")?.focus();
      }}
    >
      <summary>{label}</summary>
      <div className="menu-body">{children}</div>
    </details>
  );
}
